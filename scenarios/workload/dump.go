package workload

import "fmt"

// Dump describes the node's state for people.
func (n *ProducerNode) Dump() string {
	return fmt.Sprintf("incarnation %d, %d records sent, %d wait in the backlog, load ended: %t\n%s",
		n.session.incarnation, len(n.session.sends)+int(n.session.first)-1, len(n.backlog), n.stopped, n.producer.Dump())
}

// Dump describes the node's state for people.
func (n *ConsumerNode) Dump() string {
	return fmt.Sprintf("incarnation %d, works on records: %t\n%s", n.session.incarnation, n.busy, n.consumer.Dump())
}

var auditorPhases = [...]string{settingUp: "sets up the topics", awaitingProbe: "waits for the end of the faults",
	awaitingFinalRead: "has probed, waits for the end of the drain", reading: "reads everything", over: "is done"}

// Dump describes the node's state for people.
func (n *AuditorNode) Dump() string { return "the auditor " + auditorPhases[n.phase] + "\n" }

var processorStates = [...]string{initializing: "initializes its transactional id", running: "waits for records", workingOn: "works on a record",
	sending: "waits for room to send", flushing: "waits for its outputs", ending: "ends a batch", failing: "failed, and begins anew"}

// Dump describes the node's state for people.
func (n *ProcessorNode) Dump() string {
	return fmt.Sprintf("incarnation %d, %s, %d records in its batch\n%s%s", n.session.incarnation, processorStates[n.state], len(n.batch.records),
		n.consumer.Dump(), n.producer.Dump())
}
