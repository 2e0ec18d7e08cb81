package kafka

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSequenceWraps(t *testing.T) {
	require.Equal(t, Sequence(0), Sequence(1<<31-1).Add(1))
	require.Equal(t, Sequence(4), Sequence(1<<31-3).Add(7))
	require.Equal(t, Sequence(1<<31-1), Sequence(0).Add(-1))
	require.Equal(t, Sequence(12), Sequence(10).Add(2))
}

func TestTopicIDString(t *testing.T) {
	id := TopicID{0xfb, 0xff, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	require.Equal(t, "-_8CAwQFBgcICQoLDA0ODw", id.String())
	read, err := ParseTopicID(id.String())
	require.NoError(t, err)
	require.Equal(t, id, read)
	_, err = ParseTopicID("short")
	require.ErrorIs(t, err, ErrTopicID)
}

func TestTopicPartition(t *testing.T) {
	require.Equal(t, "my-topic-7", TopicPartition{"my-topic", 7}.String())
	require.Negative(t, TopicPartition{"a", 7}.Compare(TopicPartition{"b", 0}))
	require.Positive(t, TopicPartition{"a", 10}.Compare(TopicPartition{"a", 9}))
}
