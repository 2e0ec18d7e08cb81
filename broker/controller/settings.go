// Package controller is one voter of the metadata quorum. The voters keep one
// log of metadata records by raft; the active one, their leader, decides:
// registrations and fencing of brokers, elections, changes of in-sync replicas,
// topics, blocks of producer ids.
//
// It has three layers. core decides: a request and the present image in, records
// and a response out, nothing else. quorum makes records durable on a majority.
// Controller, the host.Node, routes between them, keeps time, and lets a
// response out only after its records are committed and applied.
package controller

import (
	"time"

	"assay/host"
	"assay/internal/kafkaconfig"
)

// VoterID is a controller's node id, from 1.
type VoterID uint64

// Config is what a controller is built with.
type Config struct {
	ID VoterID
	// Voters are all controllers with their addresses, this one included. The
	// set is static.
	Voters    map[VoterID]host.Addr
	ClusterID string
	Settings  Settings
	Flaws     Flaws
	// ValidateTopicConfig refuses a topic's configuration; its error is the
	// INVALID_CONFIG message. Nil accepts everything.
	ValidateTopicConfig func(config map[string]string) error
}

// Settings are the controller's typed Kafka settings.
type Settings struct {
	SessionTimeout      time.Duration // broker.session.timeout.ms
	ElectionTimeout     time.Duration // controller.quorum.election.timeout.ms
	VoterTick           time.Duration // a leading voter's heartbeat interval; divides ElectionTimeout
	AutoRebalance       bool          // auto.leader.rebalance.enable
	RebalanceInterval   time.Duration // leader.imbalance.check.interval.seconds
	UncleanElection     bool          // unclean.leader.election.enable where no topic says otherwise
	MinInSyncReplicas   int           // min.insync.replicas where no topic says otherwise
	ReplicationFactor   int16         // default.replication.factor
	Partitions          int32         // num.partitions
	DeleteTopics        bool          // delete.topic.enable
	SnapshotEntries     int           // log entries between two snapshots
	SnapshotRetain      int           // entries kept behind a snapshot, for those who lag a little
	SnapshotChunkLength int           // bytes of a snapshot in one message to a voter
}

// DefaultSettings are Kafka 4.3's, where Kafka has the setting.
func DefaultSettings() Settings {
	return Settings{
		SessionTimeout:      9 * time.Second,
		ElectionTimeout:     time.Second,
		VoterTick:           100 * time.Millisecond,
		AutoRebalance:       true,
		RebalanceInterval:   300 * time.Second,
		UncleanElection:     false,
		MinInSyncReplicas:   1,
		ReplicationFactor:   1,
		Partitions:          1,
		DeleteTopics:        true,
		SnapshotEntries:     1000,
		SnapshotRetain:      100,
		SnapshotChunkLength: 1 << 20,
	}
}

// Flaws are the museum's switches of this package: each undoes a fix at the
// line where the fix lives. All are off in a sound controller.
type Flaws struct {
	// BounceFencing lets a broker restart inside its session and keep its place
	// in every ISR, and ignores broker epochs in ISR changes (KAFKA-7235, KIP-903).
	BounceFencing bool
	// LastReplicaStanding keeps the last member in the ISR when it goes, and lets
	// it lead again whatever it has lost: no eligible leader replicas (KIP-966).
	LastReplicaStanding bool
	// StaleAlterPartition applies ISR changes without comparing partition epochs.
	StaleAlterPartition bool
}

// producerIDBlock is how many producer ids one allocation gives, as in Kafka.
const producerIDBlock = 1000

// SettingsOf reads the controller's settings from Kafka's broker keys.
func SettingsOf(s kafkaconfig.Settings) Settings {
	settings := DefaultSettings()
	settings.SessionTimeout = s.Duration("broker.session.timeout.ms")
	settings.ElectionTimeout = s.Duration("controller.quorum.election.timeout.ms")
	settings.VoterTick = settings.ElectionTimeout / 10
	settings.AutoRebalance = s.Bool("auto.leader.rebalance.enable")
	settings.RebalanceInterval = s.Duration("leader.imbalance.check.interval.seconds")
	settings.UncleanElection = s.Bool("unclean.leader.election.enable")
	settings.MinInSyncReplicas = s.Int("min.insync.replicas")
	settings.ReplicationFactor = int16(s.Int("default.replication.factor"))
	settings.Partitions = int32(s.Int("num.partitions"))
	// The log here counts entries, Kafka's bytes: its default of 20 MiB is our
	// default number of entries.
	const bytesAnEntry = 20 << 10
	bytes := s.Long("metadata.log.max.record.bytes.between.snapshots")
	settings.SnapshotEntries = int(max(10, min(bytes/bytesAnEntry, 1_000_000)))
	settings.SnapshotRetain = settings.SnapshotEntries / 10
	return settings
}
