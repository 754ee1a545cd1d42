package lockdown

import (
	"context"
	"time"
)

// answerWithin is how long an order that is on its way may still wait for its answer when cordon is told to stop. It is below the five seconds
// that stopping may take (F20).
const answerWithin = 3 * time.Second

// outlive makes a context for a call that has begun: it ends after limit, or a little after ctx. An order that is cut off has an unknown
// outcome and must be looked for after the next start; a moment of patience saves that.
func outlive(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	out, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	stop := context.AfterFunc(ctx, func() {
		t := time.NewTimer(answerWithin)
		defer t.Stop()
		select {
		case <-t.C:
			cancel()
		case <-out.Done():
		}
	})
	return out, func() { stop(); cancel() }
}
