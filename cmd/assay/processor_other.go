//go:build !unix

package main

import "time"

var began = time.Now()

// processorTime stands in for the process's own time where the system has no
// call for it that Go offers everywhere: the time on the wall, an upper bound for
// one run at a time.
func processorTime() time.Duration { return time.Since(began) }
