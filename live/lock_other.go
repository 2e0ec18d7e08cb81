//go:build !unix

package live

import "os"

// lockExclusively cannot keep others out where there is no flock.
func lockExclusively(*os.File) error { return nil }
