package run

import (
	"assay/broker"
	"assay/broker/metadata"
	"assay/clients"
	"assay/host"
)

// coordinated follows what groups and transactions go through.
type coordinated struct {
	open  map[string]bool // transactions, by transactional id
	begun map[string]bool // groups that have had a generation with members
}

func (c *coordinated) watch(r *run) {
	c.open, c.begun = map[string]bool{}, map[string]bool{}
	ended := func(counter Counter) watcher {
		return func(_ string, e host.Event) {
			r.exercise.add(counter, 1)
			delete(c.open, e.Subject)
		}
	}
	r.on(broker.PointTransactionBegun, func(_ string, e host.Event) { c.open[e.Subject] = true })
	r.on(broker.PointTransactionCommitted, ended(TransactionsCommitted))
	r.on(broker.PointTransactionAborted, ended(TransactionsAborted))
	r.on(broker.PointProducerFenced, func(string, host.Event) {
		r.exercise.add(ProducersFenced, 1)
		r.points.reach(ZombieFenced)
	})
	r.on(broker.PointTransactionResumed, func(string, host.Event) { r.points.reach(TransactionResumed) })
	r.on(broker.PointTransactionTimedOut, func(string, host.Event) { r.points.reach(TransactionTimedOut) })
	r.on(broker.PointCoordinatorLoaded, func(_ string, e host.Event) {
		if e.Subject == metadata.TransactionsTopic && e.Args[2] > 0 && c.inTransaction() {
			r.points.reach(FailoverInTransaction)
		}
	})
	r.on(broker.PointGroupRebalanced, func(_ string, e host.Event) {
		generation, members := e.Args[0], e.Args[1]
		if members == 0 {
			return
		}
		// The first generation with members has number 1, and of a group of KIP-848 number 2.
		if generation > 1 && c.begun[e.Subject] {
			r.exercise.add(Rebalances, 1)
		}
		c.begun[e.Subject] = true
	})
	r.on(broker.PointMemberFenced, func(string, host.Event) { r.exercise.add(MembersFenced, 1) })
	r.on(clients.PointLost, func(string, host.Event) { r.points.reach(MemberLostPartitions) })
}

// inTransaction says whether some transaction is open.
func (c *coordinated) inTransaction() bool { return len(c.open) > 0 }
