package format

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
)

// loadFrom loads a file of a made-up folder, beside a library of shipped scenarios.
func loadFrom(files map[string]string, name string, set ...string) (*File, Diagnostics) {
	folder, library := fstest.MapFS{}, fstest.MapFS{}
	for file, text := range files {
		if own, shipped := strings.CutPrefix(file, "library/"); shipped {
			library[own] = &fstest.MapFile{Data: []byte(text)}
		} else {
			folder[file] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	var shipped func(string) (Source, bool)
	shipped = func(name string) (Source, bool) {
		text, err := fs.ReadFile(library, name+".yaml")
		return Source{Name: name + ".yaml", Text: text, Data: library, Dir: ".", Shipped: shipped}, err == nil
	}
	dir := "."
	if at := strings.LastIndex(name, "/"); at >= 0 {
		dir = name[:at]
	}
	source := Source{Name: name, Text: []byte(files[name]), Data: folder, Dir: dir, Shipped: shipped}
	return Load(source, Options{Set: set})
}

const extended = `version: 1
name: base
about: What both teach.
topics: {orders: {partitions: 2, config: {min.insync.replicas: 2, segment.bytes: 2000000}}}
workload:
  duration: 10s
  producers:
    web: {topic: orders, rate: 100/s, value: {file: data/a.txt}, config: {acks: all}}
    api: {topic: orders, rate: 1/s}
faults: {timeline: [{at: 1s, kind: kill, target: one, duration: 1s}]}
claims: {no-loss: {}, no-duplicates: {}}
variants:
  other: {set: {/workload/producers/api/value: {file: data/b.txt}, /faults: null}, expect: {no-duplicates: violated}}
`

func TestExtendsMergesMapsAndReplacesTheRest(t *testing.T) {
	file, diagnostics := loadFrom(map[string]string{
		"base/base.yaml": extended, "base/data/a.txt": "a\n", "base/data/b.txt": "b\n", "own.txt": "own\n",
		"middle/m.yaml": "extends: ../base/base.yaml\nversion: 1\nworkload: {duration: 20s, warmup: 1s}\nclaims: {no-duplicates: null}\nvariants: {other: {expect: null}}\n",
		"mine.yaml": `version: 1
extends: middle/m.yaml
topics: {orders: {config: {segment.bytes: null}}, more: {}}
workload: {warmup: null, producers: {api: null, web: {rate: 7/s}, new: {topic: more, rate: 1/s, value: {file: own.txt}}}}
faults: {timeline: [{at: 2s, kind: pause, target: one, duration: 3s}]}
variants: {other: {set: {/workload/producers/api/value: null, /workload/producers/web/value: {file: own.txt}}}}
`,
	}, "mine.yaml")
	require.NotNil(t, file, diagnostics.String())
	s := file.Base
	require.Equal(t, "mine", s.Name)
	require.Equal(t, "What both teach.", s.About)
	require.Equal(t, 20*time.Second, s.Workload.Duration)
	require.Zero(t, s.Workload.Warmup)
	require.Equal(t, map[string]string{"min.insync.replicas": "2"}, s.Topics[1].Config)
	require.Equal(t, []string{"new", "web"}, []string{s.Workload.Producers[0].Name, s.Workload.Producers[1].Name})
	require.Equal(t, Rate(7000), s.Workload.Producers[1].Rate)
	require.Equal(t, "all", s.Workload.Producers[1].Config["acks"])
	require.Len(t, s.Faults.Timeline, 1)
	require.Equal(t, 3*time.Second, s.Faults.Timeline[0].Duration)
	require.Len(t, s.Claims, 1)

	require.Equal(t, "base/data/a.txt", s.Workload.Producers[1].Value.File)
	require.Equal(t, "own.txt", s.Workload.Producers[0].Value.File)
	for name, want := range map[string]string{"base/data/a.txt": "a\n", "own.txt": "own\n"} {
		text, err := file.ReadData(name)
		require.NoError(t, err)
		require.Equal(t, want, string(text))
	}
	other := file.Expand()[1].Scenario
	require.Empty(t, other.Faults.Timeline)
	require.Equal(t, "own.txt", other.Workload.Producers[1].Value.File)
	require.NotContains(t, string(file.Resolve()), "extends")
	requireSame(t, file.Base, file.variants)
}

func TestExtendsAShippedScenario(t *testing.T) {
	files := map[string]string{
		"library/orders.yaml": extended, "library/data/a.txt": "shipped a\n", "library/data/b.txt": "shipped b\n",
		"library/more.yaml": "version: 1\nextends: orders.yaml\nworkload: {drain: 31s}\n",
		"mine.yaml":         "version: 1\nextends: more\nworkload: {producers: {api: {value: {file: data/a.txt}}}}\nvariants: null\n",
		"data/a.txt":        "my a\n",
	}
	file, diagnostics := loadFrom(files, "mine.yaml", "/workload/duration=5s")
	require.NotNil(t, file, diagnostics.String())
	require.Equal(t, 31*time.Second, file.Base.Workload.Drain)
	for i, want := range []string{"my a\n", "shipped a\n"} {
		text, err := file.ReadData(file.Base.Workload.Producers[i].Value.File)
		require.NoError(t, err)
		require.Equal(t, want, string(text))
	}
	// A file of that name goes before the shipped scenario.
	files["more"] = "version: 1\nextends: orders\nworkload: {drain: 32s}\n"
	file, diagnostics = loadFrom(files, "mine.yaml")
	require.NotNil(t, file, diagnostics.String())
	require.Equal(t, 32*time.Second, file.Base.Workload.Drain)
}

func TestExtendsErrors(t *testing.T) {
	for _, each := range []struct {
		name  string
		files map[string]string
		set   []string
		want  []string
	}{
		{"missing", map[string]string{"a/m.yaml": "version: 1\nextends: gone.yaml\n"}, nil,
			[]string{"a/m.yaml:2:10: error: cannot extend gone.yaml: there is no such file and no shipped scenario of that name"}},
		{"itself", map[string]string{"m.yaml": "extends: ./m.yaml\n"}, nil, []string{"m.yaml:1:10: error: m.yaml extends itself: m.yaml -> m.yaml"}},
		{"cycle", map[string]string{"m.yaml": "extends: x/a.yaml\n", "x/a.yaml": "about: a\nextends: b.yaml\n", "x/b.yaml": "extends: ../x/a.yaml\n"}, nil,
			[]string{"x/b.yaml:1:10: error: x/a.yaml extends itself: m.yaml -> x/a.yaml -> x/b.yaml -> x/a.yaml"}},
		{"shipped cycle", map[string]string{"m.yaml": "extends: s\n", "library/s.yaml": "extends: t\n", "library/t.yaml": "extends: s.yaml\n"}, nil,
			[]string{"t.yaml:1:10: error: s.yaml extends itself: m.yaml -> s.yaml -> t.yaml -> s.yaml"}},
		{"kind", map[string]string{"m.yaml": "extends: [a, b]\n"}, nil, []string{"m.yaml:1:10: error: extends must be a scenario file or the name of a shipped scenario, not a list"}},
		{"folder", map[string]string{"m.yaml": "extends: x\n", "x/a.yaml": ""}, nil, []string{"m.yaml:1:10: error: cannot extend x: it is a folder"}},
		{"large", map[string]string{"m.yaml": "extends: x.yaml\n", "x.yaml": strings.Repeat("#", MaxFileSize+1)}, nil, []string{"m.yaml:1:10: error: cannot extend x.yaml: the file has 4194305 bytes"}},
		{"list", map[string]string{"m.yaml": "extends: x.yaml\n", "x.yaml": "[]\n"}, nil, []string{"m.yaml:1:10: error: cannot extend x.yaml: it holds a list, not a scenario"}},
		{"syntax", map[string]string{"m.yaml": "extends: x.yaml\n", "x.yaml": "version: 1\n\tabout: a\n"}, nil, []string{"x.yaml:2:1: error: YAML: a tab cannot indent"}},
		{"from outside", map[string]string{"m.yaml": small, "x.yaml": small}, []string{"/extends=x.yaml"}, []string{"--set:1:1: error: extends stands in a scenario file"}},
		{"each at its place", map[string]string{
			"m.yaml":   "version: 1\nextends: d/x.yaml\nworkload: {producers: {web: {rate: 5}}}\n",
			"d/x.yaml": strings.Replace(small, "partitions: 2", "partitions: two", 1),
		}, nil, []string{"d/x.yaml:2:31: error: partitions must be a whole number", "m.yaml:3:36: error: rate must be max"}},
		{"fault of both", map[string]string{
			"m.yaml": "version: 1\nextends: x.yaml\ntopics: {orders: null, other: {}}\n", "x.yaml": small,
		}, nil, []string{`x.yaml:5:28: error: there is no topic "orders"`}},
	} {
		t.Run(each.name, func(t *testing.T) {
			name := "m.yaml"
			if each.files[name] == "" {
				name = "a/m.yaml"
			}
			file, diagnostics := loadFrom(each.files, name, each.set...)
			require.Nil(t, file)
			require.Len(t, diagnostics, len(each.want), diagnostics.String())
			for i, want := range each.want {
				require.True(t, strings.HasPrefix(diagnostics[i].String(), want), diagnostics.String())
				require.NotEmpty(t, diagnostics[i].SourceLine)
			}
		})
	}
	chain := map[string]string{"0.yaml": "extends: a.yaml\n"}
	for name := 'a'; name < 'z'; name++ {
		chain[string(name)+".yaml"] = "extends: " + string(name+1) + ".yaml\n"
	}
	_, diagnostics := loadFrom(chain, "0.yaml")
	require.Contains(t, diagnostics.String(), "more than 16 files extend one another")
}
