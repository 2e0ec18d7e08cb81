package kafkaconfig

// features are what Kafka decides on by feature levels of the whole cluster (KIP-584, kafka-storage format
// --feature) and not by a broker's configuration. A scenario sets them like the keys of all brokers.
var features = []Key{
	{Kind: Broker, Name: "transaction.version", Type: TypeShort, Importance: "HIGH", HasDefault: true, Default: "2", Min: "0", Max: "2"},
}
