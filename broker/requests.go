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
	{int16(kmsg.JoinGroup), 0, 9},
	{int16(kmsg.Heartbeat), 0, 4},
	{int16(kmsg.LeaveGroup), 0, 5},
	{int16(kmsg.SyncGroup), 0, 5},
	{int16(kmsg.DescribeGroups), 0, 6},
	{int16(kmsg.ListGroups), 0, 5},
	{int16(kmsg.ApiVersions), 0, 5},
	{int16(kmsg.CreateTopics), 0, 7},
	{int16(kmsg.DeleteTopics), 0, 6},
	{int16(kmsg.DeleteRecords), 0, 2},
	{int16(kmsg.InitProducerID), 0, 5},
	{int16(kmsg.OffsetForLeaderEpoch), 2, 4},
	{int16(kmsg.WriteTxnMarkers), 1, 2},
	{int16(kmsg.DescribeConfigs), 1, 4},
	{int16(kmsg.CreatePartitions), 0, 3},
	{int16(kmsg.DeleteGroups), 0, 2},
	{int16(kmsg.OffsetDelete), 0, 0},
	{int16(kmsg.AddPartitionsToTxn), 0, 5},
	{int16(kmsg.AddOffsetsToTxn), 0, 4},
	{int16(kmsg.EndTxn), 0, 5},
	{int16(kmsg.TxnOffsetCommit), 0, 5},
	{int16(kmsg.DescribeTransactions), 0, 0},
	{int16(kmsg.ListTransactions), 0, 2},
	{int16(kmsg.DescribeCluster), 0, 2},
	{int16(kmsg.DescribeProducers), 0, 0},
	{int16(kmsg.ConsumerGroupHeartbeat), 0, 1},
	{int16(kmsg.ConsumerGroupDescribe), 0, 1},
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
	case *kmsg.JoinGroupRequest:
		n.joinGroup(e, body, r.ClientID)
	case *kmsg.SyncGroupRequest:
		n.syncGroup(e, body)
	case *kmsg.HeartbeatRequest:
		n.memberHeartbeat(e, body)
	case *kmsg.LeaveGroupRequest:
		n.leaveGroup(e, body)
	case *kmsg.DescribeGroupsRequest:
		n.describeGroups(e, body)
	case *kmsg.ListGroupsRequest:
		n.listGroups(e, body)
	case *kmsg.DeleteGroupsRequest:
		n.deleteGroups(e, body)
	case *kmsg.OffsetDeleteRequest:
		n.offsetDelete(e, body)
	case *kmsg.ConsumerGroupHeartbeatRequest:
		n.consumerGroupHeartbeat(e, body, r.ClientID)
	case *kmsg.ConsumerGroupDescribeRequest:
		n.consumerGroupDescribe(e, body)
	case *kmsg.WriteTxnMarkersRequest:
		n.writeTxnMarkers(e, body)
	case *kmsg.DescribeProducersRequest:
		n.describeProducers(e, body)
	case *kmsg.ApiVersionsRequest:
		n.apiVersions(e)
	case *kmsg.AddPartitionsToTxnRequest:
		n.addPartitionsToTxn(e, body)
	case *kmsg.AddOffsetsToTxnRequest:
		n.addOffsetsToTxn(e, body)
	case *kmsg.EndTxnRequest:
		n.endTxn(e, body)
	case *kmsg.TxnOffsetCommitRequest:
		n.txnOffsetCommit(e, body)
	case *kmsg.DescribeTransactionsRequest:
		n.describeTransactions(e, body)
	case *kmsg.ListTransactionsRequest:
		n.listTransactions(e, body)
	case *kmsg.CreateTopicsRequest:
		n.createTopics(e, body)
	case *kmsg.DeleteTopicsRequest:
		n.deleteTopics(e, body)
	case *kmsg.CreatePartitionsRequest:
		n.createPartitions(e, body)
	case *kmsg.DeleteRecordsRequest:
		n.deleteRecords(e, body)
	case *kmsg.DescribeConfigsRequest:
		n.describeConfigs(e, body)
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
