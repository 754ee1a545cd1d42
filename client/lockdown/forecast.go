package lockdown

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cordon/store/soc"
)

// The part of Defender's budget that releases may use: four fifths of 100 calls a minute and 1,500 an hour; reads keep the rest (M30).
const (
	releasesMinute = 80
	releasesHour   = 1200
	crowd          = 15 * time.Minute // releases this near are counted
	worthTelling   = 30 * time.Second
)

// Forecast tells how many releases of the same tenant are due within 15 minutes of at, and how late one that is due at at may be sent, because
// the budget of calls is shared and the oldest goes first (F63, N-13). Ends are not moved apart to avoid that: an end that is earlier than
// what a person chose would be an early release, and a later one is what the queue does anyway, but only when it must.
func Forecast(deadlines []time.Time, at time.Time) (near int, late time.Duration) {
	all := append(slices.Clone(deadlines), at)
	slices.SortFunc(all, time.Time.Compare)
	sent := make([]time.Time, len(all))
	for i, d := range all {
		sent[i] = d
		if i >= releasesMinute {
			sent[i] = latest(sent[i], sent[i-releasesMinute].Add(time.Minute))
		}
		if i >= releasesHour {
			sent[i] = latest(sent[i], sent[i-releasesHour].Add(time.Hour))
		}
		if d.Equal(at) { // the last of those that are due in the same moment
			late = sent[i].Sub(d)
		}
		if d.Sub(at).Abs() <= crowd {
			near++
		}
	}
	return near - 1, late
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// foresee are the warnings about the end of a lockdown that would begin now: a crowd of releases, an end when nobody is there, a credential
// that will not live as long (F63, F83, N-18).
func (s *Service) foresee(ctx context.Context, v soc.Verdict) []string {
	now := s.o.Now()
	var w []string
	if ends, err := s.ends(ctx, v.Host.Key.Integration); err == nil {
		w = append(w, crowded(ends, now, v.Default, v.Presets)...)
	}
	w = append(w, unattended(s.o.Shifts, now, v.Default, v.Presets)...)
	if in, err := s.o.Store.Integration(ctx, v.Host.Key.Integration); err == nil {
		w = append(w, outlives(in.SecretExpiry, now, v.Default)...)
	}
	return append(w, "behind a web proxy or a full-tunnel VPN a host may not come back by itself: "+runbook)
}

// ends are the deadlines of a tenant's open lockdowns; one that waits counts as if it began when it was ordered.
func (s *Service) ends(ctx context.Context, id soc.IntegrationID) ([]time.Time, error) {
	open, err := s.o.Store.Lockdowns(ctx, soc.LockdownQuery{Open: true})
	var ends []time.Time
	for _, l := range open {
		switch {
		case l.Key.Integration != id:
		case l.Deadline.IsZero():
			ends = append(ends, l.RequestedAt.Add(l.Period))
		default:
			ends = append(ends, l.Deadline)
		}
	}
	return ends, err
}

// crowded warns about the period that the dialog offers first, else about the first preset that would be late.
func crowded(ends []time.Time, now time.Time, first time.Duration, presets []time.Duration) []string {
	if len(ends) < releasesMinute {
		return nil
	}
	for _, p := range append([]time.Duration{first}, presets...) {
		at := now.Add(p)
		if near, late := Forecast(ends, at); late >= worthTelling {
			return []string{fmt.Sprintf("%d releases are due within 15 min of %s (%s from now); this one may be sent up to %s late",
				near, at.UTC().Format("15:04Z"), soc.Spoken(p), soc.Spoken(late.Round(time.Minute)+ceilMinute(late)))}
		}
	}
	return nil
}

// ceilMinute is what rounding to minutes took away.
func ceilMinute(d time.Duration) time.Duration {
	if d.Round(time.Minute) < d {
		return time.Minute
	}
	return 0
}

// unattended warns when the period that the dialog offers first ends while nobody is on duty, and names the nearest one that does not (N-18).
func unattended(on soc.Shifts, now time.Time, first time.Duration, presets []time.Duration) []string {
	end := now.Add(first)
	if on.None() || on.Staffed(end) {
		return nil
	}
	w := fmt.Sprintf("%s ends %s, when nobody is on duty (%s)", soc.Spoken(first), on.Local(end), on)
	best := time.Duration(0)
	for _, p := range presets {
		if p >= soc.MinPeriod && on.Staffed(now.Add(p)) && (best == 0 || (p-first).Abs() < (best-first).Abs()) {
			best = p
		}
	}
	if best == 0 {
		return []string{w + "; so does every preset"}
	}
	return []string{fmt.Sprintf("%s; %s ends %s", w, soc.Spoken(best), on.Local(now.Add(best)))}
}

// outlives warns about a credential that ends before the lockdown does (F83): without it the host could not be released.
func outlives(expiry, now time.Time, period time.Duration) []string {
	switch {
	case expiry.IsZero() || expiry.After(now.Add(max(period, soc.MaxPeriod))):
		return nil
	case !expiry.After(now):
		return []string{"the client secret has expired: the host could not be released with it"}
	}
	return []string{"the client secret expires " + expiry.UTC().Format("2006-01-02 15:04Z") + ", within the longest lockdown: renew it first, or the host may stay isolated"}
}
