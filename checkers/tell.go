package checkers

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/checkers/history"
)

// tellSend describes a send for a witness.
func (e *evidence) tellSend(r history.RecordID) Operation {
	s := e.ledger.send(r)
	what := fmt.Sprintf("sends %s to %s: ", e.names.record(r), e.names.partition(s.partition))
	switch {
	case !s.recorded:
		what = fmt.Sprintf("%s was never sent", e.names.record(r))
	case s.outcome == history.OK && s.offset == history.NoOffset:
		what += "acknowledged without an offset"
	case s.outcome == history.OK:
		what += fmt.Sprintf("acknowledged at offset %d", s.offset)
	case s.outcome == history.Failed:
		what += tellFailure(s.error)
	default:
		what += "outcome unknown"
	}
	return Operation{r.Client(), e.names.client(r.Client()).String(), s.call, s.ret, what}
}

// tellRead describes a read for a witness.
func (e *evidence) tellRead(id uint32) Operation {
	r := e.ledger.reads[id]
	what := "reads"
	switch {
	case r.final && r.committed:
		what = "reads, finally, of committed records,"
	case r.final:
		what = "reads, finally,"
	}
	what = fmt.Sprintf("%s %s from offset %d: %d records, next %d", what, e.names.partition(r.partition), r.from, r.records, r.next)
	return Operation{r.client, e.names.client(r.client).String(), r.call, r.ret, what}
}

// tellCover describes the covering read for a witness.
func (e *evidence) tellCover(id history.PartitionID) Operation {
	c := e.ledger.partitions[id].cover
	what := fmt.Sprintf("reads all of %s, offsets %d to %d", e.names.partition(id), c.LogStart, c.End)
	return Operation{0, "the covering final read", c.Call, c.Return, what}
}

// tellFailure says that something failed, with Kafka's name of the error; 0 is
// none, such as for what an aborted transaction took with it.
func tellFailure(code int16) string {
	if code == 0 {
		return "failed"
	}
	if err := kerr.TypedErrorForCode(code); err != nil {
		return fmt.Sprintf("failed (%s)", err.Message)
	}
	return fmt.Sprintf("failed (error code %d)", code)
}
