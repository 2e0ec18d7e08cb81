package reports

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"assay/scenarios/result"
)

// JUnit writes junit.xml: a suite for each variant, a case for each claim,
// unmet requirement and crossed threshold. An unexpected verdict is a failure;
// what is inconclusive is an error, because it must not look like success. There
// are no times: they would differ from run to run.
//
// Several scenarios make one document, with the suites of all.
func JUnit(runs ...Run) []byte {
	var suites []junitSuite
	name := "assay"
	for _, run := range runs {
		suites = append(suites, run.junitSuites()...)
	}
	if len(runs) == 1 {
		name = runs[0].Result.Scenario
	}
	return junitDocument(name, suites)
}

func (run Run) junitSuites() []junitSuite {
	suites := make([]junitSuite, 0, len(run.Result.Variants)+1)
	for _, variant := range run.Result.Variants {
		suites = append(suites, run.junitVariant(variant))
	}
	// What was cut short must not look like success. An unexpected verdict has
	// its own case already.
	if run.Result.Stopped != "" && run.Result.Outcome != result.Unexpected {
		suites = append(suites, junitSuite{name: run.Result.Scenario, cases: []junitCase{{
			class: run.Result.Scenario, name: "run to the end",
			kind: "error", problem: string(run.Result.Outcome), message: verdictLine(run.Result),
		}}})
	}
	return suites
}

type junitSuite struct {
	name  string
	cases []junitCase
}

// junitCase is a test case; kind is "failure", "error" or "" for a success.
type junitCase struct {
	class, name            string
	kind, problem, message string
	details, out           string
}

func (s junitSuite) count(kind string) int {
	n := 0
	for _, c := range s.cases {
		if c.kind == kind {
			n++
		}
	}
	return n
}

func (run Run) junitVariant(v result.Variant) junitSuite {
	name := run.Result.Scenario + "." + v.Name
	suite := junitSuite{name: name}
	for _, claim := range v.Claims {
		suite.cases = append(suite.cases, run.junitClaim(name, v, claim))
	}
	replay := ""
	if len(v.Seeds) > 0 {
		replay = ReplayCommand(insideFolder, v.Name, parseSeed(v.Seeds[0]))
	}
	for _, text := range v.Unmet {
		suite.cases = append(suite.cases, junitCase{class: name, name: "require " + condition(text),
			kind: "error", problem: "inconclusive", message: "not met: " + text, details: replay})
	}
	for _, text := range v.Crossed {
		suite.cases = append(suite.cases, junitCase{class: name, name: "threshold " + condition(text),
			kind: "failure", problem: "threshold", message: "does not hold: " + text, details: replay})
	}
	return suite
}

// condition is what a shortfall's text says before its colon: a case keeps its
// name from run to run, whatever was measured.
func condition(text string) string {
	name, _, _ := strings.Cut(text, ":")
	return name
}

func (run Run) junitClaim(class string, v result.Variant, c result.Claim) junitCase {
	test := junitCase{class: class, name: c.Name}
	told := run.junitStory(v, c)
	switch c.Outcome {
	case string(result.Expected):
		test.out = told
		return test
	case string(result.Unexpected):
		test.kind, test.problem = "failure", "unexpected"
	default:
		test.kind, test.problem = "error", "inconclusive"
	}
	test.message = claimFailure(v, c)
	if c.Witness != nil {
		test.message += ": " + place(c.Witness)
	}
	test.details, test.out = told, told
	return test
}

// junitStory tells a claim's verdict, its witness and how to see it again.
func (run Run) junitStory(v result.Variant, c result.Claim) string {
	what := c.Name
	if c.Guarantee != c.Name {
		what += " (" + c.Guarantee + ")"
	}
	lines := []string{fmt.Sprintf("%s: %s, expected: %s, violated in %s", what, c.Verdict, c.Expect, share(c.Violating, len(v.Seeds)))}
	if c.Verdict == "holds" && c.Bound != "" {
		lines = append(lines, c.Bound)
	}
	if c.Reason != "" {
		lines = append(lines, c.Reason)
	}
	if w := c.Witness; w != nil {
		lines = append(lines, place(w), w.Sentence)
		if w.Damage != nil {
			lines = append(lines, "damage: "+tellDamage(w.Damage))
		}
		for i, o := range w.Operations {
			lines = append(lines, fmt.Sprintf("%d. %s to %s, %s: %s", i+1, fineInstant(o.Call), fineInstant(o.Return), o.Client, o.What))
		}
		lines = append(lines, run.explained(v, c)...)
	}
	switch {
	case c.FirstViolating != "":
		lines = append(lines, ReplayCommand(insideFolder, v.Name, parseSeed(c.FirstViolating)))
	case c.Outcome != string(result.Expected) && len(v.Seeds) > 0:
		lines = append(lines, ReplayCommand(insideFolder, v.Name, parseSeed(v.Seeds[0])))
	}
	return strings.Join(lines, "\n")
}

func junitDocument(name string, suites []junitSuite) []byte {
	var out bytes.Buffer
	all := junitSuite{}
	for _, s := range suites {
		all.cases = append(all.cases, s.cases...)
	}
	fmt.Fprintf(&out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites%s%s>\n", attribute("name", name), all.counts())
	for _, s := range suites {
		fmt.Fprintf(&out, "  <testsuite%s%s>\n", attribute("name", s.name), s.counts())
		for _, c := range s.cases {
			c.write(&out)
		}
		out.WriteString("  </testsuite>\n")
	}
	out.WriteString("</testsuites>\n")
	return out.Bytes()
}

func (s junitSuite) counts() string {
	return fmt.Sprintf(` tests="%d" failures="%d" errors="%d"`, len(s.cases), s.count("failure"), s.count("error"))
}

func (c junitCase) write(out *bytes.Buffer) {
	fmt.Fprintf(out, "    <testcase%s%s", attribute("classname", c.class), attribute("name", c.name))
	if c.kind == "" && c.out == "" {
		out.WriteString("/>\n")
		return
	}
	out.WriteString(">\n")
	if c.kind != "" {
		fmt.Fprintf(out, "      <%s%s%s>%s</%s>\n", c.kind, attribute("message", c.message), attribute("type", c.problem), escapeXML(c.details), c.kind)
	}
	if c.out != "" {
		fmt.Fprintf(out, "      <system-out>%s</system-out>\n", escapeXML(c.out))
	}
	out.WriteString("    </testcase>\n")
}

func attribute(name, value string) string {
	return " " + name + `="` + strings.ReplaceAll(escapeXML(value), "\n", "&#10;") + `"`
}

// escapeXML makes text safe between tags and in attributes. Characters that XML
// 1.0 has no way to write become U+FFFD.
func escapeXML(text string) string {
	var out strings.Builder
	for _, r := range text {
		switch {
		case r == '&':
			out.WriteString("&amp;")
		case r == '<':
			out.WriteString("&lt;")
		case r == '>':
			out.WriteString("&gt;")
		case r == '"':
			out.WriteString("&quot;")
		case r < 0x20 && r != '\n' && r != '\t', r >= 0x7f && r < 0xa0, r == 0xfffe, r == 0xffff:
			out.WriteRune(utf8.RuneError)
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}
