package format

import (
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/broker"
	"assay/checkers"
	"assay/clients"
)

// What the format calls built is what there is, no more and no less.
func TestBuiltGuaranteesHaveCheckers(t *testing.T) {
	var built, checked []string
	for _, g := range guarantees {
		if g.built {
			built = append(built, g.name)
		}
	}
	for _, d := range checkers.Guarantees {
		checked = append(checked, string(d.Guarantee))
		g, known := findGuarantee(string(d.Guarantee))
		require.True(t, known)
		require.Equal(t, string(d.Scope), string(g.scope), g.name)
	}
	slices.Sort(built)
	slices.Sort(checked)
	require.Equal(t, checked, built)
}

func TestBuiltFlawsHaveSwitches(t *testing.T) {
	built := []string{}
	for _, f := range flaws {
		if f.built {
			built = append(built, f.name)
		}
	}
	var switches []string
	for _, f := range clients.KnownFlaws {
		switches = append(switches, f.Name)
	}
	for _, f := range broker.KnownFlaws {
		switches = append(switches, f.Name)
	}
	slices.Sort(built)
	slices.Sort(switches)
	require.Equal(t, switches, built)
}

var fieldName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// Every field of the tables says what it is about, so that a schema made of them does, too.
func TestEveryFieldIsDescribed(t *testing.T) {
	fields := 0
	var visit func(Shape)
	visit = func(s Shape) {
		for _, f := range s.Fields {
			fields++
			require.Regexp(t, fieldName, f.Name)
			require.NotEmpty(t, f.About, f.Name)
			visit(f.Shape)
		}
		if s.Element != nil {
			visit(*s.Element)
		}
		for _, each := range s.Either {
			visit(each)
		}
		if s.Pattern != "" {
			_, err := regexp.Compile(s.Pattern)
			require.NoError(t, err)
		}
	}
	visit(Root())
	require.Greater(t, fields, 80)
}
