package secret

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// NoDumps keeps the memory of this process out of core dumps and away from other processes of the same user (SC44): no core file is written,
// and nobody but root may trace it or read its memory and its environment.
func NoDumps() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("switching core dumps off: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("switching core dumps off: %w", err)
	}
	return nil
}
