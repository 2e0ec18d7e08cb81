package workload

import "assay/checkers/history"

// Listener is told as it happens of what Metrics counts: the sends and reads of
// the load, its instruments apart. Intended is when the load wanted the record
// sent. It must change nothing of the run.
type Listener interface {
	Sent(at history.Time)
	Acknowledged(at, intended history.Time)
	// Handed is to a consumer, the covering read apart; output: a processor made
	// the record, and intended is its source's.
	Handed(at, intended history.Time, output bool)
}

// Listen sets who is told; nil is nobody.
func (r *Recorder) Listen(l Listener) { r.listener = l }
