package main

import (
	"path"
	"strings"

	"github.com/spf13/cobra"

	"assay/scenarios"
)

// shells are those that completion knows.
var shells = []string{"bash", "zsh", "fish", "powershell"}

func completionCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print a shell's completion script",
		Long: `Prints the script that completes assay's commands, flags and scenarios.

  bash        source <(assay completion bash)
  zsh         assay completion zsh > "${fpath[1]}/_assay"
  fish        assay completion fish > ~/.config/fish/completions/assay.fish
  powershell  assay completion powershell | Out-String | Invoke-Expression`,
		Args:      cobra.ExactArgs(1),
		ValidArgs: shells,
		RunE: func(c *cobra.Command, args []string) error {
			write := map[string]func() error{
				"bash":       func() error { return c.Root().GenBashCompletionV2(s.out, true) },
				"zsh":        func() error { return c.Root().GenZshCompletion(s.out) },
				"fish":       func() error { return c.Root().GenFishCompletion(s.out, true) },
				"powershell": func() error { return c.Root().GenPowerShellCompletionWithDesc(s.out) },
			}[args[0]]
			if write == nil {
				return exit(exitUsage, "completion takes %s, not %q%s", strings.Join(shells, ", "), args[0], didYouMean(args[0], shells))
			}
			return write()
		},
	}
}

// completeScenarios offers the shipped scenarios; the shell adds the files that are there.
func completeScenarios(_ *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, entry := range scenarios.List() {
		names = append(names, path.Base(entry.Name)+"\t"+entry.About)
	}
	return names, cobra.ShellCompDirectiveDefault
}

// completeTopics offers everything that explain knows.
func completeTopics(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, kind := range topicKinds() {
		for _, t := range topics[kind]() {
			names = append(names, t.name+"\t"+t.about)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeArguments tells the commands under root what their arguments may be.
func completeArguments(root *cobra.Command) {
	takeScenarios := []string{"run", "check", "hunt", "replay", "shrink", "bench"}
	for _, c := range root.Commands() {
		for _, name := range takeScenarios {
			if c.Name() == name {
				c.ValidArgsFunction = completeScenarios
			}
		}
		if c.Name() == "explain" {
			c.ValidArgsFunction = completeTopics
		}
	}
}
