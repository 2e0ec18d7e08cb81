package broker

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// ApiVersions, versions 0 to 5: 3 is flexible in its body, never in its
// response header (KIP-511). No features are advertised: transactions of
// version 2 are used only with transaction.version.

func (n *Node) apiVersions(e *exchange) {
	n.answer(e, apiVersionsResponse())
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
