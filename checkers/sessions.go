package checkers

import (
	"fmt"
	"slices"

	"assay/checkers/history"
)

// Errors that end a producer's session for good unless its client begins a new
// one: OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_PRODUCER_EPOCH, INVALID_TXN_STATE,
// INVALID_PRODUCER_ID_MAPPING, UNKNOWN_PRODUCER_ID, PRODUCER_FENCED.
var sessionErrors = [...]int16{45, 47, 48, 49, 59, 90}

func endsSession(outcome history.Outcome, code int16) bool {
	return outcome == history.Failed && slices.Contains(sessionErrors[:], code)
}

// producerSession is what one client's producer did after the faults' end.
type producerSession struct {
	ended   history.Time // such an error came, history.Infinity if none did
	tried   history.RecordID
	tries   int  // sends called from then on
	goesOn  bool // one was acknowledged, or may be yet
	isLater bool // the client has been started again since
}

// judgeSessions asks that no client's producer has ended for good: it was told an
// error that ends a session, went on sending, and until the deadline nothing of
// it succeeded, although others may. Of a client that was started again the last
// incarnation is asked: the former one is fenced, as it should be. Who sends
// nothing afterwards may have nothing to send.
func (e *evidence) judgeSessions(f *findings, c Claim, start, deadline history.Time) {
	sessions := e.endedSessions(start, deadline)
	e.ledger.sends(func(r history.RecordID, s *send) {
		p := &sessions[r.Client()]
		switch {
		case s.call < p.ended || s.call > deadline:
		case endsSession(s.outcome, s.error) && s.ret <= deadline:
			p.tries++
			if p.tried == 0 {
				p.tried = r
			}
		default:
			p.goesOn = true
		}
	})
	for id := range sessions {
		p := &sessions[id]
		if p.tries == 0 || p.goesOn || p.isLater || !c.Scope.topic(e.names.topic(e.ledger.send(p.tried).partition)) {
			continue
		}
		e.foundEnded(f, p, start, deadline)
	}
}

// endedSessions finds, by client, when an error first ended its session after the
// faults. Of one that has transactions it is the end of the last that says so:
// an error of a send may be mended by an abort.
func (e *evidence) endedSessions(start, deadline history.Time) []producerSession {
	sessions := make([]producerSession, max(len(e.ledger.senders), len(e.names.clients)))
	latest := map[string]int{}
	for _, name := range e.names.clients {
		latest[name.Name] = max(latest[name.Name], name.Incarnation)
	}
	for id := range sessions {
		name := e.names.client(history.ClientID(id))
		sessions[id].ended = history.Infinity
		sessions[id].isLater = name.Incarnation < latest[name.Name]
	}
	ends := func(client history.ClientID, at history.Time) {
		if at >= start && at <= deadline {
			sessions[client].ended = min(sessions[client].ended, at)
		}
	}
	transactional := func(client history.ClientID) bool {
		return int(client) < len(e.transactions.clients) && len(e.transactions.clients[client].list) > 0
	}
	e.ledger.sends(func(r history.RecordID, s *send) {
		if endsSession(s.outcome, s.error) && s.call >= start && !transactional(r.Client()) {
			ends(r.Client(), s.ret)
		}
	})
	for id := range min(len(sessions), len(e.transactions.clients)) {
		list := e.transactions.clients[id].list
		if len(list) == 0 {
			continue
		}
		if last := list[len(list)-1]; endsSession(last.Outcome, last.Error) {
			ends(last.Client, max(start, last.Return))
		}
	}
	return sessions
}

func (e *evidence) foundEnded(f *findings, p *producerSession, start, deadline history.Time) {
	s := e.ledger.send(p.tried)
	found := finding{anomaly: Unavailable, partition: s.partition, offset: history.NoOffset, from: p.ended, to: deadline, client: party(p.tried.Client()) + 1}
	f.add(found, func() Witness {
		return Witness{Ops: []Operation{e.tellSend(p.tried)}, Sentence: fmt.Sprintf(
			"the faults ended at %s, but the producer of %s ended for good at %s: every send that it called from then on, %d in all, %s",
			Clock(start), e.names.client(p.tried.Client()), Clock(p.ended), p.tries, tellFailure(s.error)),
			Advice: "An application that closes its producer after such an error and begins with a new one would go on."}
	})
}
