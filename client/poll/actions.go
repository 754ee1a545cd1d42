package poll

import (
	"context"
	"time"

	"cordon/store/soc"
)

// How far back the fleet's actions are read. Defender gives an order up after 72 hours, so four days hold everything that can still move;
// the whole past is read at start and a few times a day.
const (
	actionsRecent = 4 * 24 * time.Hour
	actionsAll    = 180 * 24 * time.Hour
	actionsFull   = 6 * time.Hour
)

// runActions keeps the fleet view of isolations fresh.
func (p *Poller) runActions(ctx context.Context) {
	var full time.Time
	failures := 0
	for {
		now := p.Now().UTC()
		since := now.Add(-actionsRecent)
		all := now.Sub(full) >= actionsFull
		if all {
			since = now.Add(-actionsAll)
		}
		open, err := p.readActions(ctx, since, now)
		if ctx.Err() != nil {
			return
		}
		p.edit(func(l *live) { l.actsErr = err })
		wait := p.ActionsIdle
		switch {
		case err != nil:
			failures++
			wait = min(p.ActionsIdle, max(throttledFor(err), slowRetry, time.Duration(failures)*p.ActionsBusy))
			if d := throttledFor(err); d > wait {
				wait = d
			}
		case open:
			wait = p.ActionsBusy
		}
		if err == nil {
			failures = 0
			if all {
				full = now
			}
		}
		if !p.rest(ctx, wait, p.kickActs) {
			return
		}
	}
}

// readActions reads isolations and releases, and reports whether one is still under way.
func (p *Poller) readActions(ctx context.Context, since, asOf time.Time) (open bool, err error) {
	acts, err := p.API.IsolationActions(ctx, since)
	if err != nil {
		return false, err
	}
	if err := p.Store.PutActions(ctx, p.Integration.ID, acts, asOf); err != nil {
		return false, err
	}
	if err := p.watchDrift(ctx, acts, asOf); err != nil {
		return false, err
	}
	for _, a := range acts {
		if pending(a, asOf) {
			return true, nil
		}
	}
	return false, nil
}

// pending tells whether an action may still move.
func pending(a soc.MachineAction, now time.Time) bool {
	return !a.Status.Final() && now.Sub(a.Created) < actionsRecent
}
