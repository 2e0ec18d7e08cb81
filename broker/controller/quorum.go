package controller

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
	"go.etcd.io/raft/v3/tracker"

	"assay/host"
)

// quorum is this voter's part in raft: it takes proposals and messages, and
// hands committed entries to its consumer in order, each once per incarnation.
//
// raft runs with asynchronous storage writes: what it wants written is written
// at once, and the messages that promise durability wait for the sync. Syncs
// are grouped: one is in flight, what comes meanwhile joins the next.
//
// raft draws its election time-outs from process-global randomness, but only
// where a voter that does not lead ticks. So only a leader ticks; the others
// count here, by the node's own stream.
type quorum struct {
	id       VoterID
	voters   []uint64
	settings Settings
	consumer consumer
	random   *rand.Rand // of election time-outs

	raft    *raft.RawNode
	storage *raft.MemoryStorage
	log     *voterLog
	state   hardState // as last written

	snapshotIndex uint64 // of the last snapshot
	applied       uint64

	sync      host.Op      // in flight, 0 if none
	staleSync bool         // it is of a generation that was replaced
	covered   []pb.Message // what the sync in flight lets out
	pending   []pb.Message // what the next one lets out

	electionTicks int // T
	waited        int // ticks since the last sign of a leader
	patience      int // ticks until this voter campaigns: T to 2T-1
	term          uint64
	role          raft.StateType

	failed bool // nothing leaves any more
}

// consumer is what the quorum serves.
type consumer interface {
	// apply takes a committed entry; an error says that it makes no sense.
	apply(e logEntry) error
	// restore replaces everything applied so far by a snapshot.
	restore(index, term uint64, data []byte) error
	// snapshot encodes everything applied so far.
	snapshot() []byte
	// send carries a message to another voter, or drops it.
	send(m *pb.Message)
	// fail ends the process: its disk is of no more use.
	fail(err error)
}

// newQuorum recovers a voter from its disk. The consumer has restored and gets
// the entries after the snapshot again as they prove committed.
func newQuorum(config *Config, fs host.FS, random *rand.Rand, c consumer) (*quorum, error) {
	log, found, err := openVoterLog(fs)
	if err != nil {
		return nil, err
	}
	q := &quorum{
		id: config.ID, settings: config.Settings, consumer: c, random: random, log: log, storage: raft.NewMemoryStorage(),
		electionTicks: int(config.Settings.ElectionTimeout / config.Settings.VoterTick),
	}
	for _, id := range slices.Sorted(maps.Keys(config.Voters)) {
		q.voters = append(q.voters, uint64(id))
	}
	snapshot, entries, err := q.recover(found)
	if err != nil {
		return nil, err
	}
	if err := log.begin(snapshot, q.state, entries); err != nil {
		return nil, err
	}
	q.raft, err = raft.NewRawNode(&raft.Config{
		ID: uint64(q.id), ElectionTick: q.electionTicks, HeartbeatTick: 1, Storage: staticVoters{q.storage, q.voters}, Applied: found.snapshotIndex,
		AsyncStorageWrites: true, MaxSizePerMsg: 1 << 20, MaxInflightMsgs: 64, MaxUncommittedEntriesSize: 64 << 20,
		CheckQuorum: true, PreVote: true, ReadOnlyOption: raft.ReadOnlySafe, DisableProposalForwarding: true, Logger: silent{},
	})
	if err != nil {
		return nil, err
	}
	q.noteRole()
	q.waitAnew()
	if len(q.voters) == 1 {
		q.campaign()
	}
	q.proceed()
	return q, nil
}

// staticVoters is a storage whose configuration was never written: it is that of
// the cluster's settings.
type staticVoters struct {
	*raft.MemoryStorage
	voters []uint64
}

// InitialState implements raft.Storage.
func (s staticVoters) InitialState() (pb.HardState, pb.ConfState, error) {
	state, _, err := s.MemoryStorage.InitialState()
	return state, pb.ConfState{Voters: s.voters}, err
}

// recover fills the storage in memory with what the disk held.
func (q *quorum) recover(found recovered) (pb.Snapshot, []pb.Entry, error) {
	snapshot := pb.Snapshot{Data: found.snapshot}
	snapshot.Metadata = pb.SnapshotMetadata{Index: found.snapshotIndex, Term: found.snapshotTerm, ConfState: pb.ConfState{Voters: q.voters}}
	if found.snapshot != nil {
		if err := q.storage.ApplySnapshot(snapshot); err != nil {
			return snapshot, nil, err
		}
		if err := q.consumer.restore(found.snapshotIndex, found.snapshotTerm, found.snapshot); err != nil {
			return snapshot, nil, err
		}
	}
	q.snapshotIndex, q.applied = found.snapshotIndex, found.snapshotIndex
	entries := make([]pb.Entry, len(found.entries))
	for i, e := range found.entries {
		entries[i] = e.raft()
	}
	if err := q.storage.Append(entries); err != nil {
		return snapshot, nil, err
	}
	q.state = found.state
	return snapshot, entries, q.storage.SetHardState(pb.HardState{Term: q.state.term, Vote: q.state.vote, Commit: q.state.commit})
}

// leading reports whether this voter leads, and in which term.
func (q *quorum) leading() (term uint64, leads bool) { return q.term, q.role == raft.StateLeader }

// leader is the voter that this one believes to lead, 0 if none.
func (q *quorum) leader() VoterID { return VoterID(q.raft.BasicStatus().Lead) }

// lastIndex is the index of the last entry of this voter's log, committed or
// not. Before a proposal it is one below the proposal's own.
func (q *quorum) lastIndex() uint64 {
	last, _ := q.storage.LastIndex()
	return last
}

// propose appends an entry to the log of the leader, which this voter must be;
// an error means that it was not appended.
func (q *quorum) propose(data []byte) error {
	err := q.raft.Propose(data)
	q.proceed()
	return err
}

// step takes a message from another voter.
func (q *quorum) step(m *pb.Message) {
	if m.Snapshot != nil {
		m.Snapshot.Metadata.ConfState = pb.ConfState{Voters: q.voters}
	}
	if q.raft.Step(*m) != nil {
		return // a message that raft refuses is a message lost
	}
	switch m.Type {
	case pb.MsgApp, pb.MsgHeartbeat, pb.MsgSnap:
		if m.Term == q.raft.BasicStatus().Term {
			q.waited = 0
		}
	}
	q.proceed()
}

// unreachable says that messages to a voter are being lost.
func (q *quorum) unreachable(id VoterID) {
	q.raft.ReportUnreachable(uint64(id))
	q.proceed()
}

// snapshotLost says that a snapshot may not have reached a voter.
func (q *quorum) snapshotLost(id VoterID) {
	q.raft.ReportSnapshot(uint64(id), raft.SnapshotFailure)
	q.proceed()
}

// snapshotTaken says that a voter acknowledged a log up to index after a snapshot
// was sent to it; it reports whether that was the snapshot. Without this, a
// voter whose snapshot arrives when the leader has compacted past it would wait
// for ever: raft holds back until it hears how the snapshot fared.
func (q *quorum) snapshotTaken(id VoterID, index uint64) bool {
	taken, pending := false, false
	q.raft.WithProgress(func(peer uint64, _ raft.ProgressType, progress tracker.Progress) {
		if peer == uint64(id) && progress.State == tracker.StateSnapshot {
			pending = true
			taken = index >= progress.PendingSnapshot
		}
	})
	if taken {
		q.raft.ReportSnapshot(uint64(id), raft.SnapshotFinish)
		q.proceed()
	}
	return taken || !pending
}

// tick counts one VoterTick.
func (q *quorum) tick() {
	if _, leads := q.leading(); leads {
		q.raft.Tick()
		q.proceed()
		return
	}
	q.waited++
	if q.waited == q.electionTicks {
		// The lease ends: from here on this voter may vote for another.
		_ = q.raft.ForgetLeader()
	}
	if q.waited >= q.patience {
		q.campaign()
	}
	q.proceed()
}

func (q *quorum) campaign() {
	_ = q.raft.Campaign()
	q.waitAnew()
}

func (q *quorum) waitAnew() {
	q.waited = 0
	q.patience = q.electionTicks + q.random.IntN(q.electionTicks)
}

// noteRole notices changes of term and role. A pre-candidate has changed
// nothing yet.
func (q *quorum) noteRole() {
	status := q.raft.BasicStatus()
	if status.Term != q.term || status.RaftState != q.role && status.RaftState != raft.StatePreCandidate {
		q.waitAnew()
	}
	q.term, q.role = status.Term, status.RaftState
}

// proceed does all that raft has ready.
func (q *quorum) proceed() {
	q.noteRole()
	for !q.failed && q.raft.HasReady() {
		ready := q.raft.Ready()
		for i := range ready.Messages {
			q.handle(&ready.Messages[i])
		}
		q.noteRole()
	}
	q.compact()
	q.submit()
}

func (q *quorum) handle(m *pb.Message) {
	switch m.To {
	case raft.LocalAppendThread:
		q.write(m)
	case raft.LocalApplyThread:
		for i := range m.Entries {
			e := &m.Entries[i]
			q.applied = e.Index
			q.check(q.consumer.apply(logEntry{index: e.Index, term: e.Term, data: e.Data}))
		}
		q.deliver(m.Responses)
	default:
		q.send(m)
	}
}

// write brings what raft wants stored into memory and into the file. The
// responses leave only AFTER a sync has covered it.
func (q *quorum) write(m *pb.Message) {
	var state *hardState
	if m.Term != 0 || m.Vote != 0 || m.Commit != 0 {
		q.state = hardState{term: m.Term, vote: m.Vote, commit: m.Commit}
		state = &q.state
		q.check(q.storage.SetHardState(pb.HardState{Term: m.Term, Vote: m.Vote, Commit: m.Commit}))
	}
	if m.Snapshot != nil {
		q.install(*m.Snapshot)
	}
	if len(m.Entries) > 0 {
		q.check(q.storage.Append(slices.Clone(m.Entries)))
	}
	if m.Snapshot == nil || len(m.Entries) > 0 {
		q.check(q.log.append(m.Entries, state))
	}
	q.pending = append(q.pending, m.Responses...)
}

// install replaces this voter's log by a snapshot of another's.
func (q *quorum) install(snapshot pb.Snapshot) {
	q.check(q.storage.ApplySnapshot(snapshot))
	index := snapshot.Metadata.Index
	q.check(q.consumer.restore(index, snapshot.Metadata.Term, snapshot.Data))
	q.snapshotIndex, q.applied = index, index
	q.begin(snapshot, nil)
}

// compact makes a snapshot of what was applied and drops the entries before it,
// but for a few.
func (q *quorum) compact() {
	if q.log.state != settled || q.applied < q.snapshotIndex+uint64(q.settings.SnapshotEntries) {
		return
	}
	snapshot, err := q.storage.CreateSnapshot(q.applied, &pb.ConfState{Voters: q.voters}, q.consumer.snapshot())
	q.check(err)
	q.snapshotIndex = q.applied
	if retain := uint64(q.settings.SnapshotRetain); q.applied > retain {
		if first, _ := q.storage.FirstIndex(); q.applied-retain >= first {
			q.check(q.storage.Compact(q.applied - retain))
		}
	}
	var entries []pb.Entry
	if last, _ := q.storage.LastIndex(); last > q.applied {
		entries, err = q.storage.Entries(q.applied+1, last+1, 1<<62)
		q.check(err)
	}
	q.begin(snapshot, entries)
}

// begin starts a new generation of the log file.
func (q *quorum) begin(snapshot pb.Snapshot, entries []pb.Entry) {
	if q.sync != 0 {
		if q.log.state != settled {
			// The generation that was to cover these never settles; the new one
			// holds them too.
			q.pending = append(q.covered, q.pending...)
			q.covered = nil
		}
		q.staleSync = true
	}
	if q.state.commit < snapshot.Metadata.Index {
		// A commit is written before what it commits is applied, so a snapshot
		// never runs ahead of it; raft would refuse to start from such a state.
		panic(fmt.Sprintf("controller %d: snapshot of %d with commit %d", q.id, snapshot.Metadata.Index, q.state.commit))
	}
	q.check(q.log.begin(snapshot, q.state, entries))
}

// submit starts a sync where there is something to cover and none in flight.
func (q *quorum) submit() {
	if q.failed || q.sync != 0 || q.log.state == settled && len(q.pending) == 0 {
		return
	}
	if q.log.state == beginning || q.log.state == settled { // else: what came after the file's sync waits for the next
		q.covered, q.pending = q.pending, nil
	}
	q.sync = q.log.sync()
}

// done takes the end of a sync; it reports whether op was one of the quorum's.
func (q *quorum) done(op host.Op, err error) bool {
	if op == 0 || op != q.sync {
		return false
	}
	q.sync = 0
	if err != nil {
		// What a failed sync left on the disk is unknown, and asking again does
		// not tell.
		q.check(err)
		return true
	}
	durable := true
	if q.staleSync {
		q.staleSync = false
	} else {
		durable, err = q.log.synced()
		q.check(err)
	}
	if durable && !q.failed {
		responses := q.covered
		q.covered = nil
		q.deliver(responses)
	}
	q.proceed()
	return true
}

// deliver lets out what waited for storage.
func (q *quorum) deliver(responses []pb.Message) {
	for i := range responses {
		m := responses[i]
		if m.Type == pb.MsgVoteResp && !m.Reject {
			q.waited = 0 // it voted
		}
		if m.To == uint64(q.id) {
			_ = q.raft.Step(m)
		} else {
			q.send(&m)
		}
	}
}

func (q *quorum) send(m *pb.Message) {
	if !q.failed {
		q.consumer.send(m)
	}
}

// committedEntries returns entries from an index on that are applied, at least
// one if there is any and at most maxBytes otherwise; ok is false where the log
// starts later.
func (q *quorum) committedEntries(from uint64, maxBytes uint64) (entries []logEntry, ok bool) {
	if first, _ := q.storage.FirstIndex(); from < first {
		return nil, false
	}
	if from > q.applied {
		return nil, true
	}
	found, err := q.storage.Entries(from, q.applied+1, maxBytes)
	q.check(err)
	for i := range found {
		entries = append(entries, logEntry{index: found[i].Index, term: found[i].Term, data: found[i].Data})
	}
	return entries, true
}

// logStart is the index of the first entry that this voter still has.
func (q *quorum) logStart() uint64 {
	first, _ := q.storage.FirstIndex()
	return first
}

// latestSnapshot returns the last snapshot; index 0 is none.
func (q *quorum) latestSnapshot() (index, term uint64, data []byte) {
	snapshot, _ := q.storage.Snapshot()
	return snapshot.Metadata.Index, snapshot.Metadata.Term, snapshot.Data
}

// check ends the process on an error of the disk: a voter that cannot write
// must not speak.
func (q *quorum) check(err error) {
	if err != nil {
		q.failed = true
		q.consumer.fail(fmt.Errorf("metadata log: %w", err))
	}
}
