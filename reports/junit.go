package reports

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"assay/scenarios/result"
)

// JUnit writes junit.xml: a suite for each variant, with what was exercised and
// measured as its properties, and in it a case for each claim, unmet requirement
// and crossed threshold. An unexpected verdict or a crossed threshold is a
// failure; what is inconclusive is an error, because it must not look like
// success; a claim that nothing put to the test is skipped. Every time is 0: some
// readers need one, and a real one would differ from run to run.
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
	name       string
	properties [][2]string // names and values
	cases      []junitCase
}

// junitCase is a test case; kind is "failure", "error", "skipped" or "" for a success.
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
	suite := junitSuite{name: name, properties: run.junitProperties(v)}
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

// junitProperties are a variant's numbers.
func (run Run) junitProperties(v result.Variant) [][2]string {
	list := [][2]string{{"scenario", run.Result.Scenario}, {"variant", v.Name}, {"seeds", fmt.Sprint(len(v.Seeds))}}
	if len(v.Seeds) > 0 {
		list = append(list, [2]string{"first_seed", v.Seeds[0]})
	}
	for _, name := range slices.Sorted(maps.Keys(v.Exercise)) {
		list = append(list, [2]string{"exercise." + name, fmt.Sprint(v.Exercise[name])})
	}
	for _, name := range slices.Sorted(maps.Keys(v.Metrics)) {
		list = append(list, [2]string{"metric." + name, run.metric(name, v.Metrics[name])})
	}
	return list
}

// condition is what a shortfall's text says before its colon: a case keeps its
// name from run to run, whatever was measured.
func condition(text string) string {
	name, _, _ := strings.Cut(text, ":")
	return name
}

func (run Run) junitClaim(class string, v result.Variant, c result.Claim) junitCase {
	test := junitCase{class: class, name: c.Name}
	told := run.TellClaim(v, c, insideFolder)
	switch c.Outcome {
	case string(result.Expected):
		test.out = told
		if !c.Exercised && len(v.Seeds) > 0 {
			test.kind, test.message = "skipped", "nothing was there to judge"
		}
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

func junitDocument(name string, suites []junitSuite) []byte {
	var out bytes.Buffer
	all := junitSuite{}
	for _, s := range suites {
		all.cases = append(all.cases, s.cases...)
	}
	fmt.Fprintf(&out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites%s%s>\n", attribute("name", name), all.counts())
	for _, s := range suites {
		fmt.Fprintf(&out, "  <testsuite%s%s>\n", attribute("name", s.name), s.counts())
		if len(s.properties) > 0 {
			out.WriteString("    <properties>\n")
			for _, p := range s.properties {
				fmt.Fprintf(&out, "      <property%s%s/>\n", attribute("name", p[0]), attribute("value", p[1]))
			}
			out.WriteString("    </properties>\n")
		}
		for _, c := range s.cases {
			c.write(&out)
		}
		out.WriteString("  </testsuite>\n")
	}
	out.WriteString("</testsuites>\n")
	return out.Bytes()
}

func (s junitSuite) counts() string {
	return fmt.Sprintf(` tests="%d" failures="%d" errors="%d" skipped="%d" time="0"`, len(s.cases), s.count("failure"), s.count("error"), s.count("skipped"))
}

func (c junitCase) write(out *bytes.Buffer) {
	fmt.Fprintf(out, "    <testcase%s%s time=\"0\"", attribute("classname", c.class), attribute("name", c.name))
	if c.kind == "" && c.out == "" {
		out.WriteString("/>\n")
		return
	}
	out.WriteString(">\n")
	switch c.kind {
	case "":
	case "skipped": // its schema allows a message and nothing else
		fmt.Fprintf(out, "      <skipped%s/>\n", attribute("message", c.message))
	default:
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
