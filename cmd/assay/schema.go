package main

import (
	"github.com/spf13/cobra"

	"assay/scenarios/format"
)

func schemaCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of scenario files, for editors",
		Long: `Prints the JSON Schema (draft-07) of scenario files. Editors complete and check a
scenario that names it in its first line:

  # yaml-language-server: $schema=./scenario-v1.json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if _, err := s.out.Write(format.Schema()); err != nil {
				return exit(exitInternal, "writing the schema: %w", err)
			}
			return nil
		},
	}
}
