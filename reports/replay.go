package reports

import (
	"strings"

	"assay/scenarios/result"
)

// baseVariant is the one that replay takes unless told otherwise.
const baseVariant = "base"

// insideFolder is the target of replay commands in a run folder's own files:
// they are to be run there, so that the files do not depend on the folder's place.
const insideFolder = "."

// ReplayCommand is the command that shows one run again. The target is a run
// folder or a scenario's file or name; an empty variant means base. set are the
// overrides that the run had beside what the target says.
func ReplayCommand(target, variant string, seed uint64, set ...string) string {
	command := "assay replay " + shellWord(target) + " --seed " + seedText(seed)
	if variant != "" && variant != baseVariant {
		command += " --variant " + shellWord(variant)
	}
	for _, override := range set {
		command += " --set " + shellWord(override)
	}
	return command
}

// ReplayFailure is the command that shows a result's weightiest failure, or ""
// if there is none that a seed can show.
func ReplayFailure(r result.Result, target string, set ...string) string {
	failure, failed := shown(r)
	if !failed {
		return ""
	}
	return ReplayCommand(target, failure.Variant, failure.Seed, set...)
}

// shellWord quotes a word for a POSIX shell, if it must be.
func shellWord(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:@%+,=", r)
	}
	if word != "" && strings.TrimFunc(word, plain) == "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
