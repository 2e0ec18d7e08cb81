// Package workload is the load of a scenario: producer, consumer and auditor
// as host nodes, which any world can start and restart, and the recorder that
// turns what they do into a history. It binds the clients to checkers/history.
package workload
