//go:build unix && !linux

package secret

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// NoDumps keeps the memory of this process out of core dumps (SC44).
func NoDumps() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("switching core dumps off: %w", err)
	}
	return nil
}
