package format

import (
	"maps"
	"strconv"
	"strings"
	"time"

	"assay/internal/kafkaconfig"
)

// Processor is a set of like processors. Each reads its input as a member of
// the group, makes one record of the output of each record of the input, and
// commits what it has read: in one transaction with the outputs, or after them.
type Processor struct {
	Name        string
	Count       int
	Group       string
	Input       []string
	Output      string
	Transaction *Transaction // nil: produce, flush, commit
	Commit      Commit       // without transactions: CommitAfterProcess or CommitBeforeProcess
	Process     Distribution // time that one record takes
	Handling    FailureHandling
	Config      map[string]string // of its consumer and its producer: keys that both know go to both
}

// Transaction says when a processor ends its transactions, and how.
type Transaction struct {
	MaxRecords int           // of the input
	Interval   time.Duration // from the first record on
	Abort      Share         // of the transactions, on purpose
}

// defaultBatch is when a processor without transactions flushes and commits.
var defaultBatch = Transaction{MaxRecords: 50, Interval: 100 * time.Millisecond}

// Batch says when a processor ends a batch, be it a transaction or not.
func (p Processor) Batch() Transaction {
	if p.Transaction == nil {
		return defaultBatch
	}
	return *p.Transaction
}

// Instances returns the names of the single processors.
func (p Processor) Instances() []string { return numbered(p.Name+"-", 0, p.Count) }

// ConsumerSettings returns what the consumer of an instance is configured by.
func (p Processor) ConsumerSettings(index int) kafkaconfig.Settings {
	return effective(kafkaconfig.Consumer, p.consumerKeys(index))
}

// ProducerSettings returns what the producer of an instance is configured by;
// transactional.id is its own, and only with transactions.
func (p Processor) ProducerSettings(index int) kafkaconfig.Settings {
	return p.ProducerSettingsWith(index, p.Config)
}

// ProducerSettingsWith is ProducerSettings with other keys in place of Config.
func (p Processor) ProducerSettingsWith(index int, config map[string]string) kafkaconfig.Settings {
	p.Config = config
	return effective(kafkaconfig.Producer, p.producerKeys(index))
}

func (p Processor) consumerKeys(index int) map[string]string {
	keys := keysOf(kafkaconfig.Consumer, p.Config, index)
	keys["group.id"], keys["enable.auto.commit"] = p.Group, "false"
	return keys
}

func (p Processor) producerKeys(index int) map[string]string {
	keys := keysOf(kafkaconfig.Producer, p.Config, index)
	if p.Transaction == nil {
		delete(keys, transactionalID)
	}
	return keys
}

const transactionalID = "transactional.id"

// TransactionalID is that of an instance, "" without transactions.
func (p Processor) TransactionalID(index int) string {
	if p.Transaction == nil {
		return ""
	}
	return numberedValue(p.Config[transactionalID], index)
}

// keysOf is the part of a configuration that a kind of client knows, as an instance has it.
func keysOf(kind kafkaconfig.Kind, config map[string]string, index int) map[string]string {
	keys := map[string]string{}
	for key, value := range config { // order-free: from a map to a map
		if _, known := kafkaconfig.Lookup(kind, key); known {
			keys[key] = numberedValue(value, index)
		}
	}
	return keys
}

// indexPlace stands for an instance's number in what must differ between instances.
const indexPlace = "{index}"

func numberedValue(value string, index int) string {
	return strings.ReplaceAll(value, indexPlace, strconv.Itoa(index))
}

// numberedConfig is a configuration as an instance has it.
func numberedConfig(config map[string]string, index int) map[string]string {
	numbered := maps.Clone(config)
	for key, value := range numbered { // order-free: each on its own
		numbered[key] = numberedValue(value, index)
	}
	return numbered
}

// Share is a part of a whole, in thousandths of a percent.
type Share int64

// Of draws by a share: chance is a number from 0 to Whole-1.
func (s Share) Of(chance int64) bool { return chance < int64(s) }

// Whole is the share of everything.
const Whole Share = 100_000

func (s Share) String() string { return shareDimension.print(int64(s)) }

var shareDimension = dimension{"a share", "2%", []unit{{"%", int64(Whole) / 100}}}
