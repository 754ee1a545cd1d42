package report_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"cordon/client/report"
	"cordon/client/sim"
	"cordon/store/soc"
)

// oddly is a store in which one channel can not be read, and in which something happens before an indicator is read.
type oddly struct {
	report.Store
	damaged   soc.ChannelID
	meanwhile func(key string)
}

func (o *oddly) Channel(ctx context.Context, id soc.ChannelID) (soc.Channel, error) {
	if id == o.damaged {
		return soc.Channel{}, &soc.Error{Kind: soc.KindInternal, Code: "damaged-record", What: "the channel can not be read"}
	}
	return o.Store.Channel(ctx, id)
}

func (o *oddly) PushedOne(ctx context.Context, key string) (soc.Pushed, error) {
	if f := o.meanwhile; f != nil {
		o.meanwhile = nil
		f(key)
	}
	return o.Store.PushedOne(ctx, key)
}

// oddly puts an odd store under the service.
func (r *rig) oddly() *oddly {
	odd := &oddly{}
	r.wrap = func(s report.Store) report.Store {
		odd.Store = s
		return odd
	}
	r.start()
	return odd
}

// A record that can not be read is an error, and those behind it are sent all the same.
func TestM01_F70_ADamagedRecordHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	r.event(0)
	bad, good := r.channel("bad", soc.ChannelThreats, soc.ThreatNormal), r.channel("good", soc.ChannelThreats, soc.ThreatNormal)
	probes := r.probes()
	first := r.report(bad, r.threat("1", soc.ThreatCritical, 0))
	second := r.report(good, r.threat("2", soc.ThreatCritical, 0))
	r.probe(probes, gap("a", "UNPROTECTED"))
	r.oddly().damaged = bad.ID
	if err := r.svc.Once(r.ctx()); !errors.Is(err, &soc.Error{Kind: soc.KindInternal, Code: "damaged-record"}) {
		t.Errorf("Once: %v, want the damage", err)
	}
	r.want(first.Key, soc.ThreatWaiting)
	r.want(second.Key, soc.ThreatSent)
	if p := r.pushed(); p.State != soc.PushedSubmitted {
		t.Errorf("the indicator is %s", p.State)
	}
}

// What is learnt of an indicator while Defender is asked about it is not lost: its test is stopped, or a person deleted it.
func TestP12_WhatIsLearntMeanwhileStays(t *testing.T) {
	t.Parallel()
	for _, state := range []soc.PushedState{soc.PushedCaught, soc.PushedDeleted} {
		r := newRig(t, sim.Options{})
		r.probe(r.probes(), gap("a", "UNPROTECTED"))
		r.once()
		odd := r.oddly()
		odd.meanwhile = func(key string) {
			p, err := r.store.PushedOne(r.ctx(), key)
			if p.State = state; err == nil {
				_, err = r.store.SavePushed(r.ctx(), p)
			}
			if err != nil {
				t.Error(err)
			}
		}
		r.later(2 * time.Minute)
		r.once()
		if p := r.pushed(); p.State != state || p.Visible.IsZero() != (state == soc.PushedDeleted) {
			t.Errorf("%s: now %s, visible %s", state, p.State, p.Visible)
		}
	}
}

// An indicator that a person added and deleted again before cordon saw its id is deleted, not looked for for ever.
func TestP04_DeletedBeforeItWasSeen(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	i := soc.Indicator{Type: "FileSha256", Value: aHash, Action: "Block", Title: "t", Description: "d"}
	if got, err := r.svc.AddIndicators(r.ctx(), analyst(), r.in.ID, []soc.Indicator{i}); err != nil || !got[0].OK {
		t.Fatalf("%+v, %v", got, err)
	}
	if p := r.pushed(); p.Indicator.ID != "" {
		t.Fatalf("control: the id %s is known already", p.Indicator.ID)
	}
	if err := r.svc.DeleteIndicator(r.ctx(), analyst(), r.in.ID, r.srv.Tenant.Indicators()[0].ID); err != nil {
		t.Fatal(err)
	}
	if p := r.pushed(); p.State != soc.PushedDeleted || !p.NextTry.IsZero() {
		t.Errorf("state %s, next look %s", p.State, p.NextTry)
	}
}

// A channel whose alerts are about to be resolved is not failing.
func TestM14_AnAlertThatFollowsIsNoProblem(t *testing.T) {
	t.Parallel()
	r, ch, _ := ready(t)
	r.once()
	if th := r.report(ch, soc.ThreatInput{ID: "1", ResolvedAt: r.now()}); th.State != soc.ThreatResolving {
		t.Fatalf("state %s", th.State)
	}
	if got, err := report.Tally(r.ctx(), r.store, ch); err != nil || got.Problem != "" || got.Waiting != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}
