package format

import (
	"bytes"
	"fmt"
	"strings"

	yaml "go.yaml.in/yaml/v4"

	"assay/faults"
)

// RenderTimeline prints the faults of one run as they were applied: a concrete
// timeline that a scenario's faults can be replaced by. What was skipped stands
// there as a comment.
func RenderTimeline(records []faults.Record) []byte {
	var applied []faults.Spec
	var skipped strings.Builder
	for _, r := range records {
		if r.Outcome == faults.Skipped {
			fmt.Fprintf(&skipped, "# %s %s at %s: skipped, %s\n", r.Spec.ID, r.Spec.Kind, r.Start, r.Reason)
			continue
		}
		applied = append(applied, r.Spec)
	}
	if len(applied) == 0 {
		return []byte(skipped.String() + "timeline: []\n")
	}
	root := &node{kind: mapNode, entries: []entry{{key: "timeline", value: timelineCodec.write(applied)}}}
	var text bytes.Buffer
	text.WriteString(skipped.String())
	dumper, err := yaml.NewDumper(&text, yaml.WithIndent(2), yaml.WithLineWidth(-1))
	if err == nil {
		err = dumper.Dump(root.yaml())
	}
	if err == nil {
		err = dumper.Close()
	}
	if err != nil {
		panic(fmt.Sprintf("format: printing a timeline: %v", err))
	}
	return text.Bytes()
}
