package clients

import (
	"time"

	"assay/host"
	"assay/internal/kafka"
)

// autoCommitInterval is at least a millisecond: a poll that waits would commit
// without end.
func (c *Consumer) autoCommitInterval() time.Duration {
	return max(c.config.AutoCommitInterval, time.Millisecond)
}

// autoCommitsByItself says whether auto-commit comes whether or not the
// application polls: a timer of its own in librdkafka
// (rd_kafka_cgrp_offset_commit_tmr_cb in src/rdkafka_cgrp.c) and in franz-go
// (loopCommit in pkg/kgo/consumer_group.go). Kafka's consumer does it in poll.
func (c *Consumer) autoCommitsByItself() bool {
	return c.config.Profile != ProfileJava || c.config.CommitBeforeProcess
}

// maybeAutoCommit commits if it is time (maybeAutoCommitOffsetsAsync of Kafka's
// ConsumerCoordinator).
func (c *Consumer) maybeAutoCommit(now host.Time) {
	if now >= c.group.due {
		c.group.due = now.Add(c.autoCommitInterval())
		c.autoCommit(host.Never, true, func() {})
	}
}

// autoCommit commits what counts as consumed. Without a deadline it is Kafka's
// commitAsync: if it fails, the next one comes soon. then is called at its end.
func (c *Consumer) autoCommit(deadline host.Time, once bool, then func()) {
	offsets := c.consumed()
	if len(offsets) == 0 {
		then()
		return
	}
	began := c.events.Stamp()
	c.group.commits.add(offsets, deadline, once, func(results []CommitResult) {
		c.noticeCommitted(results)
		if once && c.group.due != host.Never && anyMayRetry(results) {
			c.group.due = min(c.group.due, c.client.host.Now().Add(c.client.config.RetryBackoff.Initial))
		}
		if c.events.AutoCommitted != nil {
			c.events.AutoCommitted(began, results)
		}
		then()
	})
}

func anyMayRetry(results []CommitResult) bool {
	for _, r := range results {
		if r.Outcome != Acknowledged && commitMayRetry(r.Error) {
			return true
		}
	}
	return false
}

// consumed is what auto-commit commits. The clients differ in when a record
// counts as consumed:
//
//   - Kafka's: when the application polls again. Every position is committed,
//     changed or not (SubscriptionState.allConsumed).
//   - librdkafka: when it was handed out, whether or not the application is
//     done with it (enable.auto.offset.store), and only what is further on
//     (rd_kafka_topic_partition_list_set_offsets in src/rdkafka_partition.c).
//   - franz-go: when the application polls again, and only what is new
//     (undirtyUncommitted and getUncommitted in pkg/kgo/consumer_group.go).
func (c *Consumer) consumed() []CommitOffset {
	var offsets []CommitOffset
	profile := c.config.Profile
	if c.config.CommitBeforeProcess {
		profile = ProfileRdKafka
	}
	for _, p := range c.partitions {
		at := handedOut{p.position, p.positionEpoch}
		switch profile {
		case ProfileJava:
			if p.state != fetchable {
				continue
			}
		case ProfileRdKafka:
			if at = p.handedOut; at.next <= p.committed {
				continue
			}
		case ProfileFranzGo:
			if at = p.polledOver; at.next == p.committed {
				continue
			}
		}
		if at.next == kafka.NoOffset {
			continue
		}
		offsets = append(offsets, CommitOffset{p.name, at.next, at.epoch})
	}
	return offsets
}

// handedOut is how far a partition's records were handed to the application.
type handedOut struct {
	next  kafka.Offset // NoOffset: none were
	epoch kafka.LeaderEpoch
}

var nothingHandedOut = handedOut{kafka.NoOffset, kafka.NoEpoch}
