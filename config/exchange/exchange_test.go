package exchange_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"cordon/config/exchange"
	"cordon/store/soc"
)

const canary = "c4n4ry-sealed"

func state() exchange.State {
	return exchange.State{
		Integrations: []soc.Integration{
			{
				ID: "contoso-1", Type: "defender", Name: "Contoso", TenantID: "t1", ClientID: "a1", Auth: "secret", Sealed: []byte(canary), Cloud: "commercial",
				API: "https://api.test", Login: "https://login.test", Environment: "PROD", Enabled: true, PollInterval: time.Minute, MaxHistory: "30 days ago",
				Proxy: "http://user:" + canary + "@proxy:8080", Profiles: []string{"cordon full"}, Allowed: []string{"alice"}, CAPEM: "-----BEGIN\nCERT\n",
				SecretExpiry: time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC), CreatedAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Revision: 4,
			},
			{ID: "adatum-1", Type: "defender", Name: "Adatum", TenantID: "t2", Auth: "managed-identity", Environment: "TEST", PollInterval: time.Hour, Revision: 1},
		},
		Channels: []soc.Channel{
			{ID: "mail-1", Type: soc.ChannelMail, Name: "Mail", Enabled: true, Sealed: []byte(canary), Revision: 2, Out: soc.Outlet{
				URL: "smtps://mail.test:465", From: "c@x.test", To: []string{"soc@x.test", "b@x.test"}, User: "cordon", HostAlerts: true,
			}},
			{ID: "phones-1", Type: soc.ChannelThreats, Name: "Phones", Enabled: true, Tenant: "contoso-1", AtLeast: soc.ThreatCritical, Revision: 1},
			{ID: "probes-1", Type: soc.ChannelProbes, Name: "Probes", Tenant: "contoso-1", Indicators: soc.IndicatorDefaults{Action: "Audit", Lifetime: 24 * time.Hour}, Revision: 1},
		},
		Policy: soc.Policy{LockdownOn: true, DefaultPeriod: 4 * time.Hour, AutoTTL: time.Hour, FactsTTL: 10 * time.Minute, Never: []string{"tag:tier0"}, Revision: 3},
	}
}

func checks() exchange.Checks {
	return exchange.Checks{
		Integration: func(in soc.Integration) (soc.Integration, error) {
			if in.TenantID == "" {
				return in, errors.New("Tenant ID is not a GUID")
			}
			return in, nil
		},
		Channel: func(c soc.Channel) (soc.Channel, error) { return c, nil },
		NewID:   func(name string) string { return strings.ToLower(name) + "-new" },
	}
}

func export(t *testing.T, s exchange.State) string {
	t.Helper()
	text, err := exchange.Export(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func diff(t *testing.T, now exchange.State, text string) exchange.Plan {
	t.Helper()
	doc, err := exchange.Parse("s.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := exchange.Diff(now, doc, checks())
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// What is exported and read back changes nothing, holds no secret, and is the same text each time.
func TestN25_ExportHoldsNoSecretAndReadsBackEqual(t *testing.T) {
	text := export(t, state())
	if strings.Contains(text, canary) || strings.Contains(text, "sealed") || strings.Contains(text, "user:") && strings.Contains(text, "@proxy") {
		t.Errorf("a secret is in the text:\n%s", text)
	}
	if !strings.Contains(text, "proxy: http://proxy:8080") {
		t.Errorf("the proxy is not in the text:\n%s", text)
	}
	if plan := diff(t, state(), text); len(plan.Changes) > 0 || len(plan.Integrations)+len(plan.Channels) > 0 || plan.Policy != nil || len(plan.Kept) > 0 {
		t.Errorf("reading it back changes %+v", plan)
	}
	turned := state()
	slices.Reverse(turned.Integrations)
	slices.Reverse(turned.Channels)
	if export(t, turned) != text {
		t.Error("the order of the store shows in the text")
	}
}

// Moved to an empty store everything is new, switched off, without a credential, and leads to the right tenant; exported from there the
// text is the same but for the switches.
func TestN25_ImportIntoAnEmptyStore(t *testing.T) {
	text := export(t, state())
	plan := diff(t, exchange.State{Policy: soc.DefaultPolicy()}, text)
	if len(plan.Integrations) != 2 || len(plan.Channels) != 3 || plan.Policy == nil || plan.Policy.Revision != 0 {
		t.Fatalf("plan = %+v", plan)
	}
	for _, in := range plan.Integrations {
		if in.Enabled || in.Sealed != nil || in.Revision != 0 || in.ID == "" {
			t.Errorf("new tenant %+v", in)
		}
	}
	for _, c := range plan.Channels {
		if c.Enabled || c.Sealed != nil || c.Revision != 0 || !c.Type.Out() && c.Tenant != "contoso-new" {
			t.Errorf("new channel %+v", c)
		}
	}
	for _, c := range plan.Changes {
		if c.What != "policy" && (!c.New || !strings.Contains(c.Note, "switched off")) {
			t.Errorf("change %+v", c)
		}
	}
	again := export(t, exchange.State{Integrations: plan.Integrations, Channels: plan.Channels, Policy: *plan.Policy})
	if again != strings.ReplaceAll(text, "enabled: true", "enabled: false") {
		t.Errorf("from there:\n%s\nwant:\n%s", again, text)
	}
}

// A change keeps the id, the revision and the secret; a secret does not follow to another place.
func TestN25_ChangesAreShownFieldByField(t *testing.T) {
	text := export(t, state())
	for what, c := range map[string]struct {
		from, to string
		fields   []exchange.Field
		off      bool
	}{
		"rhythm":  {"poll-interval: 1m0s", "poll-interval: 5m", []exchange.Field{{"poll-interval", "1m0s", "5m0s"}}, false},
		"removed": {"  allowed:\n  - alice\n", "", []exchange.Field{{"allowed", "alice", ""}}, false},
		"moved":   {"api: https://api.test", "api: https://evil.test", []exchange.Field{{"enabled", "true", "false"}, {"api", "https://api.test", "https://evil.test"}}, true},
		"app":     {"client-id: a1", "client-id: a2", []exchange.Field{{"enabled", "true", "false"}, {"client-id", "a1", "a2"}}, true},
	} {
		next := strings.Replace(text, c.from, c.to, 1)
		if next == text {
			t.Fatalf("%s: %q is not in\n%s", what, c.from, text)
		}
		plan := diff(t, state(), next)
		if len(plan.Changes) != 1 || plan.Changes[0].What != "tenant Contoso" || !slices.Equal(plan.Changes[0].Fields, c.fields) {
			t.Errorf("%s: %+v", what, plan.Changes)
			continue
		}
		in, old := plan.Integrations[0], state().Integrations[0]
		if in.ID != old.ID || in.Revision != old.Revision || !in.CreatedAt.Equal(old.CreatedAt) || in.Proxy != old.Proxy {
			t.Errorf("%s: %+v", what, in)
		}
		if lost := in.Sealed == nil; lost != c.off || in.Enabled == c.off || (plan.Changes[0].Note != "") != c.off {
			t.Errorf("%s: secret gone %v, enabled %v, note %q", what, lost, in.Enabled, plan.Changes[0].Note)
		}
	}
	plan := diff(t, state(), strings.Replace(text, "url: smtps://mail.test:465", "url: smtps://evil.test:465", 1))
	if c := plan.Channels[0]; c.Sealed != nil || c.Enabled || c.ID != "mail-1" || c.Revision != 2 {
		t.Errorf("the password goes to another host: %+v", c)
	}
	plan = diff(t, state(), strings.Replace(text, "- soc@x.test", "- other@x.test", 1))
	if c := plan.Channels[0]; string(c.Sealed) != canary || !c.Enabled {
		t.Errorf("other people get the mail: %+v", c)
	}
	plan = diff(t, state(), "version: 1\npolicy:\n  lockdown-on: false\n  default-period: 1h\n  facts-ttl: 10m\n")
	if plan.Policy == nil || plan.Policy.LockdownOn || plan.Policy.Revision != 3 || len(plan.Kept) != 5 || len(plan.Integrations) > 0 {
		t.Errorf("policy alone: %+v", plan)
	}
}

// What was exported can be imported, also when a channel outlived its tenant.
func TestN25_AChannelOfADetachedTenantStays(t *testing.T) {
	s := state()
	s.Integrations = s.Integrations[1:]
	if plan := diff(t, s, export(t, s)); len(plan.Changes) > 0 || len(plan.Kept) > 0 {
		t.Errorf("unchanged, and yet: %+v", plan)
	}
}

// A mistake anywhere is an error that names the place, and nothing else happens.
func TestN25_MistakesNameTheirPlace(t *testing.T) {
	for text, want := range map[string]string{
		"version: 1\nintegration: []\n":                       "s.yaml:2",
		"version: 1\nintegrations:\n- name: A\n  secret: x\n": "s.yaml:4",
		"version: 1\nintegrations:\n- name: A\n  name: B\n":   "s.yaml:4",
		"version: 1\npolicy:\n  lockdown-on: maybe\n":         "s.yaml:3",
		"version: 1\nintegrations: [\n":                       "s.yaml:2",
		"version: 1\npolicy: " + strings.Repeat("[", 5000):    "nested too deeply",
		"version: 1\npolicy: " + strings.Repeat("- ", 5000):   "nested too deeply",
		"version: 1\npolicy: " + strings.Repeat("? ", 5000):   "behind a ?",
		"version: 2\n":                  "version",
		"":                              "empty",
		"version: 1\n---\nversion: 1\n": "more than one document",
		"version: 1\nintegrations:\n- name: A\nchannels:\n- name: ' a'\n":                         "twice",
		"version: 1\nchannels:\n- type: mail\n":                                                   "no name",
		"version: 1\nintegrations:\n- name: A\n":                                                  "tenant A: Tenant ID",
		"version: 1\nintegrations:\n- name: A\n  tenant-id: x\n  poll-interval: often\n":          "poll-interval",
		"version: 1\nchannels:\n- name: P\n  type: threats\n  tenant: Nowhere\n":                  `no tenant "Nowhere"`,
		"version: 1\nchannels:\n- name: mail\n  type: syslog\n":                                   "can not change",
		"version: 1\npolicy:\n  lockdown-on: true\n  default-period: 1s\n  facts-ttl: 10m\n":      "default-period",
		"version: 1\npolicy:\n  lockdown-on: true\n  default-period: -4h\n  facts-ttl: 10m\n":     "default-period",
		"version: 1\nintegrations:\n- name: A\n  tenant-id: x\n  secret-expiry: tomorrow\n":       "secret-expiry",
		"version: 1\nchannels:\n- name: P\n  type: probes\n  indicators:\n    lifetime: for ever": "lifetime",
	} {
		doc, err := exchange.Parse("s.yaml", []byte(text))
		if err == nil {
			_, err = exchange.Diff(state(), doc, checks())
		}
		if !errors.Is(err, soc.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("version: 1\nintegrations:\n- name: A\n"))
	f.Add([]byte("version: 1\npolicy: &a\n  never: [*a]\n"))
	f.Fuzz(func(_ *testing.T, text []byte) {
		if doc, err := exchange.Parse("s.yaml", text); err == nil {
			_, _ = exchange.Diff(exchange.State{}, doc, checks())
		}
	})
}
