//go:build !linux

package lockdown

import (
	"time"

	"golang.org/x/sys/unix"
)

// sinceBoot reads the clock that nobody sets. On macOS it goes on while the machine sleeps.
func sinceBoot() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
