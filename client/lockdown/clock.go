package lockdown

import (
	"os"
	"strings"
	"time"
)

// Clocks are what the guard compares. The zero value means the wall clock and the process's steady clock, which does not count suspends.
type Clocks struct {
	// Wall is the clock that people, NTP and a bad battery can set.
	Wall func() time.Time
	// Boot is the time since the machine started, suspends included. Nobody can set it.
	Boot func() time.Duration
	// BootID is different after every start of the machine; "" is unknown.
	BootID string
}

// SystemClocks are the clocks of this machine.
func SystemClocks() Clocks {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		id = nil // not Linux: nothing is known about the last run
	}
	return Clocks{Wall: time.Now, Boot: sinceBoot, BootID: strings.TrimSpace(string(id))}
}

func (c Clocks) withDefaults() Clocks {
	if c.Wall == nil {
		c.Wall = time.Now
	}
	if c.Boot == nil {
		start := time.Now()
		c.Boot = func() time.Duration { return time.Since(start) }
	}
	return c
}
