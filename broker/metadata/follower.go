package metadata

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/kafka"
)

const (
	// TopicName is the name of the metadata log's topic, which has one partition.
	TopicName = "__cluster_metadata"
	// FetchVersion is the version of Fetch that carries the metadata log.
	FetchVersion = 17
	// FetchSnapshotVersion is the version of FetchSnapshot (KIP-630).
	FetchSnapshotVersion = 1
)

// LogID is the metadata topic's fixed id, the same as in Kafka.
var LogID = kafka.TopicID{15: 1}

// Follower is a broker's reader of the metadata log, a pure state machine: Next
// is the request to send to the active controller, and its response goes to
// Receive. One request is out at a time; when it fails (the connection broke, a
// time-out, another controller) call Next again.
type Follower struct {
	self          kafka.BrokerID
	maxWaitMillis int32
	maxBytes      int32
	image         *Image

	// The snapshot being read: none if snapshotEnd is 0.
	snapshotEnd   kafka.Offset // exclusive, as the protocol names snapshots
	snapshotEpoch Epoch
	snapshot      []byte
}

// Update is what a response brought.
type Update struct {
	// Image is the present image; it differs from the one before iff its offset
	// does.
	Image *Image
	// Delta is what changed. It is empty where only the offset moved on.
	Delta Delta
	// Moved reports whether the image's offset moved.
	Moved bool
	// CommittedTo is the last committed offset that the controller told, 0 if it
	// told none. At or below the image's offset, the broker has caught up.
	CommittedTo kafka.Offset
	// Leader is the active controller's id as a refusing controller believes, -1
	// if it does not know.
	Leader int32
}

// NewFollower starts at an image: Empty() for a broker that keeps none on disk.
// maxWaitMillis is how long the controller may hold a fetch with nothing new.
func NewFollower(self kafka.BrokerID, image *Image, maxWaitMillis int32) *Follower {
	return &Follower{self: self, maxWaitMillis: maxWaitMillis, maxBytes: 1 << 20, image: image}
}

// Image returns the image reached.
func (f *Follower) Image() *Image { return f.image }

// Next returns a fresh request: a Fetch behind the image reached, or the next
// chunk of a snapshot.
func (f *Follower) Next() kmsg.Request {
	if f.snapshotEnd != 0 {
		return f.nextChunk()
	}
	partition := kmsg.NewFetchRequestTopicPartition()
	partition.FetchOffset = int64(f.image.offset) + 1
	partition.LastFetchedEpoch = int32(f.image.epoch)
	partition.PartitionMaxBytes = f.maxBytes
	topic := kmsg.NewFetchRequestTopic()
	topic.Topic, topic.TopicID = TopicName, LogID
	topic.Partitions = append(topic.Partitions, partition)
	request := kmsg.NewPtrFetchRequest()
	request.Version = FetchVersion
	request.ReplicaID = int32(f.self)
	request.ReplicaState.ID = int32(f.self)
	request.MaxWaitMillis = f.maxWaitMillis
	request.MinBytes = 1
	request.MaxBytes = f.maxBytes
	request.Topics = append(request.Topics, topic)
	return request
}

func (f *Follower) nextChunk() kmsg.Request {
	partition := kmsg.NewFetchSnapshotRequestTopicPartition()
	partition.SnapshotID.EndOffset = int64(f.snapshotEnd)
	partition.SnapshotID.Epoch = int32(f.snapshotEpoch)
	partition.Position = int64(len(f.snapshot))
	topic := kmsg.NewFetchSnapshotRequestTopic()
	topic.Topic = TopicName
	topic.Partitions = append(topic.Partitions, partition)
	request := kmsg.NewPtrFetchSnapshotRequest()
	request.Version = FetchSnapshotVersion
	request.ReplicaID = int32(f.self)
	request.MaxBytes = f.maxBytes
	request.Topics = append(request.Topics, topic)
	return request
}

// Receive takes the response to the last Next. An error is the protocol's own
// (errors.Is with kerr): NOT_LEADER_OR_FOLLOWER means to ask another controller,
// Update.Leader if that is not -1. It may also wrap ErrEncoding. Either way the
// image stands and Next goes on from it. Responses that are not of the request
// that is out are ignored.
func (f *Follower) Receive(response kmsg.Response) (Update, error) {
	update := Update{Image: f.image, Leader: -1}
	switch r := response.(type) {
	case *kmsg.FetchResponse:
		if f.snapshotEnd != 0 {
			return update, nil
		}
		err := f.receiveFetch(r, &update)
		return update, err
	case *kmsg.FetchSnapshotResponse:
		if f.snapshotEnd == 0 {
			return update, nil
		}
		err := f.receiveChunk(r, &update)
		return update, err
	}
	return update, fmt.Errorf("%w: a response of kind %d on the metadata log", ErrEncoding, response.Key())
}

func (f *Follower) receiveFetch(r *kmsg.FetchResponse, update *Update) error {
	if err := kerr.ErrorForCode(r.ErrorCode); err != nil {
		return err
	}
	if len(r.Topics) != 1 || len(r.Topics[0].Partitions) != 1 {
		return fmt.Errorf("%w: a fetch response without the metadata log", ErrEncoding)
	}
	partition := &r.Topics[0].Partitions[0]
	update.Leader = partition.CurrentLeader.LeaderID
	if err := kerr.ErrorForCode(partition.ErrorCode); err != nil {
		return err
	}
	if partition.SnapshotID.EndOffset > int64(f.image.offset)+1 { // we are below the log's start
		f.snapshotEnd = kafka.Offset(partition.SnapshotID.EndOffset)
		f.snapshotEpoch = Epoch(partition.SnapshotID.Epoch)
		f.snapshot = nil
		return nil
	}
	update.CommittedTo = kafka.Offset(partition.HighWatermark) - 1
	entries, err := DecodeBatches(partition.RecordBatches)
	if err != nil {
		return err
	}
	before := f.image
	deltas := 0
	for _, e := range entries {
		if e.Offset <= f.image.offset {
			continue
		}
		if e.Offset != f.image.offset+1 {
			return fmt.Errorf("%w: entry %d after %d", ErrEncoding, e.Offset, f.image.offset)
		}
		f.image, update.Delta = f.image.Apply(e.Offset, e.Epoch, e.Records)
		deltas++
	}
	if deltas > 1 {
		update.Delta = Difference(before, f.image)
	}
	update.Image, update.Moved = f.image, deltas > 0
	return nil
}

func (f *Follower) receiveChunk(r *kmsg.FetchSnapshotResponse, update *Update) error {
	err := f.appendChunk(r, update)
	if err != nil {
		// Whatever is wrong, a fetch at our offset tells what to do next.
		f.snapshotEnd, f.snapshot = 0, nil
	}
	return err
}

func (f *Follower) appendChunk(r *kmsg.FetchSnapshotResponse, update *Update) error {
	if err := kerr.ErrorForCode(r.ErrorCode); err != nil {
		return err
	}
	if len(r.Topics) != 1 || len(r.Topics[0].Partitions) != 1 {
		return fmt.Errorf("%w: a snapshot response without the metadata log", ErrEncoding)
	}
	chunk := &r.Topics[0].Partitions[0]
	update.Leader = chunk.CurrentLeader.LeaderID
	if err := kerr.ErrorForCode(chunk.ErrorCode); err != nil {
		return err
	}
	if chunk.SnapshotID.EndOffset != int64(f.snapshotEnd) || chunk.Position != int64(len(f.snapshot)) {
		return nil // of an earlier request
	}
	f.snapshot = append(f.snapshot, chunk.Bytes...)
	if int64(len(f.snapshot)) < chunk.Size {
		if len(chunk.Bytes) == 0 {
			return fmt.Errorf("%w: an empty chunk of a snapshot", ErrEncoding)
		}
		return nil
	}
	image, err := FromSnapshot(f.snapshot)
	if err != nil {
		return err
	}
	if image.offset != f.snapshotEnd-1 {
		return fmt.Errorf("%w: snapshot of offset %d, asked for %d", ErrEncoding, image.offset, f.snapshotEnd-1)
	}
	update.Delta = Difference(f.image, image)
	f.image = image
	update.Image, update.Moved = image, true
	f.snapshotEnd, f.snapshot = 0, nil
	return nil
}
