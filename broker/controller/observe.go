package controller

import (
	"fmt"
	"slices"
	"strings"

	"assay/broker/metadata"
	"assay/host"
	"assay/internal/kafka"
)

func (c *Controller) observe(point *host.Point, subject string, args ...int64) {
	e := host.Event{Point: point, Subject: subject}
	copy(e.Args[:], args)
	c.host.Observe(e)
}

// observeDelta tells of what an entry changed.
func (c *Controller) observeDelta(before *metadata.Image, delta *metadata.Delta) {
	for _, id := range delta.Brokers {
		c.observeBroker(before.Broker(id), c.image.Broker(id))
	}
	for _, key := range delta.DeletedTopics {
		c.observe(PointTopicDeleted, key.Name, int64(len(before.TopicByID(key.ID).Partitions)))
	}
	for _, key := range delta.CreatedTopics {
		c.observe(PointTopicCreated, key.Name, int64(len(c.image.TopicByID(key.ID).Partitions)))
	}
	for _, key := range delta.Partitions {
		was, is := before.PartitionByID(key.TopicID, key.Partition), c.image.PartitionByID(key.TopicID, key.Partition)
		if was != nil { // a new partition has no change
			c.observePartition(key, was, is)
		}
	}
}

func (c *Controller) observeBroker(was, is *metadata.Broker) {
	id, epoch := int64(is.ID), int64(is.Epoch)
	if was == nil || was.Epoch != is.Epoch {
		c.observe(PointBrokerRegistered, "", id, epoch)
		if was != nil && !was.Fenced {
			c.observe(PointBrokerFenced, "", id, int64(was.Epoch))
		}
		return
	}
	switch {
	case is.Fenced && !was.Fenced:
		c.observe(PointBrokerFenced, "", id, epoch)
	case was.Fenced && !is.Fenced:
		c.observe(PointBrokerUnfenced, "", id, epoch)
	}
}

func (c *Controller) observePartition(key metadata.PartitionKey, was, is *metadata.Partition) {
	number := int64(key.Partition)
	if !slices.Equal(was.ISR, is.ISR) {
		c.observe(PointISRChanged, key.Topic, number, int64(len(is.ISR)), int64(is.PartitionEpoch))
	}
	if was.LeaderEpoch != is.LeaderEpoch {
		c.observe(PointLeaderChanged, key.Topic, number, int64(is.Leader), int64(is.LeaderEpoch))
	}
	if election := electionFromOutside(was, is); election != nil {
		c.observe(election, key.Topic, number, int64(is.Leader), int64(is.LeaderEpoch))
	}
}

// electionFromOutside is how a leader was elected that was not in the ISR; nil
// if it was, or nobody leads.
func electionFromOutside(was, is *metadata.Partition) *host.Point {
	switch {
	case is.Leader == kafka.NoLeader || slices.Contains(was.ISR, is.Leader):
		return nil
	case slices.Contains(was.ELR, is.Leader):
		return PointELRElection
	case slices.Contains(was.LastKnownELR, is.Leader):
		return PointLastKnownElection
	}
	return PointUncleanElection
}

// Dump tells the voter's state for people.
func (c *Controller) Dump() string {
	var b strings.Builder
	role := "not started"
	if c.quorum != nil {
		role = strings.TrimPrefix(strings.ToLower(c.quorum.role.String()), "state")
		if c.active {
			role = "active"
		}
	}
	fmt.Fprintf(&b, "%s: %s in term %d, metadata to offset %d (epoch %d)\n", c.Name(), role, c.Term(), c.image.Offset(), c.image.Epoch())
	b.WriteString(describe(c.image))
	return b.String()
}

func describe(image *metadata.Image) string {
	var b strings.Builder
	for _, broker := range image.Brokers() {
		state := "unfenced"
		switch {
		case broker.Fenced:
			state = "fenced"
		case broker.ShuttingDown:
			state = "shutting down"
		}
		fmt.Fprintf(&b, "broker %d %s epoch=%d at %s:%d\n", broker.ID, state, broker.Epoch, broker.Host, broker.Port)
	}
	for _, topic := range image.Topics() {
		for number, p := range topic.Partitions {
			leader := "none"
			if p.Leader != kafka.NoLeader {
				leader = fmt.Sprint(p.Leader)
			}
			fmt.Fprintf(&b, "%s-%d leader=%s epoch=%d isr=%v replicas=%v partition-epoch=%d",
				topic.Name, number, leader, p.LeaderEpoch, p.ISR, p.Replicas, p.PartitionEpoch)
			if len(p.ELR) > 0 {
				fmt.Fprintf(&b, " elr=%v", p.ELR)
			}
			if len(p.LastKnownELR) > 0 {
				fmt.Fprintf(&b, " last-known-elr=%v", p.LastKnownELR)
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}
