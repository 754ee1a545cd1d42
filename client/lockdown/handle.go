package lockdown

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cordon/store/soc"
)

const (
	maxCrashes   = 3                // set a record aside (F19)
	unsavedRetry = 30 * time.Second // between tries to write what went on in memory
)

// work handles one record and remembers when to look again. A panic stays inside.
func (r *Reconciler) work(ctx context.Context, l soc.Lockdown) {
	defer func() {
		if p := recover(); p != nil {
			r.crashed(ctx, l, p)
		}
	}()
	h := &handling{r: r, l: l, memo: r.remembered(l.ID)}
	h.resume()
	if l.SeenAt.Before(h.memo.seenAt) {
		h.l.SeenAt = h.memo.seenAt
	}
	h.memo.look = time.Time{}
	err := h.run(ctx)
	switch {
	case errors.Is(err, soc.ErrConflict): // somebody else changed the record: read it again
		h.memo.revision, h.memo.look, h.memo.unsaved, h.ahead = 0, r.o.Now(), 0, false
	case err != nil:
		if ctx.Err() == nil {
			r.o.Log.Error("lockdown could not be handled", "id", l.ID, "phase", h.l.Phase, "err", err)
		}
		h.memo.look = r.o.Now().Add(5 * time.Second)
		h.memo.revision = h.l.Revision
	default:
		h.memo.revision = h.l.Revision
	}
	h.noteLook(err)
	h.memo.seenAt = h.l.SeenAt
	if err != nil || h.memo.unsaved > 0 { // what was seen is not in the record
		h.memo.seenAt = time.Time{}
	}
	if h.keep(); h.memo.unsaved > 0 {
		h.memo.look = r.o.Now().Add(unsavedRetry)
	}
	r.remember(h.l, h.memo, h.latest)
}

// handling is the work on one record.
type handling struct {
	r    *Reconciler
	l    soc.Lockdown
	memo memo
	// owed are the audit entries of steps that the store refused to write; they go with the next write that it takes.
	owed   []soc.AuditEntry
	ahead  bool      // l is ahead of what is stored
	stored int       // while it is: the last attempt row that is stored
	looked bool      // Defender has answered about the host
	latest time.Time // the latest time that this work has read
}

func (h *handling) now() time.Time {
	if now := h.r.o.Now().Round(0); now.After(h.latest) { // by the wall clock alone
		h.latest = now
	}
	return h.r.clock(h.l)
}

// run takes steps until there is something to wait for.
func (h *handling) run(ctx context.Context) error {
	if h.orphan(ctx) {
		return h.endWatch(ctx)
	}
	if err := h.catchUp(ctx); err != nil {
		return err
	}
	seen := soc.Seen{Failed: h.memo.seen.Failed, TriedAt: h.memo.seen.TriedAt}
	for range maxTurns {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := h.fold(ctx, seen); err != nil {
			return err
		}
		next := h.first(soc.Plan(h.l, seen, h.now()), seen)
		if wait := h.crowded(); wait > 0 && next.Do != soc.DoWait {
			return h.rest(ctx, h.now().Add(wait))
		}
		switch next.Do {
		case soc.DoWait:
			return h.rest(ctx, next.Until)
		case soc.DoObserve:
			seen = h.look(ctx, seen)
			h.looked = h.looked || seen.Good()
			h.memo.seen = soc.Seen{Failed: seen.Failed, TriedAt: seen.TriedAt}
		case soc.DoSend:
			if err := h.send(ctx, next); err != nil {
				return err
			}
			seen = soc.Seen{Failed: seen.Failed, TriedAt: seen.TriedAt}
		}
	}
	h.memo.look = h.now().Add(time.Second)
	return nil
}

// orphan reports an ended lockdown whose tenant was detached: there is nobody left to ask about a late isolate.
func (h *handling) orphan(ctx context.Context) bool {
	if !h.l.Phase.Final() || h.l.WatchUntil.IsZero() {
		return false
	}
	_, err := h.r.o.Store.Integration(ctx, h.l.Key.Integration)
	return errors.Is(err, soc.ErrNotFound)
}

func (h *handling) endWatch(ctx context.Context) error {
	next, entry := soc.EndWatch(h.l, "its tenant is detached; a late isolate order would go unnoticed", h.now())
	h.memo.look = time.Time{}
	return h.save(ctx, next, []soc.AuditEntry{entry})
}

// fold writes down what the look and the clock say.
func (h *handling) fold(ctx context.Context, seen soc.Seen) error {
	next, audit, err := soc.Observed(h.l, seen, h.now())
	if err != nil {
		return err
	}
	if len(audit) == 0 && sameFacts(h.l, next) {
		h.l.SeenAt = next.SeenAt
		return nil
	}
	return h.save(ctx, next, audit)
}

// rest stores when the record must be looked at even if this process dies, and remembers the look that comes sooner.
func (h *handling) rest(ctx context.Context, until time.Time) error {
	h.memo.look = until
	now := h.now()
	must := soc.WakeOf(h.l, now)
	if h.l.Wake.Equal(must) || (h.l.Wake.After(now) && h.l.Wake.Before(must)) {
		return nil
	}
	next := h.l
	next.Wake = must
	return h.save(ctx, next, nil)
}

// save writes the record. If the store refuses to write while a release is owed, the release goes on in memory (K-11), see kept. Everything
// else stops here.
func (h *handling) save(ctx context.Context, next soc.Lockdown, audit []soc.AuditEntry) error {
	audit = append(slices.Clip(h.owed), audit...)
	saved, err := h.r.o.Store.SaveLockdown(context.WithoutCancel(ctx), next, audit...)
	switch {
	case err == nil:
		h.l, h.owed, h.ahead, h.memo.unsaved = saved, nil, false, 0
		return nil
	case ctx.Err() != nil || !releaseOwed(next) || (errors.Is(err, soc.ErrConflict) && !h.unchanged(ctx, next)):
		return fmt.Errorf("saving lockdown %s: %w", next.ID, err)
	case soc.KindOf(err) == soc.KindUnknownOutcome && h.arrived(ctx, next):
		return nil
	}
	h.r.o.Log.Error("a release goes on without being stored", "id", next.ID, "phase", next.Phase, "err", err)
	h.goAhead(next, audit)
	return nil
}

// unchanged reports whether nobody changed the record since it was read. A conflict is then none of two writers: the store refuses the record
// for another reason, and reading it again would lead here again for ever, while the host waits for its release.
func (h *handling) unchanged(ctx context.Context, next soc.Lockdown) bool {
	stored, err := h.r.o.Store.Lockdown(context.WithoutCancel(ctx), next.ID)
	return err == nil && stored.Revision == next.Revision
}

// arrived reports whether a write that failed is in the store all the same, and then goes on from there: what is written there once must not
// be told again (F66, I4).
func (h *handling) arrived(ctx context.Context, next soc.Lockdown) bool {
	stored, err := h.r.o.Store.Lockdown(context.WithoutCancel(ctx), next.ID)
	if err != nil || stored.Revision != next.Revision+1 {
		return false
	}
	if stored.Revision = next.Revision; !sameFacts(stored, next) {
		return false
	}
	stored.Revision++
	h.l, h.owed, h.ahead, h.memo.unsaved = stored, nil, false, 0
	return true
}

// releaseOwed reports whether the host must be released whatever the disk says.
func releaseOwed(l soc.Lockdown) bool {
	switch l.Phase {
	case soc.PhaseReleaseRequested, soc.PhaseReleasing, soc.PhaseReleaseBlocked, soc.PhaseReleased:
		return true
	}
	return false
}

// send makes one order: attempt row saved, call, outcome saved.
func (h *handling) send(ctx context.Context, next soc.Next) error {
	begun, audit, err := soc.Begin(h.l, next, h.now())
	if err != nil {
		return err
	}
	if h.ahead {
		begun.Attempts = soc.DropSettled(begun.Attempts, h.stored)
	}
	if err := h.save(ctx, begun, audit); err != nil {
		return err
	}
	attempt, _ := h.l.LastAttempt()
	out := soc.Outcome{Token: attempt.Token}
	out.Action, out.Err = h.call(ctx, attempt)
	return h.apply(ctx, out)
}

// apply saves the outcome, on top of what people changed during the call.
func (h *handling) apply(ctx context.Context, out soc.Outcome) error {
	for try := 1; ; try++ {
		done, audit, err := soc.Applied(h.l, out, h.now())
		if err != nil {
			return err
		}
		err = h.save(ctx, done, audit)
		if !errors.Is(err, soc.ErrConflict) || try == retries {
			return err
		}
		h.owed, h.ahead = nil, false // what somebody wrote meanwhile counts, and tells its own story
		if h.l, err = h.r.o.Store.Lockdown(context.WithoutCancel(ctx), h.l.ID); err != nil {
			return fmt.Errorf("reading lockdown: %w", err)
		}
	}
}

// call sends the order of an attempt.
func (h *handling) call(ctx context.Context, a soc.Attempt) (soc.MachineAction, error) {
	if ctx.Err() != nil {
		return soc.MachineAction{}, &soc.Error{Kind: soc.KindUnavailable, Code: "stopping", What: "cordon is stopping; the order was not sent"}
	}
	remote, err := h.r.o.Remotes.Remote(h.l.Key.Integration)
	if err != nil {
		return soc.MachineAction{}, &soc.Error{Kind: soc.KindUnavailable, Code: "no-integration", What: "the tenant can not be reached", Err: err}
	}
	ctx, cancel := outlive(ctx, callLimit)
	defer cancel()
	comment := soc.CommentFor(h.l, a).String()
	switch a.Verb {
	case soc.VerbIsolate:
		if err := h.r.o.CanIsolate(); err != nil {
			return soc.MachineAction{}, &soc.Error{Kind: soc.KindUnavailable, Code: "not-now", What: "the order was not sent", Err: err}
		}
		return remote.Isolate(ctx, h.l.Key.MachineID, h.l.Type, comment)
	case soc.VerbRelease:
		return remote.Unisolate(ctx, h.l.Key.MachineID, comment)
	}
	return remote.CancelAction(ctx, a.ActionID, comment)
}

// crashed counts a panic on the record and sets the record aside at the third (F19).
func (r *Reconciler) crashed(ctx context.Context, l soc.Lockdown, p any) {
	r.o.Log.Error("handling a lockdown panicked", "id", l.ID, "phase", l.Phase, "panic", p)
	began := r.o.Now().Round(0)
	m := memo{look: began.Add(30 * time.Second)}
	defer func() { r.remember(l, m, began) }()
	ctx = context.WithoutCancel(ctx)
	now, err := r.o.Store.Lockdown(ctx, l.ID)
	if err != nil || now.Phase.Final() {
		return
	}
	l = now
	m.revision = l.Revision
	var audit []soc.AuditEntry
	next := l
	if l.Crashes+1 >= maxCrashes && l.Phase != soc.PhaseNeedsHuman {
		aside, entry, err := soc.SetAside(l, "cordon failed three times on this record; the host may be isolated, look at it in Defender and release or close it by hand", r.o.Now())
		if err != nil {
			return
		}
		next, audit = aside, append(audit, entry)
	}
	next.Crashes++
	if !next.Wake.After(r.o.Now()) && next.Phase != soc.PhaseIsolated {
		next.Wake = m.look
	}
	saved, err := r.o.Store.SaveLockdown(ctx, next, audit...)
	if err != nil {
		r.o.Log.Error("a failing lockdown could not be set aside", "id", l.ID, "err", err)
		return
	}
	l, m.revision = saved, saved.Revision
}
