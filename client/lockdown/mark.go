package lockdown

import (
	"encoding/json"
	"fmt"
	"os"
	"syscall"
	"time"
)

// Mark is a sign of life that the keeper of the timers leaves in a file every ten seconds. A second process sees by it that the keeper is not
// only there but working (F65), and the next run takes the time from it if the machine was not restarted in between.
type Mark struct {
	PID     int           `json:"pid"`
	Trusted time.Time     `json:"trusted"` // the time that counted
	Boot    time.Duration `json:"boot"`    // the clock that nobody sets, at that moment
	BootID  string        `json:"bootId"`
	Proven  bool          `json:"proven"` // a server had confirmed the time
}

// Times of the mark.
const (
	MarkEvery = 10 * time.Second
	MarkStale = 2 * time.Minute // a keeper whose mark is older does not work
)

// Age is how old the mark is by clocks that can not be set; ok is false when the machine was restarted since, or nothing is known.
func (m Mark) Age(c Clocks) (age time.Duration, ok bool) {
	if m.BootID == "" || m.BootID != c.BootID {
		return 0, false
	}
	return c.withDefaults().Boot() - m.Boot, true
}

// Mark is the sign of life of now.
func (g *Guard) Mark() Mark {
	now := g.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	m := Mark{PID: os.Getpid(), Trusted: now, Boot: g.o.Clocks.Boot(), BootID: g.o.Clocks.BootID}
	m.Proven = g.j.proven && g.j.state != clockOdd && g.j.state != clockOther
	return m
}

// ReadMark reads the file; a file that is missing or makes no sense is the zero Mark.
func ReadMark(path string) Mark {
	b, err := os.ReadFile(path)
	var m Mark
	if err != nil || json.Unmarshal(b, &m) != nil {
		return Mark{}
	}
	return m
}

// Write leaves the mark. It is not synced: what a power cut takes is only the memory of a boot that is over.
func (m Mark) Write(path string) error {
	b, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encoding the sign of life: %w", err)
	}
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return fmt.Errorf("leaving the sign of life: %w", err)
	}
	_, werr := f.Write(append(b, '\n'))
	if err := f.Close(); werr == nil {
		werr = err
	}
	if werr == nil {
		werr = os.Rename(path+".new", path)
	}
	if werr != nil {
		return fmt.Errorf("leaving the sign of life: %w", werr)
	}
	return nil
}
