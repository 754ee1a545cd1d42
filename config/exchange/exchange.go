// Package exchange writes what is set in the store as text that people can review and keep in a version control system, and reads it back: the
// tenants, the channels and the policy (N-25).
//
// It promises three things. The text holds no secret: sealed credentials, tokens and whatever an address carries in front of an @ stay behind.
// Reading is strict: a key that does not exist, a key that is there twice, a value of the wrong type is an error that names the line. And what a
// text would change is known before anything is changed: Diff returns the changes as a person reviews them, together with the records that the
// store is to hold.
//
// An entry is matched by its name. The text of an entry is the whole entry: what it leaves out becomes empty or false, and Diff shows that.
// Entries that the text does not name stay as they are: removing a tenant has guards of its own. A stored credential stays only while the entry
// goes on using it in the same place; otherwise, and for every new entry, the entry comes in switched off and without a credential.
package exchange

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"cordon/store/soc"
)

// State is what can be exchanged, as the store holds it.
type State struct {
	Integrations []soc.Integration
	Channels     []soc.Channel
	Policy       soc.Policy
}

// version is the form of the text.
const version = 1

// Document is the text as values.
type Document struct {
	Version      int           `yaml:"version"`
	Integrations []integration `yaml:"integrations,omitempty"`
	Channels     []channel     `yaml:"channels,omitempty"`
	Policy       *policy       `yaml:"policy,omitempty"`
}

type integration struct {
	Name         string   `yaml:"name"`
	Environment  string   `yaml:"environment"`
	Enabled      bool     `yaml:"enabled"`
	TenantID     string   `yaml:"tenant-id"`
	ClientID     string   `yaml:"client-id"`
	Auth         string   `yaml:"auth"`
	Cloud        string   `yaml:"cloud"`
	API          string   `yaml:"api"`
	Login        string   `yaml:"login"`
	Scope        string   `yaml:"scope,omitempty"`
	CustomHost   bool     `yaml:"custom-host,omitempty"`
	CAFile       string   `yaml:"ca-file,omitempty"`
	CAPEM        string   `yaml:"ca-pem,omitempty"`
	Proxy        string   `yaml:"proxy,omitempty"`
	TokenFile    string   `yaml:"token-file,omitempty"`
	ReadOnly     bool     `yaml:"read-only,omitempty"`
	PollInterval string   `yaml:"poll-interval"`
	MaxHistory   string   `yaml:"max-history"`
	SecretExpiry string   `yaml:"secret-expiry,omitempty"`
	Profiles     []string `yaml:"profiles,omitempty"`
	Allowed      []string `yaml:"allowed,omitempty"`
}

type channel struct {
	Name       string      `yaml:"name"`
	Type       string      `yaml:"type"`
	Enabled    bool        `yaml:"enabled"`
	Tenant     string      `yaml:"tenant,omitempty"` // by name
	AtLeast    string      `yaml:"at-least,omitempty"`
	Indicators *indicators `yaml:"indicators,omitempty"`
	Out        *outlet     `yaml:"out,omitempty"`
}

type indicators struct {
	Action   string `yaml:"action,omitempty"`
	Severity string `yaml:"severity,omitempty"`
	Lifetime string `yaml:"lifetime,omitempty"`
}

type outlet struct {
	URL           string   `yaml:"url"`
	Layout        string   `yaml:"layout,omitempty"`
	SeedNames     bool     `yaml:"seed-names,omitempty"`
	From          string   `yaml:"from,omitempty"`
	To            []string `yaml:"to,omitempty"`
	User          string   `yaml:"user,omitempty"`
	HostAlerts    bool     `yaml:"host-alerts,omitempty"`
	StartFailures bool     `yaml:"start-failures,omitempty"`
	CAPEM         string   `yaml:"ca-pem,omitempty"`
	AllowPrivate  bool     `yaml:"allow-private,omitempty"`
	Plain         bool     `yaml:"plain,omitempty"`
}

type policy struct {
	LockdownOn    bool     `yaml:"lockdown-on"`
	DefaultPeriod string   `yaml:"default-period"`
	PendingTTL    string   `yaml:"pending-ttl"`
	AutoTTL       string   `yaml:"auto-ttl"`
	FactsTTL      string   `yaml:"facts-ttl"`
	Never         []string `yaml:"never,omitempty"`
}

const head = `# cordon: tenants, channels and policy, as "cordon config export" wrote them. No secrets are in here; tokens of programs are not either.
# The address of a webhook may be enough to post to it: look at it before you share this file.
`

// Export writes the state as text.
func Export(s State) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(head)
	if err := yaml.NewEncoder(&out, yaml.UseLiteralStyleIfMultiline(true)).Encode(document(s)); err != nil {
		return nil, fmt.Errorf("writing the settings as text: %w", err)
	}
	return out.Bytes(), nil
}

// document is the state as values, sorted by name.
func document(s State) Document {
	d := Document{Version: version}
	names := map[soc.IntegrationID]string{}
	for _, in := range s.Integrations {
		names[in.ID] = in.Name
		d.Integrations = append(d.Integrations, fromIntegration(in))
	}
	for _, c := range s.Channels {
		d.Channels = append(d.Channels, fromChannel(c, names))
	}
	p := fromPolicy(s.Policy)
	d.Policy = &p
	slices.SortFunc(d.Integrations, func(a, b integration) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(d.Channels, func(a, b channel) int { return strings.Compare(a.Name, b.Name) })
	return d
}

func fromIntegration(in soc.Integration) integration {
	out := integration{
		Name: in.Name, Environment: in.Environment, Enabled: in.Enabled, TenantID: in.TenantID, ClientID: in.ClientID, Auth: in.Auth,
		Cloud: in.Cloud, API: in.API, Login: in.Login, Scope: in.Scope, CustomHost: in.Custom, CAFile: in.CAFile, CAPEM: in.CAPEM,
		Proxy: noUser(in.Proxy), TokenFile: in.TokenFile, ReadOnly: in.ReadOnly, PollInterval: in.PollInterval.String(), MaxHistory: in.MaxHistory,
		Profiles: in.Profiles, Allowed: in.Allowed,
	}
	if !in.SecretExpiry.IsZero() {
		out.SecretExpiry = in.SecretExpiry.UTC().Format(time.RFC3339)
	}
	return out
}

func fromChannel(c soc.Channel, names map[soc.IntegrationID]string) channel {
	out := channel{Name: c.Name, Type: string(c.Type), Enabled: c.Enabled, AtLeast: string(c.AtLeast), Tenant: names[c.Tenant]}
	if c.Tenant != "" && out.Tenant == "" {
		out.Tenant = string(c.Tenant) // it was detached
	}
	if c.Indicators != (soc.IndicatorDefaults{}) {
		out.Indicators = &indicators{c.Indicators.Action, c.Indicators.Severity, span(c.Indicators.Lifetime)}
	}
	if c.Type.Out() {
		o := c.Out
		out.Out = &outlet{
			URL: noUser(o.URL), Layout: o.Layout, SeedNames: o.SeedNames, From: o.From, To: o.To, User: o.User, HostAlerts: o.HostAlerts,
			StartFailures: o.StartFailures, CAPEM: o.CAPEM, AllowPrivate: o.AllowPrivate, Plain: o.Plain,
		}
	}
	return out
}

func fromPolicy(p soc.Policy) policy {
	return policy{p.LockdownOn, p.DefaultPeriod.String(), p.PendingTTL.String(), p.AutoTTL.String(), p.FactsTTL.String(), p.Never}
}

func span(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

// noUser takes user and password out of an address.
func noUser(address string) string {
	if u, err := url.Parse(address); err == nil && u.User != nil {
		u.User = nil
		return u.String()
	}
	return address
}
