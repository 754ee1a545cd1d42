package uitest

import (
	"context"
	"slices"
	"strings"
	"time"

	"cordon/store/soc"
)

// Host returns one host.
func (w *World) Host(_ context.Context, key soc.HostKey) (soc.Host, error) {
	return first(w.HostList, w.Err, func(h soc.Host) bool { return h.Key == key })
}

// HostsNamed returns the hosts of a tenant with exactly this name, ignoring case; the short name of a full one counts.
func (w *World) HostsNamed(_ context.Context, id soc.IntegrationID, name string) ([]soc.Host, error) {
	return copyOf(w.HostList, w.Err, func(h soc.Host) bool {
		short, _, _ := strings.Cut(h.Name, ".")
		return h.Key.Integration == id && (strings.EqualFold(h.Name, name) || strings.EqualFold(short, name))
	})
}

// FindHosts returns hosts whose name starts with prefix.
func (w *World) FindHosts(_ context.Context, prefix string, limit int) ([]soc.Host, error) {
	out, err := copyOf(w.HostList, w.Err, func(h soc.Host) bool {
		return strings.HasPrefix(strings.ToLower(h.Name), strings.ToLower(prefix))
	})
	return out[:min(limit, len(out))], err
}

// Actions returns the actions of a host, newest first.
func (w *World) Actions(_ context.Context, key soc.HostKey) ([]soc.MachineAction, time.Time, error) {
	out, err := copyOf(w.ActionList, w.Err, func(a soc.MachineAction) bool { return a.Host() == key })
	slices.SortFunc(out, func(a, b soc.MachineAction) int { return b.Created.Compare(a.Created) })
	return out, w.ActionsAsOf, err
}

// Isolations derives the state of every host that has actions and leaves out those that are not isolated.
func (w *World) Isolations(_ context.Context) ([]soc.Isolation, error) {
	if w.Err != nil {
		return nil, w.Err
	}
	var out []soc.Isolation
	for _, h := range w.HostList {
		iso := soc.DeriveIsolation(h.Key, w.ActionList, w.ActionsAsOf)
		if iso.Word != soc.NotIsolated {
			iso.HostName = h.Name
			out = append(out, iso)
		}
	}
	return out, nil
}

// Lockdown returns one lockdown.
func (w *World) Lockdown(_ context.Context, id soc.LockdownID) (soc.Lockdown, error) {
	return first(w.LockdownList, w.Err, func(l soc.Lockdown) bool { return l.ID == id })
}

// OpenLockdown returns the lockdown of a host that is not final.
func (w *World) OpenLockdown(_ context.Context, key soc.HostKey) (soc.Lockdown, error) {
	return first(w.LockdownList, w.Err, func(l soc.Lockdown) bool { return l.Key == key && !l.Phase.Final() })
}

// Lockdowns returns lockdowns, open before final, then by deadline.
func (w *World) Lockdowns(_ context.Context, q soc.LockdownQuery) ([]soc.Lockdown, error) {
	out, err := copyOf(w.LockdownList, w.Err, func(l soc.Lockdown) bool {
		return (!q.Open || !l.Phase.Final()) && (q.Host.IsZero() || l.Key == q.Host) && !l.RequestedAt.Before(q.Since)
	})
	slices.SortStableFunc(out, func(a, b soc.Lockdown) int {
		if a.Phase.Final() != b.Phase.Final() {
			if a.Phase.Final() {
				return 1
			}
			return -1
		}
		return Now().Add(a.Left(Now())).Compare(Now().Add(b.Left(Now())))
	})
	if q.Count > 0 && len(out) > q.Count {
		out = out[:q.Count]
	}
	return out, err
}

// Audit returns entries newest first; every word of Text must occur in the entry, a word like actor:alice in that field.
func (w *World) Audit(_ context.Context, q soc.AuditQuery) (soc.AuditPage, error) {
	out, err := copyOf(w.AuditList, w.Err, func(e soc.AuditEntry) bool {
		return (q.Lockdown == "" || e.Lockdown == q.Lockdown) && (q.Host.IsZero() || e.Host == q.Host.MachineID) &&
			!e.Time.Before(q.Since) && auditMatch(e, q.Text)
	})
	if err != nil {
		return soc.AuditPage{}, err
	}
	slices.SortFunc(out, func(a, b soc.AuditEntry) int { return int(b.Seq) - int(a.Seq) })
	from := min(q.From, len(out))
	to := len(out)
	if q.Count > 0 {
		to = min(from+q.Count, len(out))
	}
	return soc.AuditPage{Entries: out[from:to], From: from, Matched: len(out), Total: len(w.AuditList)}, nil
}

func auditMatch(e soc.AuditEntry, text string) bool {
	fields := map[string]string{"actor": e.Actor.Name, "action": e.Action, "target": e.Target, "result": e.Result, "host": e.Target}
	all := strings.ToLower(strings.Join([]string{e.Actor.Name, e.Action, e.Target, e.Result, e.Detail}, " "))
	for _, t := range strings.Fields(strings.ToLower(text)) {
		k, v, ok := strings.Cut(t, ":")
		if f, known := fields[k]; ok && known {
			if !strings.Contains(strings.ToLower(f), v) {
				return false
			}
			continue
		}
		if !strings.Contains(all, t) {
			return false
		}
	}
	return true
}

// AuditAfter returns the entries that follow seq, oldest first.
func (w *World) AuditAfter(_ context.Context, seq uint64, limit int) ([]soc.AuditEntry, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out, err := copyOf(w.AuditList, w.Err, func(e soc.AuditEntry) bool { return e.Seq > seq })
	return out[:min(limit, len(out))], err
}

// Append adds lines to the history, as the one door and the reconciler do, and wakes the watchers.
func (w *World) Append(es ...soc.AuditEntry) {
	w.mu.Lock()
	for _, e := range es {
		e.Seq = uint64(len(w.AuditList) + 1)
		w.AuditList = append(w.AuditList, e)
	}
	w.mu.Unlock()
	w.hub.Publish(soc.TopicAudit)
}

// VerifyHistory returns Chain, after saying that it is half way.
func (w *World) VerifyHistory(_ context.Context, o soc.VerifyOptions) (soc.ChainReport, error) {
	if o.Progress != nil {
		o.Progress(w.Chain.Records/2, w.Chain.Records)
	}
	return w.Chain, w.Err
}

// Integrations returns the attached tenants.
func (w *World) Integrations(context.Context) ([]soc.Integration, error) {
	return slices.Clone(w.Tenants), w.Err
}

// Policy returns the rules in force.
func (w *World) Policy(context.Context) (soc.Policy, error) { return w.Rules, w.Err }

// Watch subscribes to Publish.
func (w *World) Watch() *soc.Watcher { return w.hub.Watch() }

// Publish wakes the watchers.
func (w *World) Publish(t soc.Topic) { w.hub.Publish(t) }

// Watchers returns how many are subscribed.
func (w *World) Watchers() int { return w.hub.Watchers() }
