package checkers

import (
	"fmt"
	"slices"
	"strings"

	"assay/checkers/history"
)

// names collects what sentences need: who is who, which faults there were, and
// the borders of the run.
type names struct {
	history.Ignore
	clients    []history.ClientName
	partitions []history.PartitionName
	known      []bool // partitions that were named
	groups     []string
	holders    [][]string // by partition: the brokers that were seen to hold a replica
	faults     []history.Fault
	borders    [len(history.Phases)]history.Time
	passed     [len(history.Phases)]bool
}

// Client implements history.Sink.
func (n *names) Client(id history.ClientID, name string, incarnation int) {
	n.clients = grow(n.clients, int(id))
	n.clients[id] = history.ClientName{Name: name, Incarnation: incarnation}
}

// Partition implements history.Sink.
func (n *names) Partition(id history.PartitionID, topic string, partition int32) {
	n.partitions = grow(n.partitions, int(id))
	n.known = grow(n.known, int(id))
	n.partitions[id] = history.PartitionName{Topic: topic, Partition: partition}
	n.known[id] = true
}

// Group implements history.Sink.
func (n *names) Group(id history.GroupID, name string) {
	n.groups = grow(n.groups, int(id))
	n.groups[id] = name
}

// Replica implements history.Sink.
func (n *names) Replica(op history.Replica) {
	n.holders = grow(n.holders, int(op.Partition))
	if list := &n.holders[op.Partition]; !slices.Contains(*list, op.Broker) {
		*list = append(*list, op.Broker)
	}
}

// Fault implements history.Sink.
func (n *names) Fault(op history.Fault) { n.faults = append(n.faults, op) }

// Border implements history.Sink.
func (n *names) Border(op history.Border) {
	n.borders[op.Phase], n.passed[op.Phase] = op.At, true
}

func (n *names) client(id history.ClientID) history.ClientName {
	if int(id) < len(n.clients) && n.clients[id].Name != "" {
		return n.clients[id]
	}
	return history.ClientName{Name: fmt.Sprintf("client %d", id)}
}

func (n *names) partition(id history.PartitionID) string {
	if int(id) < len(n.known) && n.known[id] {
		return n.partitions[id].String()
	}
	return fmt.Sprintf("partition %d", id)
}

func (n *names) group(id history.GroupID) string {
	if int(id) < len(n.groups) && n.groups[id] != "" {
		return n.groups[id]
	}
	return fmt.Sprintf("group %d", id)
}

func (n *names) topic(id history.PartitionID) string {
	if int(id) < len(n.partitions) {
		return n.partitions[id].Topic
	}
	return ""
}

// inScope lists the named partitions that a claim speaks of.
func (n *names) inScope(s Scope) []history.PartitionID {
	var ids []history.PartitionID
	for i, known := range n.known {
		if known && s.topic(n.partitions[i].Topic) {
			ids = append(ids, history.PartitionID(i))
		}
	}
	return ids
}

// record names a record by its send: "web-0#17".
func (n *names) record(r history.RecordID) string {
	if r == 0 {
		return "a record without identity"
	}
	c := n.client(r.Client())
	if c.Incarnation > 1 {
		return fmt.Sprintf("%s.%d#%d", c.Name, c.Incarnation, r.Send())
	}
	return fmt.Sprintf("%s#%d", c.Name, r.Send())
}

// TellFault names a fault and its interval in words.
func TellFault(f history.Fault) string {
	text := "fault " + fmt.Sprint(f.ID) + ": " + f.Kind
	if len(f.Targets) > 0 {
		text += " of " + strings.Join(f.Targets, ", ")
	}
	if f.Detail != "" {
		text += " (" + f.Detail + ")"
	}
	return text + " from " + Clock(f.Start) + " to " + Clock(f.End)
}

// Clock writes a time of the run in seconds.
func Clock(t history.Time) string {
	if t == history.Infinity {
		return "never"
	}
	sign := ""
	if t < 0 {
		sign, t = "-", -t
	}
	micros := t / 1000
	return fmt.Sprintf("%s%d.%06d s", sign, micros/1_000_000, micros%1_000_000)
}

// grow makes index i valid.
func grow[T any](s []T, i int) []T {
	for len(s) <= i {
		var zero T
		s = append(s, zero)
	}
	return s
}
