package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
)

// Connection is what somebody needs to attach a simulated tenant: the content
// of the file that `cordon simulate --write` makes and `cordon demo --tenant`
// reads.
type Connection struct {
	API      string `json:"api"`
	Login    string `json:"login"`
	TenantID string `json:"tenant_id"`
	AppID    string `json:"app_id"`
	Secret   string `json:"secret"`
	CAPEM    string `json:"ca_pem"`

	Control    string `json:"control"`     // POST here changes the tenant while it runs
	ControlKey string `json:"control_key"` // bearer token for that

	Identity  Identity  `json:"identity,omitzero"`
	Receivers Receivers `json:"receivers,omitzero"`
}

// Identity is how to reach a managed identity endpoint: the environment that
// App Service gives its programs.
type Identity struct {
	Endpoint string `json:"endpoint"` // IDENTITY_ENDPOINT
	Header   string `json:"header"`   // IDENTITY_HEADER
	ClientID string `json:"client_id"`
}

// Receivers are the addresses of what receives notifications; empty ones are
// not there.
type Receivers struct {
	SMTP          string `json:"smtp,omitempty"`
	SyslogUDP     string `json:"syslog_udp,omitempty"`
	SyslogTCP     string `json:"syslog_tcp,omitempty"`
	SyslogTLS     string `json:"syslog_tls,omitempty"`
	Webhook       string `json:"webhook,omitempty"`
	WebhookSecret string `json:"webhook_secret,omitempty"`
}

// Connection returns how to reach the server.
func (s *Server) Connection() Connection {
	return Connection{
		API: s.BaseURL, Login: s.LoginURL, TenantID: s.TenantID, AppID: s.AppID, Secret: s.Secret, CAPEM: string(s.CAPEM),
		Control: s.BaseURL + "/control", ControlKey: s.Tenant.ControlKey(),
	}
}

// WriteFile writes the connection to a new or existing file that only its owner
// can read.
func (c Connection) WriteFile(path string) error {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the connection: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("writing the connection: %w", err)
	}
	_, err = f.Write(append(text, '\n'))
	return errors.Join(err, f.Chmod(0o600), f.Close())
}

// ReadConnection reads the file that WriteFile made. Only simulators, which
// listen on loopback addresses, are accepted.
func ReadConnection(path string) (Connection, error) {
	var c Connection
	f, err := os.Open(path)
	if err != nil {
		return c, fmt.Errorf("reading the connection of a simulator: %w", err)
	}
	defer func() { _ = f.Close() }()
	if err := json.NewDecoder(io.LimitReader(f, 64<<10)).Decode(&c); err != nil {
		return c, fmt.Errorf("reading the connection of a simulator: %w", err)
	}
	for _, address := range []string{c.API, c.Login} {
		u, err := url.Parse(address)
		if err != nil {
			return c, fmt.Errorf("reading the connection of a simulator: %w", err)
		}
		if err := loopback(u.Host); err != nil {
			return c, err
		}
	}
	return c, nil
}

// Describe prints the connection for a person, with the command that attaches
// it. caFile is where the authority was written; empty prints it in place.
func (c Connection) Describe(w io.Writer, caFile string) {
	fmt.Fprintf(w, "api     %s\nlogin   %s\ntenant  %s\napp     %s\nsecret  %s\n", c.API, c.Login, c.TenantID, c.AppID, c.Secret)
	ca := caFile
	if ca == "" {
		ca = "CA.pem"
		fmt.Fprintf(w, "ca      save this as %s:\n%s", ca, c.CAPEM)
	} else {
		fmt.Fprintf(w, "ca      %s\n", ca)
	}
	for _, more := range []struct{ name, value string }{
		{"identity", c.Identity.Endpoint},
		{"header", c.Identity.Header},
		{"client", c.Identity.ClientID},
		{"smtp", c.Receivers.SMTP},
		{"syslog", c.Receivers.SyslogTCP},
		{"syslog/tls", c.Receivers.SyslogTLS},
		{"webhook", c.Receivers.Webhook},
		{"signing", c.Receivers.WebhookSecret},
	} {
		if more.value != "" {
			fmt.Fprintf(w, "%-11s%s\n", more.name, more.value)
		}
	}
	fmt.Fprintf(w, "\nchange it while it runs (also: roles, consent, add_secret, secret_expired, deny_sign_in, indicator_lag, offline, fault):\n"+
		"  curl --cacert %s -H 'Authorization: Bearer %s' -d '{\"profile\":\"vectra\"}' %s\n", ca, c.ControlKey, c.Control)
	fmt.Fprintf(w, "\nattach it in another terminal:\n  echo %s/%s | cordon partner attach defender --secret-stdin --user %s \\\n"+
		"    --api %s --login %s --allow-custom-host --ca-file %s --environment TEST --poll-interval 5s --name simulated\n",
		c.AppID, c.Secret, c.TenantID, c.API, c.Login, ca)
}

// ParseWorld returns the world of a name, ignoring case.
func ParseWorld(name string) (World, error) {
	for _, w := range Worlds() {
		if strings.EqualFold(w.String(), name) {
			return w, nil
		}
	}
	return WorldStory, fmt.Errorf("there is no world %q", name)
}
