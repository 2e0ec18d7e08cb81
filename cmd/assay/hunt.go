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
		file, err := load(s, &flags, args[0])
		if err != nil {
			return err
		}
		if flags.seed == "" && flags.seeds == "" {
			if flags.hunted, err = hunted(file, from, count); err != nil {
				return err
			}
		}
		return runFiles(c.Context(), s, &flags, args, []*format.File{file})
	}
	return c
}

// hunted are the seeds of a hunt.
func hunted(file *format.File, from string, count int) (format.Seeds, error) {
	seeds := format.Seeds{Base: file.Base.Seeds.All()[0], Count: count}
	if from != "" {
		var err error
		if seeds.Base, err = format.ParseSeed(from); err != nil {
			return seeds, exit(exitUsage, "--from %s: %w", from, err)
		}
	}
	return seeds, nil
}
