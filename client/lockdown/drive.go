package lockdown

import (
	"context"
	"fmt"
	"time"

	"cordon/store/soc"
)

// Drive handles one record in the calling goroutine, as Run does, and returns when it must be handled again; zero means that only a change
// of the record brings more work. Long proofs drive many records through it on a clock of their own. It must not be mixed with Run.
func (r *Reconciler) Drive(ctx context.Context, id soc.LockdownID) (time.Time, error) {
	l, err := r.o.Store.Lockdown(ctx, id)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading lockdown %s: %w", id, err)
	}
	r.work(ctx, l)
	if m := r.remembered(id); !m.look.IsZero() {
		return m.look, nil
	}
	if l, err = r.o.Store.Lockdown(ctx, id); err != nil {
		return time.Time{}, fmt.Errorf("reading lockdown %s: %w", id, err)
	}
	return l.Wake, nil
}
