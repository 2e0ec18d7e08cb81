//go:build unix

package main

import (
	"syscall"
	"time"
)

// processorTime is what this process has used so far, the system's part included.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // there is no reason to refuse it
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
