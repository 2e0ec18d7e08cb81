package storage

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/host"
	"assay/internal/kafka"
	"assay/sim"
)

// newcomer is a node that makes logs when it starts, each with its first batch.
type newcomer struct {
	host.Node
	b    *testing.B
	logs int
}

func (n *newcomer) Start(h host.Host) {
	dir, _, err := OpenDir(h.FS(), "logs", DirOptions{Identity: Identity{1, "c", "d"}, Now: h.Wall(), Observer: h,
		ConfigFor: func(string) *Config { return DefaultConfig() }})
	require.NoError(n.b, err)
	batch := records(testNow, "first")
	for number := range n.logs {
		log, err := dir.CreateLog(kafka.TopicPartition{Topic: "orders", Partition: int32(number)}, kafka.TopicID{1}, h.Wall())
		if err == nil {
			_, err = log.AppendAsLeader(batch, 0, h.Wall())
		}
		if err != nil {
			n.b.Fatal(err)
		}
	}
}

// BenchmarkNewLog is what a log costs until it has its first batch, with its
// files in the simulator: directory, topic id, segment, indexes, epochs.
func BenchmarkNewLog(b *testing.B) {
	const logs = 500
	b.ReportAllocs()
	for b.Loop() {
		w := sim.New(sim.Config{Seed: 1})
		w.AddNode(sim.NodeSpec{Name: "b1", Factory: func() host.Node { return &newcomer{b: b, logs: logs} }})
		w.Start("b1")
		w.Run(1)
		require.Len(b, w.FS("b1").Files(), 1+5*logs)
		w.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*logs), "ns/log")
}

// appender is a node that makes logs when it starts, and appends to each in
// turn.
type appender struct {
	host.Node
	b    *testing.B
	logs int
}

func (n *appender) Start(h host.Host) {
	config := DefaultConfig()
	dir, _, err := OpenDir(h.FS(), "logs", DirOptions{Identity: Identity{1, "c", "d"}, Now: h.Wall(), Observer: h,
		ConfigFor: func(string) *Config { return config }})
	require.NoError(n.b, err)
	logs := make([]*Log, n.logs)
	for i := range logs {
		logs[i], err = dir.CreateLog(kafka.TopicPartition{Topic: "orders", Partition: int32(i)}, kafka.TopicID{1}, h.Wall())
		require.NoError(n.b, err)
	}
	batch := records(testNow, "first")
	for next := 0; n.b.Loop(); next = (next + 1) % n.logs {
		if _, err := logs[next].AppendAsLeader(batch, 0, h.Wall()); err != nil {
			n.b.Fatal(err)
		}
	}
}

// BenchmarkAppendInTurn is what an append costs where each finds another log
// than the one before: few logs stay in the processor's caches, many do not.
func BenchmarkAppendInTurn(b *testing.B) {
	for _, logs := range []int{6, 1500} {
		b.Run(fmt.Sprintf("logs=%d", logs), func(b *testing.B) {
			b.ReportAllocs()
			w := sim.New(sim.Config{Seed: 1})
			w.AddNode(sim.NodeSpec{Name: "b1", Factory: func() host.Node { return &appender{b: b, logs: logs} }})
			w.Start("b1")
			w.Run(1)
			w.Close()
		})
	}
}
