package exchange

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"

	"cordon/store/soc"
)

// The bounds of what Parse reads: bytes, words and signs, and lists in lists.
const (
	maxText   = 1 << 20
	maxTokens = 300_000
	maxDepth  = 8
)

// Parse reads a text; name is what it is called in errors, which are KindInvalid and name the line.
func Parse(name string, text []byte) (Document, error) {
	if len(text) > maxText {
		return Document{}, wrong(name, 0, "it is larger than 1 MiB", nil)
	}
	d, err := decode(name, text)
	if err != nil {
		return d, err
	}
	if d.Version != version {
		return d, wrong(name, 0, fmt.Sprintf("version is %d; this cordon knows version %d", d.Version, version), nil)
	}
	seen := map[string]string{}
	for i, n := range names(d) {
		key := strings.ToLower(strings.TrimSpace(n))
		if key == "" {
			return d, wrong(name, 0, fmt.Sprintf("entry %d has no name", i+1), nil)
		}
		if seen[key] != "" {
			return d, wrong(name, 0, fmt.Sprintf("the name %q is there twice; names are unique over tenants and channels", n), nil)
		}
		seen[key] = n
	}
	return d, nil
}

// decode reads the YAML. The library does not stand everything that can be written: what is not plain is refused before it sees it, and should
// it break over something else, the text is at fault and not the program.
func decode(name string, text []byte) (d Document, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = wrong(name, 0, "it is no YAML that can be read", fmt.Errorf("panic: %v", p))
		}
	}()
	if err := plain(name, text); err != nil {
		return d, err
	}
	dec := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict())
	if err := dec.Decode(&d); errors.Is(err, io.EOF) {
		return d, wrong(name, 0, "it is empty", err)
	} else if err != nil {
		return d, explain(name, err)
	}
	if err := dec.Decode(&Document{}); !errors.Is(err, io.EOF) {
		return d, wrong(name, 0, "it holds more than one document", err)
	}
	return d, nil
}

// plain refuses what has no place in a list of settings: it costs the library more time and memory than a text of this size is worth.
func plain(name string, text []byte) error {
	depth, entries := 0, 0
	for _, t := range lexer.Tokenize(string(text)) {
		switch t.Type {
		case token.AnchorType, token.AliasType, token.TagType, token.MergeKeyType, token.MappingKeyType:
			return wrong(name, t.Position.Line, "anchors, aliases, tags and keys behind a ? are not read here", nil)
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType:
			if t.Position.Column > maxDepth*4 {
				depth = maxDepth + 1
			}
		}
		if entries++; depth > maxDepth || entries > maxTokens {
			return wrong(name, t.Position.Line, "it is nested too deeply, or too long, for a list of settings", nil)
		}
	}
	return nil
}

func names(d Document) (out []string) {
	for _, in := range d.Integrations {
		out = append(out, in.Name)
	}
	for _, c := range d.Channels {
		out = append(out, c.Name)
	}
	return out
}

// explain names the line of an error of the decoder.
func explain(name string, err error) error {
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil && at.GetToken().Position != nil {
		return wrong(name, at.GetToken().Position.Line, at.GetMessage(), err)
	}
	return wrong(name, 0, err.Error(), err)
}

func wrong(name string, line int, what string, err error) error {
	if line > 0 {
		name = fmt.Sprintf("%s:%d", name, line)
	}
	return &soc.Error{
		Kind: soc.KindInvalid, Code: "import", Err: err, What: soc.Clean(name + ": " + what), Means: "nothing was changed", Next: "correct the file",
	}
}

func (in integration) record() (soc.Integration, error) {
	out := soc.Integration{
		Type: "defender", Name: in.Name, Environment: in.Environment, Enabled: in.Enabled, TenantID: in.TenantID, ClientID: in.ClientID, Auth: in.Auth,
		Cloud: in.Cloud, API: in.API, Login: in.Login, Scope: in.Scope, Custom: in.CustomHost, CAFile: in.CAFile, CAPEM: in.CAPEM, Proxy: in.Proxy,
		TokenFile: in.TokenFile, ReadOnly: in.ReadOnly, MaxHistory: in.MaxHistory, Profiles: in.Profiles, Allowed: in.Allowed,
	}
	var err error
	if out.PollInterval, err = duration("poll-interval", in.PollInterval); err != nil {
		return out, err
	}
	if in.SecretExpiry != "" {
		if out.SecretExpiry, err = time.Parse(time.RFC3339, in.SecretExpiry); err != nil {
			return out, fmt.Errorf("secret-expiry: want a time such as 2026-12-31T00:00:00Z, not %q", in.SecretExpiry)
		}
	}
	return out, nil
}

func (c channel) record(tenants map[string]soc.IntegrationID) (soc.Channel, error) {
	out := soc.Channel{Name: c.Name, Type: soc.ChannelType(c.Type), Enabled: c.Enabled, AtLeast: soc.ThreatLevel(c.AtLeast)}
	if c.Tenant != "" {
		id, ok := tenants[fold(c.Tenant)]
		if !ok {
			return out, fmt.Errorf("tenant: there is no tenant %q here nor in the file", c.Tenant)
		}
		out.Tenant = id
	}
	if c.Indicators != nil {
		life, err := duration("indicators.lifetime", c.Indicators.Lifetime)
		if err != nil {
			return out, err
		}
		out.Indicators = soc.IndicatorDefaults{Action: c.Indicators.Action, Severity: c.Indicators.Severity, Lifetime: life}
	}
	if o := c.Out; o != nil {
		out.Out = soc.Outlet{
			URL: o.URL, Layout: o.Layout, SeedNames: o.SeedNames, From: o.From, To: o.To, User: o.User, HostAlerts: o.HostAlerts,
			StartFailures: o.StartFailures, CAPEM: o.CAPEM, AllowPrivate: o.AllowPrivate, Plain: o.Plain,
		}
	}
	return out, nil
}

func (p policy) record() (out soc.Policy, err error) {
	out = soc.Policy{LockdownOn: p.LockdownOn, Never: p.Never}
	for _, f := range []struct {
		key, text string
		to        *time.Duration
		least     time.Duration
	}{
		{"default-period", p.DefaultPeriod, &out.DefaultPeriod, time.Minute},
		{"pending-ttl", p.PendingTTL, &out.PendingTTL, 0},
		{"auto-ttl", p.AutoTTL, &out.AutoTTL, 0},
		{"facts-ttl", p.FactsTTL, &out.FactsTTL, time.Minute},
	} {
		if *f.to, err = duration(f.key, f.text); err != nil {
			return out, err
		}
		if *f.to < f.least {
			return out, fmt.Errorf("%s: %s is shorter than %s", f.key, *f.to, f.least)
		}
	}
	return out, nil
}

func duration(key, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%s: want a duration such as 1m or 4h, not %q", key, text)
	}
	return d, nil
}

func fold(name string) string { return strings.ToLower(strings.TrimSpace(name)) }
