package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"assay/scenarios/campaign"
)

func checkCommand(s streams) *cobra.Command {
	var set []string
	c := &cobra.Command{
		Use:   "check FILE...",
		Short: "Check scenario files without running them",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, names []string) error {
			var bad error
			for _, name := range names {
				file, err := load(s, name, set)
				if err == nil {
					err = campaignError(campaign.New(file).Check())
				}
				if err != nil {
					bad = errors.Join(bad, err)
					continue
				}
				runs := 0
				for _, v := range file.Expand() {
					runs += len(v.Scenario.Seeds.All())
				}
				fmt.Fprintf(s.out, "%s: ok, %s, %s, %s\n", name, quantity(len(file.Base.Claims), "claim"),
					quantity(len(file.Expand()), "variant"), quantity(runs, "run"))
			}
			if bad != nil {
				return worst(bad)
			}
			return nil
		},
	}
	c.Flags().StringArrayVar(&set, "set", nil, "PTR=VALUE: change the scenario at a JSON pointer; VALUE is YAML")
	return c
}
