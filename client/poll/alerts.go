package poll

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"cordon/store/soc"
)

// runAlerts is the loop of the alert poll.
func (p *Poller) runAlerts(ctx context.Context) {
	loaded := false
	for {
		var err error
		if !loaded {
			err = p.load(ctx)
			loaded = err == nil
		}
		if err == nil {
			err = p.poll(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		p.note(ctx, err)
		if !p.rest(ctx, p.wait(err), p.kick) {
			return
		}
	}
}

// load reads how far the last run of the program got.
func (p *Poller) load(ctx context.Context) error {
	st, err := p.Store.PollState(ctx, p.Integration.ID)
	if err != nil && soc.KindOf(err) != soc.KindNotFound {
		return fmt.Errorf("reading the poll state: %w", err)
	}
	st.Integration = p.Integration.ID
	if st.ActivatedAt.IsZero() {
		st.ActivatedAt = p.Now().UTC()
	}
	p.edit(func(l *live) { l.state = st })
	return nil
}

// poll does one round: what changed, then what is still missing from the first sync, then the sweep if it is due.
func (p *Poller) poll(ctx context.Context) error {
	now := p.Now().UTC()
	history, err := ParseHistory(p.Integration.MaxHistory, now)
	if err != nil {
		return err
	}
	p.edit(func(l *live) { l.state.LastTry = now })
	if err := p.delta(ctx, now, history); err != nil {
		return err
	}
	if err := p.backlog(ctx, history); err != nil {
		return err
	}
	if st := p.state(); now.Sub(st.LastSweep) >= sweepEvery {
		if err := p.sweep(ctx, now, history); err != nil {
			return err
		}
	}
	return p.save(ctx, func(st *soc.PollState) { st.LastOK, st.LastError = p.Now().UTC(), "" })
}

// delta reads what changed since the watermark, with the overlap. On a fresh store that is the last day.
func (p *Poller) delta(ctx context.Context, now, history time.Time) error {
	st := p.state()
	phase, from := "", st.Watermark.Add(-overlap)
	switch {
	case st.Watermark.IsZero():
		phase, from = "first sync", now.Add(-sweepBack)
	case covered(st).Before(history):
		if err := p.gap(ctx, covered(st), history); err != nil {
			return err
		}
	case now.Sub(st.Watermark) > time.Hour && now.Sub(st.LastOK) > time.Hour:
		phase = "catching up"
	}
	from = latest(from, history)
	return p.walk(ctx, phase, walker{fetch: p.API.AlertsUpdated, at: lastUpdate}, from, func(st *soc.PollState, upTo time.Time) {
		st.Watermark = latest(st.Watermark, p.believable(upTo))
	}, func(st *soc.PollState) {
		if st.LastSweep.IsZero() {
			st.LastSweep = now // the first delta reached as far back as a sweep
		}
		if st.Watermark.IsZero() {
			st.Watermark = from // an empty tenant: the day was read
		}
	})
}

// backlog reads the unresolved alerts of the history once, oldest first. What is new meanwhile does not wait for it. It resumes at the
// cursor after an interruption.
func (p *Poller) backlog(ctx context.Context, history time.Time) error {
	st := p.state()
	if st.FirstDone {
		return nil
	}
	fresh := p.Now()
	step := func(st *soc.PollState, upTo time.Time) { st.Cursor = latest(st.Cursor, upTo) }
	between := func() error {
		now := p.Now().UTC()
		if now.Sub(fresh) < p.interval {
			return nil
		}
		fresh = now
		return p.delta(ctx, now, history)
	}
	w := walker{fetch: p.API.AlertsOpen, at: created}
	return p.walkBetween(ctx, "first sync", w, latest(st.Cursor, history), step, func(st *soc.PollState) {
		st.FirstDone, st.Cursor = true, time.Time{}
	}, between)
}

// sweep reads the last day again, for alerts that Defender showed late.
func (p *Poller) sweep(ctx context.Context, now, history time.Time) error {
	from := latest(now.Add(-sweepBack), history)
	return p.walk(ctx, "", walker{fetch: p.API.AlertsUpdated, at: lastUpdate}, from, nil, func(st *soc.PollState) { st.LastSweep = now })
}

func (p *Poller) walk(ctx context.Context, phase string, w walker, from time.Time, step func(*soc.PollState, time.Time), end func(*soc.PollState)) error {
	return p.walkBetween(ctx, phase, w, from, step, end, func() error { return nil })
}

// walkBetween runs a walker from a time on. Each page goes into the store together with the state that step makes of it; end applies when
// all was read; between runs after each page.
func (p *Poller) walkBetween(ctx context.Context, phase string, w walker, from time.Time, step func(*soc.PollState, time.Time), end func(*soc.PollState), between func() error) error {
	w.top = p.PageSize
	w.put = func(page []soc.RawAlert, upTo time.Time) error {
		st := p.state()
		if step != nil && !upTo.IsZero() {
			step(&st, upTo)
		}
		if len(page) > 0 {
			if _, err := p.Store.PutAlerts(ctx, p.Integration.ID, page, st); err != nil {
				return fmt.Errorf("storing alerts: %w", err)
			}
		}
		p.edit(func(l *live) {
			l.state = st
			l.heard = p.Now().UTC()
			if l.phase = phase; phase != "" {
				l.done += len(page)
			}
		})
		return between()
	}
	if err := w.walk(ctx, from, time.Time{}); err != nil {
		return err
	}
	return p.save(ctx, end)
}

// gap tells and audits that a stretch of time will not be fetched, because the last run is older than the history setting (T-29). The
// watermark moves to the history's edge, so that it is told once.
func (p *Poller) gap(ctx context.Context, from, to time.Time) error {
	text := long(to.Sub(from)) + " not fetched"
	err := p.Store.AppendAudit(ctx, soc.AuditEntry{
		Time: p.Now().UTC(), Integration: p.Integration.ID, Actor: soc.Service("poller"), Action: "gap", Target: p.Integration.Name,
		Result: soc.ResultSeen,
		Detail: fmt.Sprintf("%s: alerts from %s to %s; the history setting is %q", text, stamp(from), stamp(to), p.Integration.MaxHistory),
	})
	if err != nil {
		return fmt.Errorf("auditing the gap: %w", err)
	}
	p.edit(func(l *live) { l.gapAt = p.Now() })
	return p.save(ctx, func(st *soc.PollState) { st.Gap, st.Watermark = text, to })
}

// believable keeps a record from the future (a broken clock, a bad record) from moving the watermark past what is still to come.
func (p *Poller) believable(t time.Time) time.Time {
	if limit := p.Now().UTC().Add(p.API.Skew()); t.After(limit) {
		return limit
	}
	return t
}

// wait is the time until the next try: the interval after a success, else as long as the failure asks for.
func (p *Poller) wait(err error) time.Duration {
	p.mu.Lock()
	failures := p.live.failures
	p.mu.Unlock()
	if err == nil {
		return p.interval
	}
	switch soc.KindOf(err) {
	case soc.KindThrottled:
		return max(throttledFor(err), time.Second)
	case soc.KindUnauthorized, soc.KindDenied, soc.KindRefused, soc.KindInvalid, soc.KindNotFound:
		return max(p.interval, slowRetry)
	}
	if failures >= maxFailures {
		return slowRetry
	}
	d := min(time.Second<<min(failures, 6), slowRetry)
	return d/2 + rand.N(d/2+1)
}

// covered is up to when the store knows everything: a quiet tenant has an old watermark, and no gap.
func covered(st soc.PollState) time.Time { return latest(st.Watermark, st.LastOK) }

func lastUpdate(a soc.Alert) time.Time { return a.LastUpdate }
func created(a soc.Alert) time.Time    { return a.Created }

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// long writes a stretch of time in its largest whole unit.
func long(d time.Duration) string {
	n, unit := int(d.Round(time.Minute)/time.Minute), "minute"
	switch {
	case d >= 48*time.Hour:
		n, unit = int(d.Round(24*time.Hour)/(24*time.Hour)), "day"
	case d >= 2*time.Hour:
		n, unit = int(d.Round(time.Hour)/time.Hour), "hour"
	}
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", n, unit)
}
