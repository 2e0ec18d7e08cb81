package clients

import "github.com/twmb/franz-go/pkg/kmsg"

// versionRange is what these clients speak of one API key.
type versionRange struct{ min, max int16 }

// spoken lists the keys in use. Below the minima a request would mean
// something else (no record batches v2, no leader epochs, no named topics).
var spoken = map[kmsg.Key]versionRange{
	kmsg.Produce:                {3, 13},
	kmsg.Fetch:                  {4, 18},
	kmsg.ListOffsets:            {1, 10},
	kmsg.Metadata:               {1, 13},
	kmsg.ApiVersions:            {0, 4},
	kmsg.OffsetCommit:           {2, 10},
	kmsg.OffsetFetch:            {1, 10},
	kmsg.FindCoordinator:        {0, 6},
	kmsg.JoinGroup:              {2, 9},
	kmsg.Heartbeat:              {0, 4},
	kmsg.LeaveGroup:             {0, 5},
	kmsg.SyncGroup:              {0, 5},
	kmsg.ConsumerGroupHeartbeat: {0, 1},
	kmsg.CreateTopics:           {2, 7},
	kmsg.DeleteTopics:           {1, 6},
	kmsg.InitProducerID:         {0, 5},
	kmsg.OffsetForLeaderEpoch:   {2, 4},
	kmsg.AddPartitionsToTxn:     {0, 3}, // later ones are between brokers
	kmsg.AddOffsetsToTxn:        {0, 4},
	kmsg.EndTxn:                 {0, 5},
	kmsg.TxnOffsetCommit:        {3, 5}, // earlier ones do not say which member commits (KIP-447)
}

// noVersion is the version of a key that the two sides have none in common.
const noVersion int16 = -1

// knownKeys bounds the keys that spoken may name.
const knownKeys = 70

// versionTable holds the chosen version of each key on one connection.
type versionTable [knownKeys]int16

// chooseVersions takes the highest version that both sides speak.
func chooseVersions(offered []kmsg.ApiVersionsResponseApiKey) versionTable {
	var table versionTable
	for key := range table {
		table[key] = noVersion
	}
	for _, offer := range offered {
		ours, known := spoken[kmsg.Key(offer.ApiKey)]
		if !known {
			continue
		}
		if version := min(ours.max, offer.MaxVersion); version >= max(ours.min, offer.MinVersion) {
			table[offer.ApiKey] = version
		}
	}
	return table
}
