package lockdown_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cordon/client/lockdown"
	"cordon/store/soc"
)

func TestF63_N13_TheForecastIsWhatTheBudgetAllows(t *testing.T) {
	at := time.Date(2026, 3, 4, 18, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		others int
		late   time.Duration
	}{{0, 0}, {9, 0}, {79, 0}, {80, time.Minute}, {499, 6 * time.Minute}, {999, 12 * time.Minute}, {1499, 63 * time.Minute}} {
		near, late := lockdown.Forecast(slices.Repeat([]time.Time{at}, c.others), at)
		if near != c.others || late != c.late {
			t.Errorf("%d others: %d near, %s late; want %s", c.others, near, late, c.late)
		}
	}
	spread := make([]time.Time, 0, 300)
	for i := range 300 {
		spread = append(spread, at.Add(time.Duration(i-150)*time.Second))
	}
	if near, late := lockdown.Forecast(spread, at); near != 300 || late != 0 {
		t.Errorf("spread over five minutes: %d near, %s late", near, late)
	}
}

// warned looks for a warning before a lockdown.
func (r *rig) warned(o lockdown.Options, text string) bool {
	v := lockdown.NewService(o).Check(r.t.Context(), analyst(), soc.ActIsolate, r.key)
	return slices.ContainsFunc(v.Warnings, func(w string) bool { return strings.Contains(w, text) })
}

func TestF63_N13_ACrowdIsForetoldWhenALockdownIsMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.crowd(200)
		long := r.options(r.store, r.mde)
		long.Presets = nil // the short ones end in the crowd
		if r.warned(long, "may be sent") {
			t.Error("warned although the crowd is hours away")
		}
		for id, l := range r.store.locks {
			l.Deadline = time.Now().Add(4 * time.Hour)
			r.store.locks[id] = l
		}
		if !r.warned(r.options(r.store, r.mde), "200 releases are due within 15 min") || !r.warned(r.options(r.store, r.mde), "up to 2m late") {
			t.Errorf("not foretold: %v", r.svc.Check(t.Context(), analyst(), soc.ActIsolate, r.key).Warnings)
		}
	})
}

func TestF83_ACredentialThatEndsSoonIsToldBeforeALockdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		for left, want := range map[time.Duration]string{48 * time.Hour: "", 5 * time.Hour: "renew it first", -time.Hour: "has expired"} {
			r.store.tenants["t1"] = soc.Integration{ID: "t1", Name: "contoso", Enabled: true, SecretExpiry: time.Now().Add(left)}
			if got := r.warned(r.options(r.store, r.mde), "client secret"); got != (want != "") || want != "" && !r.warned(r.options(r.store, r.mde), want) {
				t.Errorf("%s before the end: warned %v", left, got)
			}
		}
	})
}

func TestF84_ProxiesAndVPNsAreNamedWithTheWayOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		if !r.warned(r.options(r.store, r.mde), "full-tunnel VPN") || !r.warned(r.options(r.store, r.mde), "docs/operations.md") {
			t.Error("nothing about VPNs")
		}
		r.store.edit(r.key, func(h *soc.Host) { h.ProductName = "Hyper-V Server" })
		if !r.warned(r.options(r.store, r.mde), "guests") {
			t.Error("nothing about Hyper-V")
		}
		release := r.svc.Check(t.Context(), analyst(), soc.ActRelease, r.key)
		if slices.ContainsFunc(release.Warnings, func(w string) bool { return strings.Contains(w, "VPN") }) {
			t.Error("a release warns about the isolation")
		}
	})
}

func TestN18_AnEndWithoutAnybodyThereIsToldWithABetterOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		time.Sleep(time.Until(time.Date(2000, 1, 3, 20, 0, 0, 0, time.UTC))) // a Monday evening; the default is four hours
		shifts, err := soc.ParseShifts("Mon-Fri 08:00-18:00")
		if err != nil {
			t.Fatal(err)
		}
		for key, h := range r.store.hosts {
			h.FetchedAt = time.Now()
			r.store.hosts[key] = h
		}
		o := r.options(r.store, r.mde)
		if r.warned(o, "on duty") {
			t.Error("warned without shifts")
		}
		o.Shifts = shifts
		if !r.warned(o, "nobody is on duty") || !r.warned(o, "; 12h ends Tue 08:00") && !r.warned(o, "; 24h ends") {
			t.Errorf("%v", lockdown.NewService(o).Check(t.Context(), analyst(), soc.ActIsolate, r.key).Warnings)
		}
	})
}
