package controller

import (
	"math/rand/v2"

	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/metadata"
	"assay/host"
	"assay/internal/kafka"
)

// decision is what the controller is deciding: requests that came while the
// last entry was being committed are decided together, each upon the image as
// the former ones leave it. Their records become one entry of the metadata log,
// which takes effect whole or not at all; their responses leave only AFTER it
// is applied.
type decision struct {
	config   *Config
	sessions *sessions
	now      host.Time
	random   randomness
	offset   kafka.Offset // of the entry to be
	epoch    metadata.Epoch
	draft    *metadata.Draft
	image    *metadata.Image // the draft's: with the records so far
	records  []metadata.Record
}

// randomness are the controller's streams of chance.
type randomness struct {
	topicID   *rand.Rand
	placement *rand.Rand
}

func newDecision(config *Config, s *sessions, random randomness, image *metadata.Image, epoch metadata.Epoch, now host.Time) *decision {
	draft := metadata.NewDraft(image)
	return &decision{
		config: config, sessions: s, now: now, random: random,
		offset: image.Offset() + 1, epoch: epoch, draft: draft, image: draft.Image(),
	}
}

func (d *decision) add(records ...metadata.Record) {
	d.records = append(d.records, records...)
	d.draft.Add(d.offset, d.epoch, records)
}

// answer decides one request. Nil is a request that a controller does not know.
func (d *decision) answer(request kmsg.Request) kmsg.Response {
	switch r := request.(type) {
	case *kmsg.BrokerRegistrationRequest:
		return d.register(r)
	case *kmsg.BrokerHeartbeatRequest:
		return d.heartbeat(r)
	case *kmsg.AlterPartitionRequest:
		return d.alterPartitions(r)
	case *kmsg.AllocateProducerIDsRequest:
		return d.allocateProducerIDs(r)
	case *kmsg.CreateTopicsRequest:
		return d.createTopics(r)
	case *kmsg.CreatePartitionsRequest:
		return d.createPartitions(r)
	case *kmsg.DeleteTopicsRequest:
		return d.deleteTopics(r)
	case *kmsg.ElectLeadersRequest:
		return d.electLeaders(r)
	}
	return nil
}
