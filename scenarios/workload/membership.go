package workload

import (
	"time"

	"assay/checkers/history"
	"assay/clients"
	"assay/host"
	"assay/internal/kafka"
)

// membership notes what a group gives its member and takes from it.
type membership struct {
	session  *Session
	consumer *clients.Consumer
	group    string
}

func (m *membership) assigned(generation int32, added []kafka.TopicPartition) {
	m.session.Ownership(m.group, generation, added, history.Owned)
}

// revoked is for who has ended its work on the partitions.
func (m *membership) revoked(partitions []kafka.TopicPartition, done func()) {
	m.session.Ownership(m.group, m.consumer.GroupMetadata().Generation, partitions, history.Revoked)
	done()
}

func (m *membership) lost(partitions []kafka.TopicPartition) {
	m.session.Ownership(m.group, m.consumer.GroupMetadata().Generation, partitions, history.Lost)
}

// rebirth is the pause between two incarnations of an application in one process.
type rebirth struct {
	timer clients.Timer
	due   bool // the node begins anew when its timers have fired
}

// restartPause is what a supervisor lets pass before it starts an application again.
const restartPause = time.Second

func (r *rebirth) soon(timers *clients.Timers, h host.Host) {
	r.timer.Fire = func() { r.due = true }
	timers.Set(&r.timer, h.Now().Add(restartPause))
}
