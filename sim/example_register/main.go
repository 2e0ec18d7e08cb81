package main

import (
	"fmt"
	"io"
	"os"
)

const seeds = 50

func main() { os.Exit(hunt(os.Stdout)) }

// hunt looks for a stale read with and without the planted bug, and shows the
// first one again from its seed.
func hunt(out io.Writer) (exitCode int) {
	for seed := range uint64(seeds) {
		digest, stale := run(seed, true)
		if len(stale) == 0 {
			continue
		}
		first := stale[0]
		fmt.Fprintf(out, "without write-back, seed %d: at %v %s read version %d after version %d had been read\n",
			seed, first.at, first.reader, first.version, first.seen)
		again, _ := run(seed, true)
		fmt.Fprintf(out, "digest %v, replayed %v\n", digest, again)
		break
	}
	found := 0
	for seed := range uint64(seeds) {
		if _, stale := run(seed, false); len(stale) > 0 {
			found++
		}
	}
	fmt.Fprintf(out, "with write-back: %d of %d seeds show a stale read\n", found, seeds)
	if found > 0 {
		return 1
	}
	return 0
}
