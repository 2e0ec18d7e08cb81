package format

// Scope says what a guarantee speaks of, and so which fields its claims take.
type Scope string

// The scopes of guarantees.
const (
	LogScope      Scope = "log"
	ReplicasScope Scope = "replicas"
	GroupScope    Scope = "group"    // takes group
	PipelineScope Scope = "pipeline" // takes from, via, to, observer
	ReaderScope   Scope = "reader"   // takes consumer
	ClusterScope  Scope = "cluster"  // recovers takes within
)

// guarantee is a word of the claims' vocabulary.
type guarantee struct {
	name  string
	scope Scope
	built bool
	loss  bool // speaks about loss: a consumer that starts at latest may never see what it is about
}

var guarantees = []guarantee{
	{"no-loss", LogScope, true, true},
	{"no-duplicates", LogScope, true, false},
	{"producer-order", LogScope, true, false},
	{"linearizable-log", LogScope, true, false},
	{"fresh-reads", LogScope, true, false},
	{"log-agreement", ReplicasScope, true, false},
	{"at-most-once", GroupScope, true, false},
	{"at-least-once", GroupScope, true, true},
	{"exactly-once", PipelineScope, true, true},
	{"key-order", GroupScope, true, false},
	{"no-aborted-reads", ReaderScope, true, false},
	{"atomic-transactions", ReaderScope, true, false},
	{"group-exclusive", GroupScope, true, false},
	{"commit-safety", GroupScope, true, false},
	{"no-skips", ReaderScope, true, true},
	{"recovers", ClusterScope, true, false},
}

func findGuarantee(name string) (guarantee, bool) {
	for _, g := range guarantees {
		if g.name == name {
			return g, true
		}
	}
	return guarantee{}, false
}

func guaranteeNames() []string {
	var names []string
	for _, g := range guarantees {
		names = append(names, g.name)
	}
	return names
}

// scopeFields are the fields that claims of a scope take besides guarantee and expect.
var scopeFields = map[Scope][]string{
	GroupScope:    {"group"},
	PipelineScope: {"from", "via", "to", "observer"},
	ReaderScope:   {"consumer"},
}

func (g guarantee) fields() []string {
	if g.name == "recovers" {
		return []string{"within"}
	}
	return scopeFields[g.scope]
}
