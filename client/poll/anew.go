package poll

import (
	"context"
	"time"

	"cordon/store/soc"
)

// renewer is an API that can sign in anew. *client.Client is one.
type renewer interface {
	Renew(ctx context.Context) error
	Lacking() bool
}

// rest waits for a time or a kick; false means ctx ended. Whoever kicks a poller that is refused may just have had a role granted, or a secret
// corrected: that shows in a new token only, so there is one before the next try. It is asked for here, where nobody but the poll waits for it.
func (p *Poller) rest(ctx context.Context, d time.Duration, kick <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-kick:
		if r, ok := p.API.(renewer); ok && (p.refused() || r.Lacking()) {
			_ = r.Renew(ctx) // the poll that follows tells
		}
	case <-ctx.Done():
		return false
	}
	return ctx.Err() == nil
}

// refused reports that Defender, or the sign-in, said no to the last alert poll, fleet read or host read.
func (p *Poller) refused() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, err := range []error{p.live.err, p.live.actsErr, p.live.hostErr} {
		if k := soc.KindOf(err); err != nil && (k == soc.KindDenied || k == soc.KindUnauthorized) {
			return true
		}
	}
	return false
}
