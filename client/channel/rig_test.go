package channel_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"cordon/client/channel"
	"cordon/client/notify"
	"cordon/config/secret"
	"cordon/store"
	"cordon/store/soc"
)

// lab is the service on a real store and a real seal.
type lab struct {
	*channel.Service
	store *store.Store
	dir   string
	now   time.Time
	t     *testing.T
	live  map[string]soc.SinkState
}

func newLab(t *testing.T, file ...notify.Spec) *lab {
	t.Helper()
	dir := t.TempDir()
	st, err := store.Open(t.Context(), filepath.Join(dir, "data", "cordon.db"), store.Options{Version: "1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	ring, err := secret.OpenRing(filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{store: st, dir: dir, now: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC), t: t, live: map[string]soc.SinkState{}}
	l.Service = channel.New(channel.Options{
		Store: st, Sealer: secret.Text{Ring: ring}, File: file, Host: notify.Host{Name: "console", Version: "1"}, Now: func() time.Time { return l.now },
		Live: func(key string) (soc.SinkState, uint64, bool) { st, ok := l.live[key]; return st, 3, ok },
		TestTenant: func(_ context.Context, _ soc.Session, in soc.Integration, _ string, report func(soc.Step)) ([]soc.Step, error) {
			return []soc.Step{{Name: "sign in to " + in.Name, Status: soc.StepOK}}, nil
		},
	})
	return l
}

func (l *lab) tenant(name string) soc.IntegrationID {
	l.t.Helper()
	in, err := l.store.SaveIntegration(l.t.Context(), soc.Integration{ID: soc.IntegrationID(name + "-1"), Name: name, Type: "defender", Enabled: true})
	if err != nil {
		l.t.Fatal(err)
	}
	return in.ID
}

func (l *lab) save(c soc.Channel, secret string) soc.Channel {
	l.t.Helper()
	out, err := l.SaveChannel(l.t.Context(), admin(), c, secret)
	if err != nil {
		l.t.Fatal(err)
	}
	return out
}

// status is the channel of a name as the list shows it.
func (l *lab) status(name string) soc.ChannelStatus {
	l.t.Helper()
	all, err := l.Channels(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	for _, s := range all {
		if s.Channel.Name == name {
			return s
		}
	}
	l.t.Fatalf("%s is not in the list", name)
	return soc.ChannelStatus{}
}

func (l *lab) audit(action string) (out []soc.AuditEntry) {
	l.t.Helper()
	page, err := l.store.Audit(l.t.Context(), soc.AuditQuery{Count: 1000})
	if err != nil {
		l.t.Fatal(err)
	}
	for _, e := range page.Entries {
		if e.Action == action {
			out = append(out, e)
		}
	}
	return out
}

func admin() soc.Session {
	return soc.Session{Actor: soc.Actor{Name: "ada", Via: "tty", Role: "admin"}, Rights: soc.RoleRights("admin")}
}

func viewer() soc.Session {
	return soc.Session{Actor: soc.Actor{Name: "vic", Via: "tty", Role: "viewer"}, Rights: soc.RoleRights("viewer")}
}

func mailDraft() soc.Channel {
	return soc.Channel{Type: soc.ChannelMail, Name: "soc-mail", Enabled: true, Out: soc.Outlet{
		URL: "smtp://mail.contoso.test:587", From: "cordon@contoso.test", To: []string{"soc@contoso.test"}, HostAlerts: true,
	}}
}

func logDraft() soc.Channel {
	return soc.Channel{Type: soc.ChannelSyslog, Name: "siem", Enabled: true, Out: soc.Outlet{URL: "tls://siem.contoso.test:6514"}}
}

func hookDraft() soc.Channel {
	return soc.Channel{Type: soc.ChannelWebhook, Name: "hook", Enabled: true, Out: soc.Outlet{URL: "https://hook.contoso.test/canary-path"}}
}

const hookSecret = "whsec_Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5LTMyYnk="

// refused checks that an error is about one field, by its name.
func refused(t *testing.T, what string, err error, says string) {
	t.Helper()
	var e *soc.Error
	if !errors.As(err, &e) || len(e.What) < len(says) || e.What[:len(says)] != says {
		t.Errorf("%s: %v, want it to begin with %q", what, fmt.Sprint(err), says)
	}
}
