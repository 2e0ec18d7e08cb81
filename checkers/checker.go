// Package checkers turns a history into verdicts. It knows neither brokers nor
// simulators: whatever recorded the history, the judgement is the same.
//
// Every checker streams the history once, in time and memory linear in its
// operations and offsets. Operations may arrive in any order of time, except
// that those of one client arrive in the order in which they ended.
package checkers

import (
	"fmt"
	"slices"

	"assay/checkers/history"
)

// Claim is one statement to be judged.
type Claim struct {
	Name      string // the claim's own name; empty means its guarantee's
	Guarantee Guarantee
	Scope     Scope
	// Within is the time that recovers allows after the faults' end. Zero means
	// until the drain ends.
	Within history.Time
	// Quiet is how long the last stable offset may stand still below the high
	// watermark before recovers calls a transaction hung: transaction.timeout.ms
	// and twice the interval at which its coordinator looks. A shorter wait, and
	// zero, decides nothing.
	Quiet history.Time
	// Path is the pipeline that exactly-once speaks of.
	Path Path
	// ReadersDrain makes recovers demand that the readers in scope reached the
	// high watermark of the covering read.
	ReadersDrain bool
}

// Scope narrows what a claim speaks of. Empty lists mean all.
type Scope struct {
	Topics  []string
	Readers []string // client names, without incarnations
	Groups  []string // consumer groups
}

// Path is a pipeline: what is read from a topic for a group, made into outputs
// by a processor's clients, and seen in another topic by an observer. Empty
// fields mean all that qualify; without an observer the covering read of
// committed records is it.
type Path struct {
	From, To string   // topics
	Via      []string // the processor's client names, without incarnations
	Group    string   // the processor's
	Observer []string // client names, without incarnations
}

func (s Scope) topic(name string) bool {
	return len(s.Topics) == 0 || slices.Contains(s.Topics, name)
}

func (s Scope) reader(name string) bool {
	return len(s.Readers) == 0 || slices.Contains(s.Readers, name)
}

func (s Scope) group(name string) bool {
	return len(s.Groups) == 0 || slices.Contains(s.Groups, name)
}

// Checker takes a history and then says what it proves about one claim.
type Checker interface {
	history.Sink
	// Result judges what has been seen so far. It may be called once.
	Result() Result
}

// New builds a checker for one claim. An unknown guarantee is an error that
// names it. To judge several claims at once a Panel is cheaper.
func New(claim Claim) (Checker, error) {
	p, err := NewPanel([]Claim{claim})
	if err != nil {
		return nil, err
	}
	return single{p}, nil
}

// single is a panel of one claim.
type single struct{ *Panel }

func (s single) Result() Result { return s.Results()[0] }

// Panel judges several claims over one pass: evidence that several need is
// gathered once.
type Panel struct {
	history.Tee
	claims   []Claim
	evidence evidence
}

// evidence is what the judges share; parts that no claim needs are nil.
type evidence struct {
	names        *names
	ledger       *ledger
	stable       *stableLogs
	transactions *transactions
	sources      *sources
	transacted   transacted
	owners       *owners
	offsets      *stableOffsets
	lengths      *lengths
	moves        *positions
	handed       *handed
	commits      *commits
	work         *work
	keys         *keys
	replicas     *replicas
	recovery     *recovery
}

// NewPanel builds one checker for several claims. An unknown guarantee is an
// error that names it.
func NewPanel(claims []Claim) (*Panel, error) {
	p := &Panel{claims: slices.Clone(claims)}
	e := &p.evidence
	e.names = &names{}
	p.Tee = history.Tee{e.names}
	for i := range p.claims {
		c := &p.claims[i]
		if c.Name == "" {
			c.Name = string(c.Guarantee)
		}
		if _, known := judges[c.Guarantee]; !known {
			return nil, fmt.Errorf("claim %q: no checker for guarantee %q", c.Name, c.Guarantee)
		}
		p.need(*c)
	}
	return p, nil
}

// Produce implements history.Sink. Of all the evidence only the ledger and the
// keys are about sends, and there are millions: the rest is not asked.
func (p *Panel) Produce(op history.Produce) {
	if ledger := p.evidence.ledger; ledger != nil {
		ledger.Produce(op)
	}
	if keys := p.evidence.keys; keys != nil {
		keys.Produce(op)
	}
}

// need adds the evidence that a claim rests on.
func (p *Panel) need(c Claim) {
	e, g := &p.evidence, c.Guarantee
	among := func(list ...Guarantee) bool { return slices.Contains(list, g) }
	if e.ledger == nil && g != LogAgreement {
		e.ledger, e.stable, e.transactions = &ledger{}, &stableLogs{}, &transactions{}
		p.Tee = append(p.Tee, e.ledger, e.stable, e.transactions)
	}
	if e.lengths == nil && g == FreshReads {
		e.lengths = &lengths{}
		p.Tee = append(p.Tee, e.lengths)
	}
	if e.replicas == nil && g == LogAgreement {
		e.replicas = newReplicas()
		p.Tee = append(p.Tee, e.replicas)
	}
	if e.recovery == nil && g == Recovers {
		e.recovery = &recovery{}
		p.Tee = append(p.Tee, e.recovery)
	}
	if e.offsets == nil && among(Recovers, AtomicTransactions) {
		e.offsets = &stableOffsets{}
		p.Tee = append(p.Tee, e.offsets)
	}
	if e.moves == nil && (c.ReadersDrain || among(NoSkips, ExactlyOnce)) {
		e.moves = &positions{}
		p.Tee = append(p.Tee, e.moves)
	}
	if e.handed == nil && among(NoAbortedReads, AtomicTransactions) {
		e.handed = &handed{}
		p.Tee = append(p.Tee, e.handed)
	}
	if e.sources == nil && among(NoAbortedReads, AtomicTransactions, ExactlyOnce, GroupExclusive, AtLeastOnce, CommitSafety, KeyOrder) {
		e.sources = &sources{}
		p.Tee = append(p.Tee, e.sources)
	}
	if e.owners == nil && among(ExactlyOnce, GroupExclusive, CommitSafety, AtMostOnce) {
		e.owners = &owners{}
		p.Tee = append(p.Tee, e.owners)
	}
	if e.commits == nil && among(AtMostOnce, AtLeastOnce, CommitSafety, KeyOrder, Recovers, ExactlyOnce, GroupExclusive) {
		e.commits = &commits{}
		p.Tee = append(p.Tee, e.commits)
	}
	if e.work == nil && among(AtMostOnce, AtLeastOnce, CommitSafety, KeyOrder) {
		e.work = &work{}
		p.Tee = append(p.Tee, e.work)
	}
	if e.keys == nil && g == KeyOrder {
		e.keys = &keys{}
	}
}

// Results judges every claim, in the order in which they were given.
func (p *Panel) Results() []Result {
	p.evidence.settle()
	results := make([]Result, len(p.claims))
	for i, c := range p.claims {
		f := newFindings(c, p.evidence.names)
		judges[c.Guarantee](&p.evidence, c, f)
		results[i] = f.result()
	}
	return results
}

// judges says who decides about which guarantee.
var judges = map[Guarantee]func(*evidence, Claim, *findings){
	NoLoss:          judgeLoss,
	NoDuplicates:    judgeDuplicates,
	ProducerOrder:   judgeOrder,
	LinearizableLog: judgeLinearizable,
	FreshReads:      judgeLinearizable,
	LogAgreement:    judgeAgreement,
	NoSkips:         judgeSkips,
	AtMostOnce:      judgeAtMostOnce,
	AtLeastOnce:     judgeAtLeastOnce,
	CommitSafety:    judgeCommitSafety,
	KeyOrder:        judgeKeyOrder,
	Recovers:        judgeRecovery,

	NoAbortedReads:     judgeAbortedReads,
	AtomicTransactions: judgeAtomicTransactions,
	ExactlyOnce:        judgeExactlyOnce,
	GroupExclusive:     judgeGroupExclusive,
}
