package controller

import (
	"testing"

	"github.com/stretchr/testify/require"
	pb "go.etcd.io/raft/v3/raftpb"
)

// generation is the content of a log file with a snapshot, states and entries.
func generation() []byte {
	l := &voterLog{}
	l.frame(frameSnapshot, func(dst []byte) []byte { return appendBytes(append(dst, 4, 1), []byte("image")) })
	l.frameState(hardState{term: 1, vote: 2, commit: 4})
	l.frameEntries([]pb.Entry{{Index: 5, Term: 1, Data: []byte("a")}, {Index: 6, Term: 1, Data: []byte("b")}})
	l.frameState(hardState{term: 2, vote: 3, commit: 5})
	l.frameEntries([]pb.Entry{{Index: 6, Term: 2, Data: []byte("c")}})
	return l.buffer
}

func TestGenerationIsReadBack(t *testing.T) {
	r, err := parseGeneration(generation())
	require.NoError(t, err)
	require.Equal(t, recovered{
		snapshotIndex: 4, snapshotTerm: 1, snapshot: []byte("image"), state: hardState{term: 2, vote: 3, commit: 5},
		entries: []logEntry{{5, 1, []byte("a")}, {6, 2, []byte("c")}},
	}, r)
}

// Wherever the tail is torn, what is whole before it counts; without a whole
// beginning nothing does.
func TestTornGeneration(t *testing.T) {
	content := generation()
	_, _, rest := nextFrame(content)
	begun := len(content) - len(rest)
	for length := range content {
		r, err := parseGeneration(content[:length])
		if length < begun {
			require.ErrorIs(t, err, errVoterLog)
			continue
		}
		require.NoError(t, err)
		torn := append([]byte(nil), content...)
		torn[length] ^= 0x40
		again, err := parseGeneration(torn)
		require.NoError(t, err)
		require.Equal(t, r, again, "damage at %d", length)
	}
}

func FuzzParseGeneration(f *testing.F) {
	f.Add(generation())
	f.Fuzz(func(t *testing.T, content []byte) {
		r, err := parseGeneration(content)
		for i, e := range r.entries {
			require.Equal(t, r.snapshotIndex+1+uint64(i), e.index)
		}
		if err != nil {
			require.ErrorIs(t, err, errVoterLog)
		}
	})
}

func TestVoterMessageSurvivesTheWire(t *testing.T) {
	messages := []pb.Message{
		{Type: pb.MsgHeartbeat, To: 1, From: 2, Term: 3, Commit: 4, Context: []byte("x")},
		{Type: pb.MsgApp, To: 1, From: 2, Term: 3, LogTerm: 2, Index: 9, Commit: 8, Entries: []pb.Entry{{Index: 10, Term: 3, Data: []byte("data")}, {Index: 11, Term: 3}}},
		{Type: pb.MsgAppResp, To: 1, From: 2, Term: 3, Index: 9, Reject: true, RejectHint: 7, LogTerm: 1},
		{Type: pb.MsgVote, To: 1, From: 2, Term: 3, Index: 9, LogTerm: 2, Vote: 1},
		{Type: pb.MsgSnap, To: 1, From: 2, Term: 3, Snapshot: &pb.Snapshot{Data: []byte("a snapshot in parts"), Metadata: pb.SnapshotMetadata{Index: 9, Term: 2}}},
	}
	for _, m := range messages {
		var parts snapshotParts
		var arrived *pb.Message
		for _, part := range splitMessage(&m, 4) {
			require.Nil(t, arrived)
			copied, err := part.Reencode()
			require.NoError(t, err)
			require.Equal(t, part.Size(), copied.Size())
			require.Equal(t, part.Fingerprint(), copied.Fingerprint())
			arrived, err = parts.add(copied.(*voterMessage))
			require.NoError(t, err)
		}
		require.Equal(t, &m, arrived)
	}
}

func TestSnapshotPartOutOfPlaceIsRefused(t *testing.T) {
	m := pb.Message{Type: pb.MsgSnap, Snapshot: &pb.Snapshot{Data: []byte("a snapshot in parts")}}
	parts := splitMessage(&m, 4)
	var p snapshotParts
	_, err := p.add(parts[0])
	require.NoError(t, err)
	_, err = p.add(parts[2])
	require.ErrorIs(t, err, errVoterMessage)
}

func FuzzVoterFrame(f *testing.F) {
	m := pb.Message{Type: pb.MsgApp, Entries: []pb.Entry{{Index: 1, Term: 1, Data: []byte("d")}}}
	f.Add(splitMessage(&m, 10)[0].appendFrame(nil))
	f.Fuzz(func(t *testing.T, frame []byte) {
		m, err := decodeVoterFrame(frame)
		if err != nil {
			require.ErrorIs(t, err, errVoterMessage)
			return
		}
		var p snapshotParts
		if _, err := p.add(m); err != nil {
			require.ErrorIs(t, err, errVoterMessage)
		}
	})
}
