package workload

import (
	"time"

	"assay/clients"
	"assay/internal/kafka"
)

// stableWatch asks leaders now and then for the ends of their logs as readers at
// both isolations see them: the high watermark and the last stable offset.
type stableWatch struct {
	auditor   *AuditorNode
	client    *clients.Client
	all       *clients.Consumer // reads uncommitted
	committed *clients.Consumer
	look      clients.Timer
	under     []bool // way, by partition
	assigned  bool
}

// stablePeriod is how often it asks.
const stablePeriod = time.Second

func (w *stableWatch) start(n *AuditorNode) {
	config := n.config.Client
	config.PurposePrefix = "stable-"
	*w = stableWatch{auditor: n, client: clients.NewClient(n.host, n.timers, config), under: make([]bool, len(n.partitions))}
	w.look.Fire = w.ask
	reader := n.config.Consumer
	ignored := clients.ConsumerEvents{Available: func() {}, Moved: func(clients.Move) {}, Failed: func(kafka.TopicPartition, error) {}}
	w.all = clients.NewConsumer(w.client, reader, ignored)
	reader.ReadCommitted = true
	w.committed = clients.NewConsumer(w.client, reader, ignored)
	n.timers.Set(&w.look, n.host.Now().Add(stablePeriod))
}

// assign lets the consumers find the leaders. They read nothing.
func (w *stableWatch) assign() {
	w.assigned = true
	for _, consumer := range []*clients.Consumer{w.all, w.committed} {
		consumer.Assign(w.auditor.partitions)
		for _, partition := range w.auditor.partitions {
			consumer.Pause(partition)
		}
	}
}

// ask asks for each partition that has answered before. The high watermark comes
// first: a last stable offset that is below it then was below it all the while.
func (w *stableWatch) ask() {
	n := w.auditor
	switch {
	case n.phase == over:
		return
	case n.phase > settingUp && !w.assigned:
		w.assign()
	}
	for i, partition := range n.partitions {
		if w.under[i] || n.phase == settingUp {
			continue
		}
		answered := func(highWatermark kafka.Offset, err error) {
			w.under[i] = false
			if err == nil {
				w.askStable(i, partition, highWatermark)
			}
		}
		w.under[i] = w.all.EndOffset(partition, answered) == nil
	}
	n.timers.Set(&w.look, n.host.Now().Add(stablePeriod))
}

func (w *stableWatch) askStable(i int, partition kafka.TopicPartition, highWatermark kafka.Offset) {
	answered := func(lastStable kafka.Offset, err error) {
		w.under[i] = false
		if err == nil {
			w.auditor.session.Stable(partition, lastStable, max(highWatermark, lastStable))
		}
	}
	w.under[i] = w.committed.EndOffset(partition, answered) == nil
}
