package client

import (
	"context"
	"slices"
	"time"
)

// How long a token is kept that Defender does not accept, because another may be no better: a role that is missing for good must not turn every
// call into a sign-in. A release waits less than its first back-off for that, so that each of its tries goes out with what is granted then.
const (
	renewPause   = time.Minute
	releasePause = 4 * time.Second
)

func pauseOf(p Priority) time.Duration {
	if p == PriorityRelease {
		return releasePause
	}
	return renewPause
}

// within reports whether at was less than d ago. A time in the future comes from a clock that was set back, and holds nobody up (F59).
func within(now, at time.Time, d time.Duration) bool {
	ago := now.Sub(at)
	return ago >= 0 && ago < d
}

// roleLess is the cause of a 403 that is about a role: the token that was used has none of these.
type roleLess struct {
	tok   *liveToken
	roles []string
}

func (*roleLess) Error() string { return "the token lacks the role" }

// renew signs in although the token is good still: what was granted since shows in a new one only. Others use the old one meanwhile, so that no
// order waits for it, and after a failure.
func (t *tokens) renew(ctx context.Context) (*liveToken, error) {
	t.mu.Lock()
	wait := t.flight
	if wait == nil {
		return t.fly(ctx)
	}
	t.mu.Unlock()
	if err := wait.end(ctx); err != nil {
		return nil, err
	}
	return t.get(ctx)
}

// drop forgets a token that Defender rejected, unless one was dropped less than pause ago. It reports whether there is another to try.
func (t *tokens) drop(rejected *liveToken, pause time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	switch {
	case t.cur == nil || t.cur.value != rejected.value:
		return true
	case within(now, t.dropped, pause):
		return false
	}
	t.cur, t.dropped = nil, now
	return true
}

// regrant replaces a token that lacks a role, unless it or the last try is younger than pause. It reports whether the new one has the role, so
// that the call may go out again: a 403 is a definite refusal, as a 401 is.
func (t *tokens) regrant(ctx context.Context, l *roleLess, pause time.Duration) bool {
	t.mu.Lock()
	cur, now := t.cur, t.now()
	switch {
	case cur != nil && cur.value != l.tok.value: // somebody was faster
		t.mu.Unlock()
		return hasAny(cur.claims.Roles, l.roles)
	case t.flight == nil && (within(now, l.tok.issued, pause) || within(now, t.regranted, pause)):
		t.mu.Unlock()
		return false
	}
	t.regranted = now
	t.mu.Unlock()
	fresh, err := t.renew(ctx)
	return err == nil && fresh.value != l.tok.value && hasAny(fresh.claims.Roles, l.roles)
}

// Lacking reports whether a new token may say more than the last one, because that lacks a role that cordon has a use for. One that came a moment
// ago is as good as new: whoever keeps a key pressed shall not sign in at every turn.
func (c *Client) Lacking() bool {
	c.tokens.mu.Lock()
	seen, cur, now := c.tokens.seen, c.tokens.cur, c.now()
	c.tokens.mu.Unlock()
	if !seen.Known || cur != nil && within(now, cur.issued, releasePause) {
		return false
	}
	return slices.ContainsFunc(Capabilities(seen.Roles), func(can Capability) bool { return !can.Granted })
}
