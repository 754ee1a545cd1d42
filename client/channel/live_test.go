package channel_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"cordon/client/channel"
	"cordon/client/notify"
	"cordon/store/soc"
)

// The whole way on the real store: a channel that is saved tells of the next lockdown without a restart, under the layout that was chosen.
func TestV34_V39_SavedChannelTellsAtOnce(t *testing.T) {
	l := newLab(t)
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = udp.Close() }()
	n, err := notify.New(notify.Options{Store: l.store, Channels: l.Specs, Host: notify.Host{Name: "console", Version: "1"}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	draft := logDraft()
	draft.Out.URL, draft.Out.AllowPrivate, draft.Out.Layout = "udp://"+udp.LocalAddr().String(), true, notify.LayoutStandard
	c := l.save(draft, "")
	waitFor(func() bool {
		_, err := l.store.Sink(t.Context(), channel.Key(c.ID))
		return !errors.Is(err, soc.ErrNotFound)
	})
	tell := func() {
		e := soc.AuditEntry{
			Action: "confirm", Result: soc.ResultOK, Host: "m1", Target: "ws-1", Lockdown: "LK-AAAAAAAA", Before: "pending", After: "isolated",
			Actor: soc.Service("reconciler"), Integration: "contoso-1",
		}
		if err := l.store.AppendAudit(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	hear := func(want string) {
		t.Helper()
		buf := make([]byte, 4096)
		for {
			n, _, err := udp.ReadFrom(buf)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(buf[:n]), want) {
				return
			}
		}
	}
	tell()
	hear(`LOCKDOWN [host_lockdown@32473 category="HOST_LOCKDOWN" hostName="ws-1" action="lock" success="True"`)
	c.Out.Layout, c.Out.SeedNames = notify.LayoutCEF, true
	l.save(c, "")
	waitFor(func() bool { // the new worker is there when the old one's layout is gone
		tell()
		buf := make([]byte, 4096)
		n, _, err := udp.ReadFrom(buf)
		return err == nil && strings.Contains(string(buf[:n]), "CEF:0|Vectra Networks|X Series|5.7|host lockdown|")
	})
}

func waitFor(ok func() bool) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		<-tick.C
	}
}
