package broker

import "math"

// Who asks for it is told what it may do with a resource (KIP-430). Here
// everybody may do everything, so these are all operations of the kind of
// resource, as Kafka answers without an authorizer.

const (
	anyTopicOperation = operations(1<<opRead | 1<<opWrite | 1<<opCreate | 1<<opDelete | 1<<opAlter | 1<<opDescribe |
		1<<opDescribeConfigs | 1<<opAlterConfigs)
	anyGroupOperation   = operations(1<<opRead | 1<<opDelete | 1<<opDescribe | 1<<opDescribeConfigs | 1<<opAlterConfigs)
	anyClusterOperation = operations(1<<opCreate | 1<<opAlter | 1<<opDescribe | 1<<opClusterAction | 1<<opDescribeConfigs |
		1<<opAlterConfigs | 1<<opIdempotentWrite)
)

// Kafka's numbers of operations.
const (
	opRead            = 3
	opWrite           = 4
	opCreate          = 5
	opDelete          = 6
	opAlter           = 7
	opDescribe        = 8
	opClusterAction   = 9
	opDescribeConfigs = 10
	opAlterConfigs    = 11
	opIdempotentWrite = 12
)

// operations is a set, a bit for each.
type operations int32

// ifAsked is what an answer says: nothing to who has not asked.
func (o operations) ifAsked(asked bool) int32 {
	if !asked {
		return math.MinInt32
	}
	return int32(o)
}
