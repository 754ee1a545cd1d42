package poll

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"cordon/store/soc"
)

// What others do to hosts must be seen, because Defender's side always wins (N-20, V-31): isolations and releases that cordon did not order,
// automatic attack disruption, other consoles, machines that were merged, replaced or removed. Each becomes one line of the history. A change
// that leaves no machine action, such as packet rules on a Linux host, can not be seen here.

// Words of the history's Action for what others did.
const (
	driftIsolate  = "drift-isolate"
	driftRelease  = "drift-release"
	driftConsole  = "drift-console" // an order of a cordon whose lockdown is not in this store
	driftMerged   = "drift-merged"
	driftGone     = "drift-gone"
	driftReplaced = "drift-replaced"
)

const (
	driftBack   = 7 * 24 * time.Hour // how far back a start looks for what happened meanwhile
	consoleSeen = 24 * time.Hour     // how long another console counts as active after its last order
)

// drift remembers what has a line already. The history is its memory over restarts.
type drift struct {
	loaded bool
	noted  map[string]bool // action ids
	began  time.Time
}

// watchDrift writes a line for every finished action that is not ours, once per action. Actions from before the tenant was attached have none.
func (p *Poller) watchDrift(ctx context.Context, acts []soc.MachineAction, now time.Time) error {
	if err := p.loadDrift(ctx, now); err != nil {
		return err
	}
	from := p.driftFrom(now)
	var lines []soc.AuditEntry
	for _, a := range acts {
		isolation := a.Is(soc.ActionIsolate) || a.Is(soc.ActionUnisolate)
		if !isolation || a.Status != soc.ActionSucceeded || a.Finished().Before(from) || p.drifted.noted[a.ID] {
			continue
		}
		ours, err := p.ours(ctx, a)
		if err != nil {
			return err
		}
		if !ours {
			lines = append(lines, p.driftLine(a, now))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	if err := p.Store.AppendAudit(ctx, lines...); err != nil {
		return fmt.Errorf("recording what others did: %w", err)
	}
	for _, e := range lines {
		p.drifted.noted[e.ActionID] = true
	}
	return nil
}

// loadDrift reads from the history what was noted before this start.
func (p *Poller) loadDrift(ctx context.Context, now time.Time) error {
	d := &p.drifted
	if d.loaded {
		return nil
	}
	if d.began.IsZero() {
		d.began, d.noted = now, map[string]bool{}
	}
	const count = 500
	for from := 0; ; from += count {
		page, err := p.Store.Audit(ctx, soc.AuditQuery{Text: "action:drift-", Since: now.Add(-driftBack - time.Hour), From: from, Count: count})
		if err != nil {
			return fmt.Errorf("reading the history: %w", err)
		}
		for _, e := range page.Entries {
			if e.Integration == p.Integration.ID && e.ActionID != "" {
				d.noted[e.ActionID] = true
			}
		}
		if len(page.Entries) < count {
			d.loaded = true
			return nil
		}
	}
}

// driftFrom is the time before which nothing is noted.
func (p *Poller) driftFrom(now time.Time) time.Time {
	from := p.Integration.CreatedAt
	if from.IsZero() {
		from = p.drifted.began
	}
	if back := now.Add(-driftBack); back.After(from) {
		from = back
	}
	return from
}

// ours reports whether the action is an order of a lockdown in this store.
func (p *Poller) ours(ctx context.Context, a soc.MachineAction) (bool, error) {
	id, ok := soc.LockdownOf(a.Comment)
	if !ok {
		return false, nil
	}
	_, err := p.Store.Lockdown(ctx, id)
	if errors.Is(err, soc.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func (p *Poller) driftLine(a soc.MachineAction, now time.Time) soc.AuditEntry {
	by := a.Requestor
	if by == "" {
		by = "somebody"
	}
	e := soc.AuditEntry{
		Action: driftIsolate, Host: a.MachineID, Target: a.HostName, Result: soc.ResultSeen, Cause: soc.CauseExternal, ActionID: a.ID,
		After: string(soc.Isolated), Detail: "isolated outside by " + by,
	}
	done := "isolated"
	if a.Is(soc.ActionUnisolate) {
		done, e.Action, e.After, e.Detail = "released", driftRelease, string(soc.NotIsolated), "released outside by "+by
	}
	if id, ok := soc.LockdownOf(a.Comment); ok {
		c, _ := soc.ParseOrderComment(a.Comment)
		who := c.By
		if who == "" {
			who = by
		}
		e.Action, e.Detail = driftConsole, fmt.Sprintf("%s by %s with another cordon console (%s)", done, who, id)
		p.seeConsole(who, a.Created)
	} else if text := soc.Clean(a.Comment); text != "" {
		e.Detail += ": " + cut(text, 120)
	}
	e.Detail += ", at " + a.Finished().UTC().Format("2006-01-02 15:04:05Z")
	return p.driftEntry(e, now)
}

func (p *Poller) driftEntry(e soc.AuditEntry, now time.Time) soc.AuditEntry {
	e.Time, e.Integration, e.Actor = now.UTC(), p.Integration.ID, soc.Service("poller")
	return e
}

func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// driftHost writes a line when a machine was merged into another, or is new and bears the name of one that is known (F41). It is called
// before the new record is stored, so that a start in between writes the line rather than loses it.
func (p *Poller) driftHost(ctx context.Context, old, h soc.Host, known bool) error {
	into := h.MergedInto
	if into == "" && known && !strings.EqualFold(h.Key.MachineID, old.Key.MachineID) {
		into = h.Key.MachineID
	}
	switch {
	case known && into != "" && old.MergedInto == "":
		return p.noteHost(ctx, driftMerged, old,
			"Defender merged this machine into "+into+"; orders to the old id reach nobody, lockdowns of it stay bound to it")
	case known || h.Name == "" || h.FirstSeen.Before(p.Integration.CreatedAt):
		return nil
	}
	same, err := p.Store.HostsNamed(ctx, p.Integration.ID, h.Name)
	if err != nil && !errors.Is(err, soc.ErrNotFound) {
		return fmt.Errorf("reading hosts of the same name: %w", err)
	}
	for _, other := range same {
		if other.Key != h.Key {
			return p.noteHost(ctx, driftReplaced, h, "a new machine bears the name of "+other.Key.MachineID+
				"; it was re-imaged or re-enrolled, and nothing of the old one holds for it")
		}
	}
	return nil
}

// noteHost writes one line about a machine, not again within a day.
func (p *Poller) noteHost(ctx context.Context, action string, h soc.Host, detail string) error {
	now := p.Now().UTC()
	page, err := p.Store.Audit(ctx, soc.AuditQuery{Host: h.Key, Text: "action:" + action, Since: now.Add(-24 * time.Hour), Count: 1})
	if err != nil {
		return fmt.Errorf("reading the history: %w", err)
	}
	if len(page.Entries) > 0 {
		return nil
	}
	e := p.driftEntry(soc.AuditEntry{
		Action: action, Host: h.Key.MachineID, Target: h.Name, Result: soc.ResultSeen, Cause: soc.CauseExternal, Detail: detail,
	}, now)
	if err := p.Store.AppendAudit(ctx, e); err != nil {
		return fmt.Errorf("recording a changed machine: %w", err)
	}
	return nil
}

// seeConsole remembers that another console is at work on the tenant.
func (p *Poller) seeConsole(who string, at time.Time) {
	p.edit(func(l *live) {
		if at.After(l.consoleAt) {
			l.console, l.consoleAt = who, at
		}
	})
}

// Troubles tells that another cordon console works on the tenant (F54). It answers from memory.
func (p *Poller) Troubles() []soc.Trouble {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live.consoleAt.IsZero() || p.Now().Sub(p.live.consoleAt) > consoleSeen {
		return nil
	}
	return []soc.Trouble{{
		Code: "other-console", Level: soc.LevelInfo, Since: p.live.consoleAt,
		What:  "another cordon console is active on " + p.Integration.Name + " (" + p.live.console + ")",
		Means: "each console keeps its own lockdowns; the hosts of the other one are shown as isolated from outside",
		Next:  "agree who works on which host",
	}}
}
