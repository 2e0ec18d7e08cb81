package format

// Shape describes what a value may be, for people and for the JSON Schema.
// The same tables that read files are made of it, so that neither can drift.
type Shape struct {
	Kind    ShapeKind
	Fields  []Field  // object
	Element *Shape   // map, list
	Words   []string // text: the only ones allowed; map: the only keys; nil for any
	Pattern string   // text: a regular expression (ECMA 262); "" for any
	Min     int64    // integer
	Max     int64    // integer; 0 for no bound
	Either  []Shape  // alternatives
	Keys    string   // configuration: "broker", "topic", "producer", "consumer" or "consumer and producer"
	Cases   []Case   // object: what it takes depends on a field
	Pointed bool     // map: its keys are JSON pointers
}

// Case says which fields an object takes where one of them has a certain value.
type Case struct {
	Field, Value string
	Required     []string
	Allowed      []string // Field is always
}

// ShapeKind is the general form of a value.
type ShapeKind string

// The forms of values.
const (
	ShapeObject        ShapeKind = "object"        // a map with the fields listed
	ShapeMap           ShapeKind = "map"           // a map from names to Element
	ShapeList          ShapeKind = "list"          // of Element
	ShapeText          ShapeKind = "text"          //
	ShapeInteger       ShapeKind = "integer"       // from Min to Max
	ShapeNumber        ShapeKind = "number"        //
	ShapeBoolean       ShapeKind = "boolean"       //
	ShapeConfiguration ShapeKind = "configuration" // native keys of Kafka
	ShapeEither        ShapeKind = "either"        // one of Either
	ShapeAny           ShapeKind = "any"           // checked by its own rules
)

// Field describes one field of an object.
type Field struct {
	Name     string
	About    string // one sentence or less
	Required bool
	Default  string // YAML text, "" for none
	Shape    Shape
}

// EachField visits every field of the format with the place where it stands:
// "/workload/producers/NAME/rate", as a pointer in which NAME and N stand for any.
func EachField(visit func(place string, f Field)) { eachField("", Root(), visit) }

func eachField(place string, s Shape, visit func(place string, f Field)) {
	for _, f := range s.Fields {
		visit(place+"/"+f.Name, f)
		eachField(place+"/"+f.Name, f.Shape, visit)
	}
	if s.Element != nil {
		below := place + "/NAME"
		if s.Kind == ShapeList {
			below = place + "/N"
		}
		eachField(below, *s.Element, visit)
	}
	for _, one := range s.Either {
		eachField(place, one, visit)
	}
}
