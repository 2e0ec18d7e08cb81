package workload

import (
	"assay/checkers/history"
	"assay/internal/kafka"
)

// effects are what an application has done in its own store, by client: what is
// noted, and what waits for being durable. They outlive the application, as its
// store does.
type effects struct {
	noted   int // rows
	pending []history.Process
}

// Storing notes that the work on a record, begun at a time, becomes a row of the
// application's own store. It counts as processed when Stored has told so: after
// the row's sync, or when a later incarnation finds the row there.
func (s *Session) Storing(group string, partition kafka.TopicPartition, record history.Seen, began history.Time) {
	if s.closed {
		return
	}
	e := s.effects()
	e.pending = append(e.pending, history.Process{Client: s.id, Group: s.recorder.Group(group), Partition: s.recorder.Partition(partition),
		Call: began, Return: s.recorder.clock(), Records: []history.Seen{record}})
}

// Stored notes that so many rows of the store are durable.
func (s *Session) Stored(rows int) {
	if s.closed {
		return
	}
	e := s.effects()
	for ; e.noted < rows && len(e.pending) > 0; e.noted++ {
		p := e.pending[0]
		if p.Client == s.id { // else it took effect before its process died
			p.Return = s.recorder.clock()
		}
		s.recorder.sink.Process(p)
		e.pending = e.pending[1:]
	}
}

// Reloaded notes what a new incarnation found in the store: effects that are not
// there have not come about.
func (s *Session) Reloaded(rows int) {
	e := s.effects()
	e.pending = e.pending[:min(len(e.pending), max(0, rows-e.noted))]
}

func (s *Session) effects() *effects {
	e := s.recorder.effects[s.name]
	if e == nil {
		e = &effects{}
		s.recorder.effects[s.name] = e
	}
	return e
}
