package main

import (
	"github.com/spf13/cobra"

	"assay/scenarios/format"
)

func huntCommand(s streams) *cobra.Command {
	var flags settings
	count := 1000
	c := &cobra.Command{
		Use:   "hunt FILE",
		Short: "Look for violations over many seeds, on all cores",
		Long: `Runs a scenario over many seeds instead of those it names: --count of them from
its first on, or from --from. With --fail-fast it stops at the first violation of
a claim that should hold.`,
		Args: cobra.ExactArgs(1),
	}
	flags.register(c)
	c.Flags().IntVar(&count, "count", count, "how many seeds")
	var from string
	c.Flags().StringVar(&from, "from", "", "the first seed (default: the scenario's)")
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := flags.check(); err != nil {
			return err
		}
		if count < 1 || count > maxSeeds {
			return exit(exitUsage, "--count takes 1 to %d", maxSeeds)
		}
		file, err := load(s, args[0], flags.set)
		if err != nil {
			return err
		}
		base := file.Base.Seeds.All()[0]
		if from != "" {
			if base, err = format.ParseSeed(from); err != nil {
				return exit(exitUsage, "--from %s: %w", from, err)
			}
		}
		j := job{streams: s, flags: &flags, name: args[0], file: file, folder: flags.out}
		if flags.seed == "" && flags.seeds == "" {
			j.seeds = format.Seeds{Base: base, Count: count}
		}
		code, err := j.run(c.Context())
		if err == nil && code != exitExpected {
			err = &exitError{code: code}
		}
		return err
	}
	return c
}
