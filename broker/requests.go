package broker

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/protocol"
)

// versions of the requests that brokers answer; what ApiVersions advertises.
var versions = [...]struct{ key, min, max int16 }{
	{int16(kmsg.Produce), 3, 13},
	{int16(kmsg.Fetch), 4, 18},
	{int16(kmsg.ListOffsets), 0, 10},
	{int16(kmsg.Metadata), 0, 13},
	{int16(kmsg.OffsetCommit), 2, 10},
	{int16(kmsg.OffsetFetch), 1, 10},
	{int16(kmsg.FindCoordinator), 0, 6},
	{int16(kmsg.ApiVersions), 0, 5},
	{int16(kmsg.CreateTopics), 0, 7},
	{int16(kmsg.DeleteTopics), 0, 6},
	{int16(kmsg.InitProducerID), 0, 5},
	{int16(kmsg.OffsetForLeaderEpoch), 2, 4},
	{int16(kmsg.OffsetDelete), 0, 0},
	{int16(kmsg.DescribeCluster), 0, 2},
}

func supported(key, version int16) bool {
	for _, v := range versions {
		if v.key == key {
			return v.min <= version && version <= v.max
		}
	}
	return false
}

// handle gives a request to the one that answers its key. supported has let it
// through.
func (n *Node) handle(e *exchange, r *protocol.Request) {
	switch body := r.Body.(type) {
	case *kmsg.ProduceRequest:
		n.produce(e, body, r.CRCsChecked)
	case *kmsg.FetchRequest:
		n.fetch(e, body)
	case *kmsg.ListOffsetsRequest:
		n.listOffsets(e, body)
	case *kmsg.MetadataRequest:
		n.describeMetadata(e, body)
	case *kmsg.OffsetCommitRequest:
		n.offsetCommit(e, body)
	case *kmsg.OffsetFetchRequest:
		n.offsetFetch(e, body)
	case *kmsg.FindCoordinatorRequest:
		n.findCoordinator(e, body)
	case *kmsg.OffsetDeleteRequest:
		n.offsetDelete(e, body)
	case *kmsg.ApiVersionsRequest:
		n.apiVersions(e)
	case *kmsg.CreateTopicsRequest:
		n.createTopics(e, body)
	case *kmsg.DeleteTopicsRequest:
		n.deleteTopics(e, body)
	case *kmsg.InitProducerIDRequest:
		n.initProducerID(e, body)
	case *kmsg.OffsetForLeaderEpochRequest:
		n.offsetForLeaderEpoch(e, body)
	case *kmsg.DescribeClusterRequest:
		n.describeCluster(e, body)
	default:
		panic("broker: a supported request has no handler")
	}
}
