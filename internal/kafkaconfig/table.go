package kafkaconfig

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

//go:generate java -cp "$KAFKA_JARS/*" generate/ConfigKeys.java keys.tsv

//go:embed keys.tsv
var keysFile string

// table holds the keys of each kind, sorted by name; index finds a key's place in it.
var table, index = readTable(keysFile)

// Keys returns all keys of a kind, sorted by name. The caller must not change the slice.
func Keys(kind Kind) []Key { return table[kind] }

// Lookup returns the key of that kind and name.
func Lookup(kind Kind, name string) (Key, bool) {
	at, known := index[kind][name]
	if !known {
		return Key{}, false
	}
	return table[kind][at], true
}

// mustLookup is Lookup for names that our own code wrote: a wrong one is our bug.
func mustLookup(kind Kind, name string) Key {
	key, known := Lookup(kind, name)
	if !known {
		panic(fmt.Sprintf("kafkaconfig: no %s key %q", kind, name))
	}
	return key
}

func readTable(file string) (keys [len(kindNames)][]Key, places [len(kindNames)]map[string]int) {
	for line := range strings.Lines(file) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		key := readKey(strings.TrimSuffix(line, "\n"))
		keys[key.Kind] = append(keys[key.Kind], key)
	}
	for _, key := range features {
		keys[key.Kind] = append(keys[key.Kind], key)
	}
	for kind := range keys {
		slices.SortFunc(keys[kind], func(a, b Key) int { return strings.Compare(a.Name, b.Name) })
		places[kind] = make(map[string]int, len(keys[kind]))
		for at, key := range keys[kind] {
			places[kind][key.Name] = at
		}
		for _, note := range modelled[kind] {
			at, known := places[kind][note.name]
			if !known {
				panic(fmt.Sprintf("kafkaconfig: modelled %s key %q is not a Kafka key", Kind(kind), note.name))
			}
			key := &keys[kind][at]
			key.Modelled, key.About, key.ModelledValues = true, note.about, note.values
		}
	}
	return keys, places
}

// readKey reads one line of keys.tsv; generate/README.md describes the columns.
func readKey(line string) Key {
	columns := strings.Split(line, "\t")
	if len(columns) != 8 {
		panic(fmt.Sprintf("kafkaconfig: keys.tsv: %d columns in %q", len(columns), line))
	}
	key := Key{
		Kind:       Kind(slices.Index(kindNames[:], columns[0])),
		Name:       columns[1],
		Type:       Type(columns[2]),
		Importance: columns[4],
		Internal:   columns[5] == "internal",
		SuppliedBy: readSuppliers(columns[7]),
	}
	key.readDefault(columns[3])
	key.readRule(columns[6])
	return key
}

func (k *Key) readDefault(text string) {
	k.HasDefault = text != "none"
	k.DefaultNull = text == "null"
	k.Default = strings.TrimPrefix(text, "=")
	if !k.HasDefault || k.DefaultNull {
		k.Default = ""
	}
}

func (k *Key) readRule(text string) {
	if text == "" {
		return
	}
	for part := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "min":
			k.Min = value
		case "max":
			k.Max = value
		case "in":
			k.Allowed = strings.Split(value, ",")
		case "anycase":
			k.AnyCase = true
		case "nonempty":
			k.NonEmpty = true
		case "distinct":
			k.Distinct = true
		case "other":
			// Kafka checks more than its jars spell out; the type is all we check.
		default:
			panic(fmt.Sprintf("kafkaconfig: keys.tsv: unknown rule %q of %s", part, k.Name))
		}
	}
}

func readSuppliers(text string) []Supplier {
	if text == "" {
		return nil
	}
	var suppliers []Supplier
	for part := range strings.SplitSeq(text, ",") {
		name, factorText, converted := strings.Cut(part, "*")
		supplier := Supplier{Name: name, Factor: 1}
		if converted {
			factor, err := strconv.ParseInt(factorText, 10, 64)
			if err != nil {
				panic(fmt.Sprintf("kafkaconfig: keys.tsv: %v", err))
			}
			supplier.Factor = factor
		}
		suppliers = append(suppliers, supplier)
	}
	return suppliers
}
