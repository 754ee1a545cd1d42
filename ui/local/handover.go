package local

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"cordon/store/soc"
)

// Handover gives the timers of a console to a background process, once, whoever asks for it: the person who leaves, or a console that ends
// without anybody having been asked (K-13, F74, F78). The zero value can not start anything.
type Handover struct {
	// Start starts the background process; nil when none is possible.
	Start func() (*Keeper, error)

	mu     sync.Mutex
	keeper *Keeper
}

// Begin starts the background process unless it was started already.
func (h *Handover) Begin() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.keeper != nil {
		return nil
	}
	k, err := h.Start()
	if err != nil {
		return err
	}
	h.keeper = k
	return nil
}

// readWithin is how long the store may take to say whether anything is live.
const readWithin = 5 * time.Second

// Unasked is called when the console has ended with an error: its terminal is gone, somebody stopped the process, or it broke. Nobody could
// be asked, so lockdowns that are live, or may be, get a background process. live must answer although the console's own context has ended.
// The error says what happened and who keeps the timers; it is ended when nothing was live.
func (h *Handover) Unasked(ended error, live func(context.Context) ([]soc.Lockdown, error)) error {
	ctx, cancel := context.WithTimeout(context.Background(), readWithin)
	defer cancel()
	locks, err := live(ctx)
	if err == nil && len(locks) == 0 {
		return ended
	}
	e := &soc.Error{
		Kind: soc.KindInternal, Code: "console-ended", Err: ended, What: fmt.Sprintf("the console ended without being asked: %v", ended),
		Means: "the timers go on in a background process", Next: `run "cordon" to see them`,
	}
	if h.Start == nil {
		e.Means, e.Next = "nobody keeps the timers: isolated hosts stay isolated until cordon runs", `run "cordon" or "cordon serve"`
		return e
	}
	if err := h.Begin(); err != nil {
		e.Means, e.Next = "the background process did not start either ("+err.Error()+"): isolated hosts stay isolated until cordon runs", `run "cordon serve"`
	}
	return e
}

// Ready waits until the background process, if one was started, holds the store. Call it when the store is closed.
func (h *Handover) Ready(w io.Writer) error {
	h.mu.Lock()
	k := h.keeper
	h.mu.Unlock()
	if k == nil {
		return nil
	}
	return k.Ready(w)
}
