package report_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"cordon/client/sim"
	"cordon/store/soc"
)

// TestM01_TheLoopHearsOfReportsAndOfTheInventory: a report is sent because it came, one about an unknown device because the inventory shows
// the device. Nothing waits for a clock.
func TestM01_M09_TheLoopHearsOfReportsAndOfTheInventory(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	r.event(0)
	ch := r.channel("c", soc.ChannelThreats, soc.ThreatNormal)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	watch := r.store.Watch()
	defer watch.Close()
	go func() { done <- r.svc.Run(ctx) }()
	known := r.report(ch, r.threat("1", soc.ThreatCritical, 0))
	in := r.threat("2", soc.ThreatCritical, 0)
	in.Device.MachineID, in.Device.Name = "", "evas-phone"
	stranger := r.report(ch, in)
	until := func(key string, state soc.ThreatState) {
		t.Helper()
		for r.get(key).State != state {
			select {
			case <-watch.C():
				watch.Take()
			case err := <-done:
				t.Fatalf("the loop ended: %v; %+v", err, r.get(key))
			case <-t.Context().Done():
				t.Fatal("never")
			}
		}
	}
	until(known.Key, soc.ThreatSent)
	until(stranger.Key, soc.ThreatUnmatched)
	id := r.srv.Tenant.AddMachine(aPhone())
	if _, err := r.srv.Tenant.AddEvent(id, time.Now()); err != nil {
		t.Fatal(err)
	}
	h, err := r.client.Machine(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.store.PutHosts(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	until(stranger.Key, soc.ThreatSent)
	stop()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
}

// TestM01_WhatWaitsForItsChannel says so, and ends when the channel is removed.
func TestM01_WhatWaitsForItsChannelSaysSo(t *testing.T) {
	t.Parallel()
	r, ch, th := ready(t)
	ch.Enabled = false
	if _, err := r.store.SaveChannel(r.ctx(), ch); err != nil {
		t.Fatal(err)
	}
	r.once()
	if th = r.want(th.Key, soc.ThreatWaiting); !strings.Contains(th.Reason, "switched off") {
		t.Errorf("reason = %q", th.Reason)
	}
	if err := r.store.DeleteChannel(r.ctx(), ch.ID); err != nil {
		t.Fatal(err)
	}
	r.once()
	r.want(th.Key, soc.ThreatFailed)
}

// TestSC48_AReportStaysWithItsTenant: the channel leads elsewhere meanwhile, but the alert that is to be resolved is in the old one.
func TestSC48_AReportStaysWithItsTenant(t *testing.T) {
	t.Parallel()
	r, ch, th := ready(t)
	r.once()
	ch.Tenant = "int-2"
	if _, err := r.store.SaveChannel(r.ctx(), ch); err != nil {
		t.Fatal(err)
	}
	if _, err := r.svc.ResolveThreat(r.ctx(), analyst(), th.Key); err != nil {
		t.Fatal(err)
	}
	r.once()
	if th = r.want(th.Key, soc.ThreatResolved); th.Host.Integration != r.in.ID || th.SyncedAt.IsZero() {
		t.Errorf("%+v", th)
	}
}
