package poll

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cordon/store/soc"
)

// live is what the poller knows about itself.
type live struct {
	state    soc.PollState
	heard    time.Time // last good answer of the alert list
	err      error     // of the last poll
	failures int
	nextPoll time.Time
	phase    string
	done     int
	gapAt    time.Time
	roles    []string
	actsErr  error
	hostErr  error

	console   string // who ordered last with another console
	consoleAt time.Time
}

// gapShown is how long a gap stays on the screens; the audit history keeps it for good.
const gapShown = 24 * time.Hour

func (p *Poller) state() soc.PollState {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.live.state
}

// edit changes what is known and tells whoever shows it.
func (p *Poller) edit(change func(*live)) {
	p.mu.Lock()
	change(&p.live)
	p.mu.Unlock()
	p.Changed()
}

// save changes the poll state and stores it.
func (p *Poller) save(ctx context.Context, change func(*soc.PollState)) error {
	st := p.state()
	change(&st)
	if err := p.Store.SavePollState(ctx, st); err != nil {
		return fmt.Errorf("storing the poll state: %w", err)
	}
	p.edit(func(l *live) { l.state = st })
	return nil
}

// note records how a poll ended.
func (p *Poller) note(ctx context.Context, err error) {
	if err == nil || soc.KindOf(err) == soc.KindDenied { // there is a token, so this costs nothing
		if roles, err := p.API.Roles(ctx); err == nil {
			p.edit(func(l *live) { l.roles = roles })
		}
	}
	now := p.Now().UTC()
	p.edit(func(l *live) {
		if l.err = err; err == nil {
			l.failures, l.phase, l.done, l.heard = 0, "", 0, now
			if l.state.Gap != "" && l.gapAt.IsZero() {
				l.gapAt = now
			}
			if l.state.Gap != "" && now.Sub(l.gapAt) > gapShown {
				l.state.Gap = ""
			}
		} else {
			l.failures++
			l.state.LastError = err.Error()
		}
	})
	wait := p.wait(err)
	p.edit(func(l *live) { l.nextPoll = now.Add(wait) })
	if err != nil {
		// Failing to remember a failure changes nothing; the next poll says so itself.
		_ = p.Store.SavePollState(ctx, p.state())
	}
}

// Status tells the live condition.
func (p *Poller) Status() soc.Conn {
	p.mu.Lock()
	l := p.live
	p.mu.Unlock()
	c := soc.Conn{
		Integration: p.Integration, LastOK: l.state.LastOK, NextPoll: l.nextPoll, Interval: p.interval,
		Roles: append([]string(nil), l.roles...), Skew: p.API.Skew(), Phase: l.phase, Done: l.done, Gap: l.state.Gap,
	}
	c.MinuteUsed, c.MinuteLimit, c.HourUsed, c.HourLimit = p.API.Calls()
	c.State, c.Problem = p.condition(l, p.Now())
	return c
}

// condition finds the one word for the connection, and what to say about it.
func (p *Poller) condition(l live, now time.Time) (state, problem string) {
	switch {
	case l.err != nil:
		return p.failing(l)
	case l.heard.IsZero():
		return "connecting", ""
	case now.Sub(l.heard) > 2*p.interval:
		return "stale", "the last answer is " + long(now.Sub(l.heard)) + " old; what you see may have changed since; R polls now"
	case !p.Integration.Enabled:
		return "disabled", "containment is switched off here: no new isolations; alerts are read and running lockdowns are released"
	case l.actsErr != nil:
		return "ok", "isolation states are not being refreshed: " + l.actsErr.Error()
	case l.hostErr != nil:
		return "ok", "host details: " + l.hostErr.Error()
	}
	if skew := p.API.Skew(); skew.Abs() > time.Minute {
		return "ok", "this machine's clock differs from Defender's by " + skew.Abs().String() + "; set it right, or ages and deadlines are off"
	}
	return "ok", ""
}

func (p *Poller) failing(l live) (state, problem string) {
	var e *soc.Error
	problem = l.err.Error()
	switch soc.KindOf(l.err) {
	case soc.KindThrottled:
		state = "throttled"
	case soc.KindUnauthorized, soc.KindDenied, soc.KindRefused, soc.KindInvalid, soc.KindNotFound:
		state = "refused"
	case soc.KindUnavailable:
		state = "unreachable"
	default:
		state = "stale"
	}
	if l.failures >= maxFailures {
		problem = fmt.Sprintf("disconnected, %d tries failed; timers run on and the cached data stays: %s", l.failures, problem)
	}
	if !errors.As(l.err, &e) || e.Next == "" {
		problem += "; R tries again now"
	}
	return state, problem
}

func throttledFor(err error) time.Duration {
	var e *soc.Error
	if errors.As(err, &e) {
		return e.After
	}
	return 0
}
