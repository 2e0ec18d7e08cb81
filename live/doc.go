// Package live is the real world: it runs a host.Node on sockets, files and the
// real clock. Each process has one loop that makes all calls of its node, one at
// a time; framing, decoding and syncs happen in goroutines of their own, which
// hand immutable messages to the loop.
package live
