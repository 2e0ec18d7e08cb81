package broker_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/kafka"
)

// TestTransactionsAnswerAsKafka asks what a broker of Kafka was asked, and is
// answered the same.
func TestTransactionsAnswerAsKafka(t *testing.T) {
	content, err := os.ReadFile("testdata/transactions-of-kafka-4.3.txt")
	require.NoError(t, err)
	a := &asking{cluster: newCluster(t, 1, nil), ids: map[string]int64{}}
	a.createTopic("orders", 3, nil)
	asked := 0
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSpace(line)
		if question, answer, ok := strings.Cut(line, ": "); ok && !strings.HasPrefix(line, "#") {
			asked++
			require.Equal(t, answer, a.ask(strings.Fields(question)), "%s, after %d others", question, asked)
		}
	}
	require.Greater(t, asked, 50)
}

// asking remembers the producer id that each transactional id was given.
type asking struct {
	*cluster
	ids map[string]int64
}

func (a *asking) ask(words []string) string {
	id := strings.Trim(words[1], `"`)
	p := a.transactional(id)
	to := "broker-1" // anybody may refuse what names no transactional id
	if id != "" {
		to = p.coordinator()
	}
	if words[0] == "state" {
		d := p.describe(to)
		for d.State == "PrepareCommit" || d.State == "PrepareAbort" {
			a.w.Run(a.w.Now().Add(10 * time.Millisecond))
			d = p.describe(to)
		}
		if d.ErrorCode != 0 {
			return errorName(d.ErrorCode)
		}
		return fmt.Sprintf("%s %d", d.State, d.ProducerEpoch)
	}
	rest := words[2:]
	if words[0] == "init" {
		return a.init(to, id, rest)
	}
	producer, known := a.ids[id]
	if !known || rest[0] == "other" {
		producer = 999
	}
	if rest[0] == "other" {
		rest = rest[1:]
	}
	epoch := int16(number(rest[0]))
	switch words[0] {
	case "commit", "abort":
		r := kmsg.NewPtrEndTxnRequest()
		r.Version = int16(number(strings.TrimPrefix(rest[1], "v")))
		r.TransactionalID, r.ProducerID, r.ProducerEpoch, r.Commit = id, producer, epoch, words[0] == "commit"
		answer := a.call(to, r).(*kmsg.EndTxnResponse)
		return fmt.Sprintf("%s -> %d", errorName(answer.ErrorCode), answer.ProducerEpoch)
	case "add", "verify":
		r := kmsg.NewPtrAddPartitionsToTxnRequest()
		r.Version = 5
		one := kmsg.NewAddPartitionsToTxnRequestTransaction()
		one.TransactionalID, one.ProducerID, one.ProducerEpoch, one.VerifyOnly = id, producer, epoch, words[0] == "verify"
		topic := kmsg.NewAddPartitionsToTxnRequestTransactionTopic()
		name, partition, _ := strings.Cut(rest[1], "/")
		topic.Topic, topic.Partitions = name, []int32{int32(number(partition))}
		one.Topics = append(one.Topics, topic)
		r.Transactions = append(r.Transactions, one)
		answer := a.call(to, r).(*kmsg.AddPartitionsToTxnResponse)
		return errorName(answer.Transactions[0].Topics[0].Partitions[0].ErrorCode)
	}
	panic("no question " + words[0])
}

func (a *asking) init(to, id string, words []string) string {
	r := kmsg.NewPtrInitProducerIDRequest()
	r.Version, r.TransactionalID, r.TransactionTimeoutMillis = 5, &id, int32(number(words[0]))
	if len(words) > 1 {
		r.ProducerID = a.ids[id]
		if words[2] == "other" {
			r.ProducerID = 999
		}
		r.ProducerEpoch = int16(number(words[len(words)-1]))
	}
	answer := a.call(to, r).(*kmsg.InitProducerIDResponse)
	if answer.ErrorCode == 0 {
		require.NotEqual(a.t, int64(kafka.NoProducerID), answer.ProducerID)
		a.ids[id] = answer.ProducerID
	}
	return fmt.Sprintf("%s -> %d", errorName(answer.ErrorCode), answer.ProducerEpoch)
}

func errorName(code int16) string {
	if code == 0 {
		return "yes"
	}
	return kerr.ErrorForCode(code).(*kerr.Error).Message
}

func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}
