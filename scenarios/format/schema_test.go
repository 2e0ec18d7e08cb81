package format

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	yaml "go.yaml.in/yaml/v4"
)

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("scenario-v1.json", document))
	schema, err := compiler.Compile("scenario-v1.json")
	require.NoError(t, err)
	return schema
}

// asEditorsSee reads a file without our own reader.
func asEditorsSee(t *testing.T, text []byte) any {
	t.Helper()
	var value any
	require.NoError(t, yaml.Unmarshal(text, &value))
	return value
}

// Editors use the copy beside the shipped scenarios: # yaml-language-server: $schema=./scenario-v1.json
func TestSchemaIsWrittenDown(t *testing.T) {
	require.Equal(t, string(Schema()), string(Schema()))
	requireGolden(t, "../scenario-v1.json", string(Schema()))
}

func TestEveryScenarioPassesTheSchema(t *testing.T) {
	schema := compiledSchema(t)
	checked := 0
	for _, pattern := range []string{"../*.yaml", "../museum/*.yaml", "../../testdata/hunts/*.yaml", "../../testdata/regressions/*.yaml", "testdata/right/*"} {
		names, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, name := range names {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			require.NoError(t, schema.Validate(asEditorsSee(t, text)), name)
			checked++
		}
	}
	require.Greater(t, checked, 15)
}

// What the schema refuses, Load refuses, too; the schema knows the form and not the meaning, so that the reverse holds
// for the first kind of mistake only.
func TestSchemaRefusesWrongForms(t *testing.T) {
	schema := compiledSchema(t)
	for _, name := range []string{
		"claims", "cost-profile", "distributions", "fault-kinds", "kafka-unknown-key", "keys-and-values", "missing-fields", "missing-units",
		"missing-version", "not-a-map", "not-built", "report", "require", "seeds", "thresholds", "unknown-field",
		"unknown-section", "wrong-types", "wrong-units", "wrong-version",
	} {
		text, err := os.ReadFile("testdata/wrong/" + name + ".yaml")
		require.NoError(t, err)
		require.Error(t, schema.Validate(asEditorsSee(t, text)), name)
	}
	names, err := filepath.Glob("testdata/wrong/*.yaml")
	require.NoError(t, err)
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		var value any
		if yaml.Unmarshal(text, &value) != nil || schema.Validate(value) == nil {
			continue
		}
		file, _ := loadFile(t, name)
		require.Nil(t, file, "%s loads, and the schema refuses it: %v", name, schema.Validate(value))
	}
}

func TestSchemaTakesWhatStandsOnTopOfAnotherFile(t *testing.T) {
	schema := compiledSchema(t)
	right := `{version: 1, extends: orders, workload: {producers: {web: {rate: 5/s, keys: {theta: 0.5}}, api: null}}, faults: null}`
	require.NoError(t, schema.Validate(asEditorsSee(t, []byte(right))))
	require.Error(t, schema.Validate(asEditorsSee(t, []byte(strings.Replace(right, "extends: orders, ", "", 1)))))
	require.Error(t, schema.Validate(asEditorsSee(t, []byte(strings.Replace(right, "5/s", "5", 1)))))
	require.Error(t, schema.Validate(asEditorsSee(t, []byte(strings.Replace(right, "theta", "tetha", 1)))))
}

// Every key of Kafka is there, so that an editor completes and explains it.
func TestSchemaExplainsKafkasKeys(t *testing.T) {
	schema := compiledSchema(t)
	with := func(config string) error {
		return schema.Validate(asEditorsSee(t, []byte(strings.Replace(small, "rate: 100/s", "rate: 100/s, config: "+config, 1))))
	}
	require.NoError(t, with("{acks: 1, linger.ms: 0, enable.idempotence: false, compression.type: zstd, batch.size: '100', security.protocol: PLAINTEXT}"))
	require.NoError(t, with("{acks: all, linger.ms: null}"))
	for _, wrong := range []string{"{acks: 2}", "{linger: 5}", "{linger.ms: soon}", "{linger.ms: -1}", "{enable.idempotence: maybe}", "{compression.type: brotli}", "{acks: [all, 1]}", "[acks]"} {
		require.Error(t, with(wrong), wrong)
	}
	require.Contains(t, string(Schema()), `"description": "How long a batch that is not full waits for more records. Takes a whole number of milliseconds from 0 to 9223372036854775807. Default: \"5\"."`)
}
