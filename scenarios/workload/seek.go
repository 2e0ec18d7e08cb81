package workload

import (
	"time"

	"assay/clients"
	"assay/internal/kafka"
)

// Seek is a move of all positions that the application makes by itself, once.
type Seek struct {
	At time.Duration // of the run
	To kafka.Offset  // or clients.SeekEarliest, clients.SeekLatest
}

// seeker carries a consumer's seeks out in their order. A restarted consumer
// does not repeat those whose time has passed.
type seeker struct {
	node  *ConsumerNode
	left  []Seek
	timer clients.Timer
}

func (s *seeker) start(n *ConsumerNode) {
	*s = seeker{node: n}
	for _, seek := range n.config.Seeks {
		if seek.At >= time.Duration(n.session.Now()) {
			s.left = append(s.left, seek)
		}
	}
	s.timer.Fire = s.due
	s.schedule()
}

func (s *seeker) schedule() {
	if len(s.left) > 0 {
		wait := s.left[0].At - time.Duration(s.node.session.Now())
		s.node.timers.Set(&s.timer, s.node.host.Now().Add(max(wait, 0)))
	}
}

func (s *seeker) due() {
	for _, partition := range s.node.partitions() {
		s.node.consumer.SeekTo(partition, s.left[0].To)
	}
	s.left = s.left[1:]
	s.schedule()
}
