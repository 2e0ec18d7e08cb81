package broker_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/kafka"
	"assay/sim"
)

// load sends produces with acks=all to whoever leads and notes what was
// acknowledged. It never retries: what fails is another record.
type load struct {
	c          *cluster
	topic      string
	partitions int32
	next       int
	stopped    bool
	acked      map[string]kafka.TopicPartition
	offsets    map[string]kafka.Offset
	errors     map[int16]int
}

func (c *cluster) startLoad(topic string, partitions int32, every time.Duration) *load {
	l := &load{c: c, topic: topic, partitions: partitions, acked: map[string]kafka.TopicPartition{},
		offsets: map[string]kafka.Offset{}, errors: map[int16]int{}}
	c.w.Every(every, func() bool { l.send(); return !l.stopped })
	return l
}

func (l *load) send() {
	p := int32(l.next) % l.partitions
	value := fmt.Sprintf("value-%06d", l.next)
	l.next++
	leader := l.c.leader(l.topic, p)
	if leader == "" {
		return
	}
	wall := int64(wallStart) + int64(l.c.w.Now())/1e6
	l.c.send(leader, produceRequest(l.topic, p, -1, 10*time.Second, records(1+l.next%3, wall, value)), func(r kmsg.Response) {
		if r == nil {
			return
		}
		out := r.(*kmsg.ProduceResponse).Topics[0].Partitions[0]
		l.errors[out.ErrorCode]++
		if out.ErrorCode == 0 {
			l.acked[value] = kafka.TopicPartition{Topic: l.topic, Partition: p}
			l.offsets[value] = kafka.Offset(out.BaseOffset)
		}
	})
}

// verify: every acknowledged batch is where it was acknowledged.
func (l *load) verify() {
	for p := range l.partitions {
		v, ok := l.c.view(l.c.leader(l.topic, p), l.topic, p)
		require.True(l.c.t, ok)
		at := map[kafka.Offset]string{}
		for h, whole := range v.Batches(0, v.HighWatermark) {
			at[h.BaseOffset] = string(whole)
		}
		for value, tp := range l.acked {
			if tp.Partition == p {
				require.Contains(l.c.t, at[l.offsets[value]], value, "lost at %d of %v", l.offsets[value], tp)
			}
		}
	}
}

// disturb applies one fault at a time, and the next only once the cluster is
// healthy again.
func (c *cluster) disturb(chance *rand.Rand, topic string, partitions int32, until sim.Time, faults map[string]int) {
	for c.w.Now() < until {
		c.w.Run(c.w.Now().Add(time.Duration(200+chance.IntN(1500)) * time.Millisecond))
		if c.w.Now() >= until {
			return
		}
		c.runUntil(60*time.Second, "health", func() bool { return c.healthy(topic, partitions) })
		victim := c.brokers[chance.IntN(3)]
		if chance.IntN(2) == 0 {
			victim = c.leader(topic, 0)
		}
		down := time.Duration(100+chance.IntN(12000)) * time.Millisecond
		kind := []string{"kill", "mid-step", "power-loss", "tear", "pause", "cut", "one-way", "reset", "move", "delay-metadata", "controller", "controller-cut"}[chance.IntN(12)]
		faults[kind]++
		switch kind {
		case "kill":
			c.w.Kill(victim)
		case "mid-step":
			c.w.KillMidStep(victim, 1+chance.IntN(10), time.Second)
			c.w.Run(c.w.Now().Add(time.Second))
		case "power-loss":
			c.w.PowerLoss(victim, sim.LoseUnsynced, nil)
		case "tear":
			c.w.PowerLoss(victim, sim.Tear, chance)
		case "pause":
			c.w.Pause(victim)
			c.w.Run(c.w.Now().Add(down))
			c.w.Resume(victim)
		case "cut", "one-way":
			c.cut(victim, kind == "one-way", chance, down)
		case "controller":
			voter := fmt.Sprintf("controller-%d", 1+chance.IntN(3))
			c.w.PowerLoss(voter, sim.LoseUnsynced, nil)
			c.w.Run(c.w.Now().Add(down))
			c.w.Start(voter)
		case "controller-cut":
			c.cut(fmt.Sprintf("controller-%d", 1+chance.IntN(3)), chance.IntN(2) == 0, chance, down)
		case "reset":
			c.w.Reset(victim, true, chance)
		case "move":
			c.moveLeader(topic, 0, kafka.BrokerID(1+chance.IntN(3)))
		case "delay-metadata":
			c.w.Inject(victim, func(n host.Node) { c.broker(victim).DelayMetadata(down) })
			c.moveLeader(topic, 0, kafka.BrokerID(1+chance.IntN(3)))
			c.w.Run(c.w.Now().Add(down))
		}
		if !c.w.Up(victim) {
			c.w.Run(c.w.Now().Add(down))
			c.w.Start(victim)
		}
	}
}

// cut takes a broker off the network but for the client, one way or both.
func (c *cluster) cut(victim string, oneWay bool, chance *rand.Rand, d time.Duration) {
	var others []string
	for _, name := range c.w.Nodes() {
		if name != victim && name != "client" {
			others = append(others, name)
		}
	}
	var fault *sim.Fault
	switch {
	case oneWay && chance.IntN(2) == 0:
		fault = c.w.Cut([]string{victim}, others)
	case oneWay:
		fault = c.w.Cut(others, []string{victim})
	default:
		fault = c.w.Partition([]string{victim}, others)
	}
	c.w.Run(c.w.Now().Add(d))
	fault.Heal()
}

var (
	firstSeed = flag.Int("first-seed", 0, "of TestNothingCommittedIsLost")
	seeds     = flag.Int("seeds", 4, "of TestNothingCommittedIsLost")
	flaw      = flag.String("flaw", "", "museum switch for TestNothingCommittedIsLost, which then must fail")
)

func TestNothingCommittedIsLost(t *testing.T) {
	total := map[string]int{}
	acked := 0
	for seed := *firstSeed; seed < *firstSeed+*seeds; seed++ {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			c := newCluster(t, uint64(seed), map[string]string{"replica.lag.time.max.ms": "3000"}, strings.Fields(*flaw)...)
			c.createTopic("orders", 2, map[string]string{"min.insync.replicas": "2", "segment.bytes": "16384"})
			i := c.watch()
			l := c.startLoad("orders", 2, 10*time.Millisecond)
			c.disturb(c.w.Stream("faults"), "orders", 2, c.w.Now().Add(60*time.Second), total)
			l.stopped = true
			require.Empty(t, i.violated)
			c.runUntil(60*time.Second, "health", func() bool { return c.healthy("orders", 2) })
			c.w.Run(c.w.Now().Add(2 * time.Second))
			require.Empty(t, i.violated)
			l.verify()
			for p := range int32(2) {
				c.checkLogMatching("orders", p)
			}
			require.NotEmpty(t, l.acked)
			acked += len(l.acked)
			for name, n := range c.counts {
				total[name] += n
			}
			if testing.Verbose() {
				t.Log(len(l.acked), "of", l.next, "acknowledged, errors", l.errors)
			}
		})
	}
	t.Log(acked, "acknowledged;", total)
	require.Positive(t, total["follower_truncated"])
	require.Positive(t, total["isr_shrink_proposed"])
	require.Positive(t, total["became_leader"])
	require.Positive(t, total["fetch_diverged"])
}
