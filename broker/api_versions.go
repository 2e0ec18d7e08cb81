package broker

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/txn"
)

// ApiVersions, versions 0 to 5: 3 is flexible in its body, never in its
// response header (KIP-511) and adds the cluster's features (KIP-584), 4 those
// that a broker supports from level 0 on.

func (n *Node) apiVersions(e *exchange) {
	response := apiVersionsResponse()
	if e.version >= 3 {
		n.advertiseFeatures(response, e.version)
	}
	n.answer(e, response)
}

// advertiseFeatures says which versions of protocols the cluster has agreed on.
// Clients choose by them: transactions of version 2 bump the epoch each time
// (KIP-890), groups of version 1 know the protocol of KIP-848.
func (n *Node) advertiseFeatures(response *kmsg.ApiVersionsResponse, version int16) {
	response.FinalizedFeaturesEpoch = int64(n.image.Offset())
	for _, f := range []struct {
		name          string
		newest, level int16
	}{
		{"group.version", 1, 1},
		{"transaction.version", int16(txn.EpochPerTransaction), int16(n.tuning.transactions.Version)},
	} {
		if version >= 4 {
			supported := kmsg.NewApiVersionsResponseSupportedFeature()
			supported.Name, supported.MaxVersion = f.name, f.newest
			response.SupportedFeatures = append(response.SupportedFeatures, supported)
		}
		if f.level > 0 {
			finalized := kmsg.NewApiVersionsResponseFinalizedFeature()
			finalized.Name, finalized.MinVersionLevel, finalized.MaxVersionLevel = f.name, f.level, f.level
			response.FinalizedFeatures = append(response.FinalizedFeatures, finalized)
		}
	}
}

func apiVersionsResponse() *kmsg.ApiVersionsResponse {
	response := kmsg.NewPtrApiVersionsResponse()
	for _, v := range versions {
		key := kmsg.NewApiVersionsResponseApiKey()
		key.ApiKey, key.MinVersion, key.MaxVersion = v.key, v.min, v.max
		if v.key == int16(kmsg.Produce) {
			// As Kafka 4 does: older librdkafka takes the lack of version 0 for a
			// broker that knows no compression. It never sends that version.
			key.MinVersion = 0
		}
		response.ApiKeys = append(response.ApiKeys, key)
	}
	return response
}

// refuseVersion answers a request of a version that this broker does not speak.
// ApiVersions is answered in version 0, with UNSUPPORTED_VERSION and the versions
// that it does speak, so that the client can try again. Anything else has no
// answer that the client could read: its connection is closed.
func (n *Node) refuseVersion(c *connection, key int16, correlationID int32) {
	if key != int16(kmsg.ApiVersions) || len(c.backlog) > 0 {
		n.disconnect(c)
		return
	}
	e := &exchange{connection: c, correlationID: correlationID}
	c.pending = append(c.pending, e)
	c.blocking++
	response := apiVersionsResponse()
	response.ErrorCode = kerr.UnsupportedVersion.Code
	response.ApiKeys = slices.DeleteFunc(response.ApiKeys, func(k kmsg.ApiVersionsResponseApiKey) bool {
		return k.ApiKey != int16(kmsg.ApiVersions) // KIP-511: the versions of this request alone
	})
	n.answer(e, response)
}
