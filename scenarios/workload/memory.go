package workload

import (
	"encoding/binary"

	"assay/checkers/history"
	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
)

// memory makes a consumer idempotent: it knows the records that the application
// has worked on. The identity of a record and the effect of the work on it are one
// transaction of the application's own store, one row: the effect counts, and the
// offset is committed, AFTER the row is durable. A record that is delivered again
// is found there and left out.
//
// The store is the instance's own and stays on its machine. It knows nothing of
// what another instance has worked on: who moves partitions takes them away from
// their memory.
type memory struct {
	node  *ConsumerNode
	store *ownStore // nil: the consumer is not idempotent
	known map[history.RecordID]bool
	begun bool // all that was found is durable, and the consumer reads
}

const memoryFile = "processed"

// open reads what former incarnations have left. The consumer begins when it is
// durable: what is found there is never worked on again.
func (m *memory) open(n *ConsumerNode) {
	*m = memory{node: n, known: map[history.RecordID]bool{}}
	store, rows, err := openStore(n.host, memoryFile)
	if err != nil {
		n.fail()
		return
	}
	m.store = store
	for _, row := range rows {
		m.known[history.RecordID(binary.BigEndian.Uint64(row))] = true
	}
	n.session.Reloaded(len(rows))
}

func (m *memory) knows(r *batch.Record) bool { return m.known[OriginOf(r)] }

// remember writes the record and the effect of the work on it; done goes on with
// the next.
func (m *memory) remember(group string, partition kafka.TopicPartition, r *batch.Record, began history.Time) {
	id := OriginOf(r)
	m.known[id] = true
	m.node.session.Storing(group, partition, seenOf(r), began)
	if err := m.store.append(binary.BigEndian.AppendUint64(nil, uint64(id))); err != nil {
		m.node.fail()
	}
}

func (m *memory) done(op host.Op, err error) {
	mine, failed := m.store.done(op, err)
	switch n := m.node; {
	case !mine || n.failing:
	case failed != nil:
		n.fail()
	case !m.store.settled():
	case !m.begun:
		m.begun = true
		n.session.Stored(m.store.committed())
		n.begin()
	default:
		n.session.Stored(m.store.committed())
		n.work.turn()
		n.work.work()
	}
}
