package reports

import (
	"fmt"
	"slices"
	"strings"

	"assay/scenarios/result"
)

// budgets are the fault budgets, from the smallest to none.
var budgets = []string{"one", "minority", "survivable", "unlimited"}

// toleranceRow says of one claim, on one set of settings, how much may fail at a
// time: the largest fault budget under which it held, and the smallest under
// which it was violated.
type toleranceRow struct {
	Claim, Settings string
	Holds, Breaks   string // a budget with its seeds, or "-"
}

// tolerance compares variants that differ in their fault budget alone. Without
// at least two of them there is no table.
func tolerance(r result.Result) []toleranceRow {
	var rows []toleranceRow
	for _, settings := range budgetSettings(r) {
		var alike []result.Variant
		for _, v := range r.Variants {
			if v.FaultBudget != "" && otherSettings(v) == settings {
				alike = append(alike, v)
			}
		}
		slices.SortStableFunc(alike, func(a, b result.Variant) int {
			return slices.Index(budgets, a.FaultBudget) - slices.Index(budgets, b.FaultBudget)
		})
		for _, name := range claimNames(r) {
			if row, judged := tolerated(alike, name); judged {
				row.Settings = settings
				rows = append(rows, row)
			}
		}
	}
	return rows
}

// budgetSettings are the sets of settings on which any variant is played, if
// some set is played under several budgets.
func budgetSettings(r result.Result) []string {
	played := map[string][]string{}
	var order []string
	for _, v := range r.Variants {
		if v.FaultBudget == "" {
			continue
		}
		settings := otherSettings(v)
		if played[settings] == nil {
			order = append(order, settings)
		}
		if !slices.Contains(played[settings], v.FaultBudget) {
			played[settings] = append(played[settings], v.FaultBudget)
		}
	}
	several := func(settings string) bool { return len(played[settings]) > 1 }
	if !slices.ContainsFunc(order, several) {
		return nil
	}
	return order
}

// otherSettings are what a variant overrides besides the budget, in one line.
func otherSettings(v result.Variant) string {
	var list []string
	for _, s := range v.Set {
		if s.Pointer != "/faults/random/budget" {
			list = append(list, s.Pointer[strings.LastIndexByte(s.Pointer, '/')+1:]+"="+s.Value)
		}
	}
	return strings.Join(list, ", ")
}

// tolerated looks at one claim over variants in the order of their budgets. What
// holds counts up to the first budget that breaks it.
func tolerated(alike []result.Variant, name string) (toleranceRow, bool) {
	row, judged := toleranceRow{Claim: name, Holds: "-", Breaks: "-"}, false
	for _, v := range alike {
		for _, c := range v.Claims {
			switch {
			case c.Name != name || c.Verdict == "inconclusive":
			case c.Verdict == "violated":
				row.Breaks = fmt.Sprintf("%s (%s)", v.FaultBudget, share(c.Violating, len(v.Seeds)))
				return row, true
			default:
				row.Holds, judged = fmt.Sprintf("%s (%s)", v.FaultBudget, share(c.Violating, len(v.Seeds))), true
			}
		}
	}
	return row, judged
}
