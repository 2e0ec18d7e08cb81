package checkers

import "assay/checkers/history"

// sources keeps of each output what it was made of.
type sources struct {
	history.Ignore
	list    []history.Derived
	outputs []dense[uint32] // by client, then by send: its place in list, plus one
}

// Derived implements history.Sink. A send has one source: the first told.
func (s *sources) Derived(op history.Derived) {
	client := int(op.Record.Client())
	s.outputs = grow(s.outputs, client)
	at := s.outputs[client].at(int64(op.Record.Send()))
	if *at == 0 {
		s.list = append(s.list, op)
		*at = uint32(len(s.list))
	}
}

// of finds what an output was made of.
func (s *sources) of(r history.RecordID) (history.Derived, bool) {
	client := int(r.Client())
	if client >= len(s.outputs) {
		return history.Derived{}, false
	}
	at := s.outputs[client].get(int64(r.Send()))
	if at == 0 {
		return history.Derived{}, false
	}
	return s.list[at-1], true
}
