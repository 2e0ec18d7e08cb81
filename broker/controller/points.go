package controller

import "assay/host"

// What the active controller lets the world observe. Subjects are topic names,
// or "" for the cluster. An event is observed when its record is applied by the
// active controller, once for each change.
var (
	PointBrokerRegistered  = &host.Point{Name: "broker_registered", About: "A broker's incarnation registered.", Fields: []string{"broker", "broker_epoch"}}
	PointBrokerFenced      = &host.Point{Name: "broker_fenced", About: "A broker was fenced.", Fields: []string{"broker", "broker_epoch"}}
	PointBrokerUnfenced    = &host.Point{Name: "broker_unfenced", About: "A broker was unfenced: it may lead and join in-sync replicas.", Fields: []string{"broker", "broker_epoch"}}
	PointLeaderChanged     = &host.Point{Name: "leader_changed", About: "A partition got another leader (-1 is none) or leader epoch.", Fields: []string{"partition", "leader", "leader_epoch"}}
	PointISRChanged        = &host.Point{Name: "isr_changed", About: "A partition's in-sync replicas changed.", Fields: []string{"partition", "size", "partition_epoch"}}
	PointUncleanElection   = &host.Point{Name: "unclean_election", About: "A replica that was neither in sync nor eligible was elected, because the topic allows it.", Fields: []string{"partition", "leader", "leader_epoch"}}
	PointELRElection       = &host.Point{Name: "elr_election", About: "An eligible leader replica was elected while no replica was in sync (KIP-966).", Fields: []string{"partition", "leader", "leader_epoch"}}
	PointLastKnownElection = &host.Point{Name: "last_known_leader_election", About: "The last known leader was elected although it may have lost records: no replica was in sync or eligible (KIP-966).", Fields: []string{"partition", "leader", "leader_epoch"}}
	PointControllerElected = &host.Point{Name: "controller_elected", About: "A controller became active.", Fields: []string{"controller", "term"}}
	PointTopicCreated      = &host.Point{Name: "topic_created", About: "A topic was created.", Fields: []string{"partitions"}}
	PointTopicDeleted      = &host.Point{Name: "topic_deleted", About: "A topic was deleted.", Fields: []string{"partitions"}}
	PointMetadataSnapshot  = &host.Point{Name: "metadata_snapshot", About: "A controller replaced the start of its metadata log by a snapshot.", Fields: []string{"offset", "bytes"}}
	PointMetadataInstalled = &host.Point{Name: "metadata_snapshot_installed", About: "A controller took over a snapshot of the active one.", Fields: []string{"offset", "bytes"}}
)

// Points lists the package's points.
var Points = []*host.Point{
	PointBrokerRegistered, PointBrokerFenced, PointBrokerUnfenced, PointLeaderChanged, PointISRChanged, PointUncleanElection,
	PointELRElection, PointLastKnownElection, PointControllerElected, PointTopicCreated, PointTopicDeleted, PointMetadataSnapshot, PointMetadataInstalled,
}
