package lockdown

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"cordon/store/soc"
)

// How old the poller's fleet view may be to serve instead of an own look: where nothing hangs on the second, and where an order is under
// way. One call then serves all hosts, and leaves the budget to the releases (F63).
const (
	sharedAge = 75 * time.Second
	followAge = 15 * time.Second
)

// look reads the host's actions: from the store while somebody else keeps them fresh, else from Defender.
func (h *handling) look(ctx context.Context, seen soc.Seen) soc.Seen {
	if age := h.patience(); age > 0 {
		if shared, ok := h.shared(ctx, h.now().Add(-age)); ok && shared.At.After(h.l.SeenAt) && h.idle(shared) {
			return shared
		}
	}
	if unsent(h.l) && !soc.AsksMachine(h.l) && h.r.burst() {
		if fleet, ok, err := h.survey(ctx); err != nil {
			return h.blind(ctx, seen, err)
		} else if ok {
			return fleet
		}
	}
	at := h.now()
	actions, err := h.read(ctx)
	if err != nil {
		return h.blind(ctx, seen, err)
	}
	gone := soc.AsksMachine(h.l) && h.gone(ctx)
	return soc.Seen{At: at, TriedAt: h.now(), Actions: h.share(ctx, actions, at), Gone: gone}
}

// blind is a look that failed. What others read a while ago may still show that the release is not ours any more (I6, K-05), but it justifies
// no order: that takes a look, or as many failed ones as soc.Plan asks for.
func (h *handling) blind(ctx context.Context, before soc.Seen, err error) soc.Seen {
	if ctx.Err() == nil {
		h.r.o.Log.Warn("a host's actions could not be read", "id", h.l.ID, "machine", h.l.Key.MachineID, "err", err)
	}
	var seen soc.Seen
	if unsent(h.l) {
		seen, _ = h.shared(ctx, h.now().Add(-sharedAge))
	}
	seen.Failed, seen.TriedAt = before.Failed+1, h.now()
	return seen
}

// idle reports that a shared view leads to no order. One that does asks for an own look first: others may have acted since it was read.
func (h *handling) idle(seen soc.Seen) bool {
	now := h.now()
	seen.TriedAt = now
	l, _, err := soc.Observed(h.l, seen, now)
	return err == nil && soc.Plan(l, seen, now).Do != soc.DoSend
}

// gone asks Defender for the machine itself. Only its own word that there is none counts (F29).
func (h *handling) gone(ctx context.Context) bool {
	remote, err := h.r.o.Remotes.Remote(h.l.Key.Integration)
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	_, err = remote.Machine(ctx, h.l.Key.MachineID)
	return errors.Is(err, soc.ErrNotFound)
}

// patience is how old a view may be that was read by others; zero asks for an own look.
func (h *handling) patience() time.Duration {
	switch {
	case soc.AsksMachine(h.l), h.unlooked():
		return 0
	case h.l.Phase == soc.PhaseIsolated, h.l.Phase.Final() && h.l.Trouble == "": // waits for what others might do
		return sharedAge
	case h.l.Phase == soc.PhasePending, h.l.Phase == soc.PhaseReleasing:
		return followAge
	}
	return 0
}

func unsent(l soc.Lockdown) bool {
	return l.Phase == soc.PhaseReleaseRequested || l.Phase == soc.PhaseReleaseBlocked
}

// shared is the store's view of the host, if it was read at since or later and shows the orders that the record follows. It is as old as it is:
// that somebody takes it from the store makes it no fresher.
func (h *handling) shared(ctx context.Context, since time.Time) (soc.Seen, bool) {
	actions, asOf, err := h.r.o.Store.Actions(ctx, h.l.Key)
	if err != nil || asOf.After(h.now()) || asOf.Before(since) {
		return soc.Seen{}, false
	}
	for _, id := range h.wanted() {
		if !contains(actions, id) {
			return soc.Seen{}, false
		}
	}
	return soc.Seen{At: asOf, TriedAt: asOf, Actions: actions}, true
}

func contains(actions []soc.MachineAction, id string) bool {
	return slices.ContainsFunc(actions, func(a soc.MachineAction) bool { return a.ID == id })
}

// read asks Defender. Our own orders are asked for by id if the list does not show them.
func (h *handling) read(ctx context.Context) ([]soc.MachineAction, error) {
	remote, err := h.r.o.Remotes.Remote(h.l.Key.Integration)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	list, err := remote.HostActions(ctx, h.l.Key.MachineID)
	if err != nil {
		return nil, err
	}
	actions := slices.Clone(list)
	for _, id := range h.wanted() {
		if contains(actions, id) {
			continue
		}
		a, err := remote.Action(ctx, id)
		if errors.Is(err, soc.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if strings.EqualFold(a.MachineID, h.l.Key.MachineID) {
			actions = append(actions, a)
		}
	}
	return actions, nil
}

// wanted are the ids of the orders that the record follows now.
func (h *handling) wanted() []string {
	var ids []string
	if h.l.Phase == soc.PhasePending && h.l.ActionID != "" {
		ids = append(ids, h.l.ActionID)
	}
	if h.l.Phase == soc.PhaseReleasing && h.l.ReleaseActionID != "" {
		ids = append(ids, h.l.ReleaseActionID)
	}
	return ids
}

// share gives what was read to the screens and returns the store's view of it, in which an old answer does not undo a newer one (F39). A
// store that can not be written does not stop the look.
func (h *handling) share(ctx context.Context, actions []soc.MachineAction, at time.Time) []soc.MachineAction {
	if err := h.r.o.Store.PutHostActions(ctx, h.l.Key, actions, at); err != nil {
		h.r.o.Log.Warn("a host's actions could not be stored", "machine", h.l.Key.MachineID, "err", err)
		return actions
	}
	merged, _, err := h.r.o.Store.Actions(ctx, h.l.Key)
	if err != nil || slices.ContainsFunc(actions, func(a soc.MachineAction) bool { return !contains(merged, a.ID) }) {
		return actions
	}
	return merged
}
