package reports

import (
	"slices"

	"assay/scenarios/result"
)

// deliveryTable is the delivery matrix of all variants: what damage which kinds
// of faults explain.
type deliveryTable struct {
	Classes []string // columns
	Groups  []deliveryGroup
}

// deliveryGroup is the rows of one variant.
type deliveryGroup struct {
	Variant string
	Rows    []deliveryRow
}

type deliveryRow struct {
	Fault, Applied string
	Cells          []deliveryCell
	Total          bool
}

// deliveryCell is a number, or a dash where no claim looks for such damage.
type deliveryCell struct {
	Text string
	Some bool
}

// deliveryAbout is what a reader must know to read the table.
const deliveryAbout = "Places of the logs with damaged records, over all seeds. A record stands in the row of each kind of fault that explains it, and once in all; a dash: no claim of the variant looks for it."

var deliveryRows = map[string]string{result.AllFaults: "all", result.NoFault: "no fault", result.LeftOut: "none: left out on purpose", result.Unattributed: "not attributed (too many)"}

// delivery makes the table; nil if no claim of any variant looks for damage.
func (run Run) delivery() *deliveryTable {
	t := &deliveryTable{Classes: []string{result.Lost, result.Duplicated, result.Reordered, result.Torn}}
	for _, v := range run.Result.Variants {
		for _, d := range v.Delivery {
			if _, judged := d.Records[result.Zombie]; judged && !slices.Contains(t.Classes, result.Zombie) {
				t.Classes = append(t.Classes, result.Zombie)
			}
		}
	}
	for _, v := range run.Result.Variants {
		if len(v.Delivery) == 0 {
			continue
		}
		group := deliveryGroup{Variant: v.Name}
		for _, d := range v.Delivery {
			group.Rows = append(group.Rows, t.row(d, len(v.Seeds)))
		}
		t.Groups = append(t.Groups, group)
	}
	if len(t.Groups) == 0 {
		return nil
	}
	return t
}

func (t *deliveryTable) row(d result.Delivery, seeds int) deliveryRow {
	row := deliveryRow{Fault: d.Fault, Applied: grouped(d.Applied) + " in " + share(d.Seeds, seeds), Total: d.Fault == result.AllFaults}
	if name, special := deliveryRows[d.Fault]; special {
		row.Fault, row.Applied = name, "-"
		if row.Total {
			row.Applied = grouped(d.Applied) + " in " + plural(seeds, "seed")
		}
	}
	for _, class := range t.Classes {
		cell := deliveryCell{Text: "-"}
		if n, judged := d.Records[class]; judged {
			cell = deliveryCell{grouped(n), n > 0}
		}
		row.Cells = append(row.Cells, cell)
	}
	return row
}
