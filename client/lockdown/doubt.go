package lockdown

import (
	"context"
	"time"

	"cordon/store/soc"
)

const askEvery = 10 * time.Second // a server for the time, while the clock is doubted

// clock is the time as far as l may know it. While nobody knows what time it is, no record sees its own deadline pass (F62); what people order
// and what is due already goes on.
func (r *Reconciler) clock(l soc.Lockdown) time.Time {
	waits := r.o.Guard.Waits() // before the time is asked for: the answer that ends the doubt may come in between
	now := r.o.Now().UTC()
	runs := !l.Due && !l.Deadline.IsZero() && (l.Phase == soc.PhaseIsolated || l.Phase == soc.PhaseNeedsHuman)
	if runs && !now.Before(l.Deadline) && waits {
		return l.Deadline.Add(-1)
	}
	return now
}

// heed writes what the guard noticed into the history, and asks a server for the time while that would help.
func (r *Reconciler) heed(ctx context.Context, now time.Time) {
	if news := r.o.Guard.take(); len(news) > 0 {
		r.Kick() // what was waited for may have come
		for _, e := range news {
			r.o.Log.Warn("the clock", "detail", e.Detail)
		}
		r.audit(ctx, news...)
	}
	if !r.o.Guard.asks() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	steady := time.Now() // of the process; the clock in question may stand anywhere
	if r.asked > 0 && steady.Sub(r.askAt) < askEvery {
		return
	}
	r.asked++
	r.askAt = steady
	n := r.asked
	r.worker.Go(func() { r.ask(ctx, n) })
}

// ask reads the actions of one of our hosts. The answer itself is of no interest; its date goes to the guard by way of the client. Each try
// takes another tenant, then another host: one may be out of reach, and the dates of all are compared.
func (r *Reconciler) ask(ctx context.Context, n int) {
	defer r.contain("asking a server for the time")
	some, err := r.o.Store.DueLockdowns(ctx, time.Date(9998, 1, 1, 0, 0, 0, 0, time.UTC), batch)
	if err != nil || len(some) == 0 {
		return
	}
	r.o.Guard.wanted()
	var tenants []soc.IntegrationID
	hosts := map[soc.IntegrationID][]soc.Lockdown{}
	for _, l := range some {
		if id := l.Key.Integration; len(hosts[id]) == 0 {
			tenants = append(tenants, id)
		}
		hosts[l.Key.Integration] = append(hosts[l.Key.Integration], l)
	}
	own := hosts[tenants[n%len(tenants)]]
	l := own[n/len(tenants)%len(own)]
	remote, err := r.o.Remotes.Remote(l.Key.Integration)
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	if _, err := remote.HostActions(ctx, l.Key.MachineID); err != nil && ctx.Err() == nil {
		r.o.Log.Warn("a server could not be asked for the time", "machine", l.Key.MachineID, "err", err)
	}
	signal(r.kick)
}

// contain keeps a panic in a goroutine of ours from ending the process and with it the timers of all tenants. Use it as defer r.contain(…).
func (r *Reconciler) contain(doing string) {
	if p := recover(); p != nil {
		r.o.Log.Error(doing+" panicked", "panic", p)
	}
}
