package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"assay/scenarios/campaign"
)

func checkCommand(s streams) *cobra.Command {
	var flags settings
	c := &cobra.Command{
		Use:   "check FILE...",
		Short: "Check scenario files without running them",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, names []string) error {
			if err := flags.check(); err != nil {
				return err
			}
			return checkFiles(s, &flags, names)
		},
	}
	flags.registerReading(c)
	return c
}

func checkFiles(s streams, flags *settings, names []string) error {
	var worst error
	for _, name := range names {
		file, err := load(s, flags, name)
		if err == nil {
			err = campaignError(campaign.New(file).Check())
		}
		if err != nil {
			worst = worseError(s, worst, err)
			continue
		}
		variants, runs := file.Expand(), 0
		for _, v := range variants {
			runs += len(v.Scenario.Seeds.All())
		}
		fmt.Fprintf(s.out, "%s: ok, %s, %s, %s\n", name, quantity(len(file.Base.Claims), "claim"),
			quantity(len(variants), "variant"), quantity(runs, "run"))
	}
	return worst
}
