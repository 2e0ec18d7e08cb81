package runfolder

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

// Setting is one value in which two resolved scenarios differ, by its JSON pointer.
type Setting struct {
	Pointer string `json:"pointer"`
	Base    string `json:"base"` // "" where it is missing, as for New
	New     string `json:"new"`
}

// String tells the difference in words.
func (s Setting) String() string {
	word := func(text string) string {
		if text == "" {
			return "nothing"
		}
		return text
	}
	return fmt.Sprintf("%s: %s, then %s", s.Pointer, word(s.Base), word(s.New))
}

// Settings lists in what two resolved scenarios differ, in the order of their
// pointers. Seeds are left out.
func Settings(base, new []byte) []Setting {
	one, other := flattened(base), flattened(new)
	all := maps.Clone(one)
	maps.Copy(all, other)
	var differences []Setting
	for _, pointer := range slices.Sorted(maps.Keys(all)) {
		if one[pointer] != other[pointer] && pointer != "/seeds" && !strings.HasPrefix(pointer, "/seeds/") {
			differences = append(differences, Setting{pointer, one[pointer], other[pointer]})
		}
	}
	return differences
}

// flattened lists the values of a scenario by their pointers.
func flattened(text []byte) map[string]string {
	var root yaml.Node
	values := map[string]string{}
	if err := yaml.Unmarshal(text, &root); err != nil || len(root.Content) == 0 {
		return values // it was written by format.Render: there is no such case
	}
	flatten("", root.Content[0], values)
	return values
}

var escapePointer = strings.NewReplacer("~", "~0", "/", "~1")

func flatten(pointer string, n *yaml.Node, values map[string]string) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			flatten(pointer+"/"+escapePointer.Replace(n.Content[i].Value), n.Content[i+1], values)
		}
	case yaml.SequenceNode:
		for i, item := range n.Content {
			flatten(pointer+"/"+strconv.Itoa(i), item, values)
		}
	default:
		values[pointer] = n.Value
		if n.Value == "" {
			values[pointer] = `""`
		}
	}
}
