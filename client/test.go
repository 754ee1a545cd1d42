package client

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"cordon/store/soc"
)

// Test walks through everything that has to work, in the order in which it fails in practice, and reports each step as it starts and as
// it ends (Z-15, V-10). Steps that depend on a failed one are skipped. It only reads. The error is that of the first failed step, nil if
// all is well; a missing optional role is no failure.
func (c *Client) Test(ctx context.Context, report func(soc.Step)) ([]soc.Step, error) {
	if report == nil {
		report = func(soc.Step) {}
	}
	t := &checklist{c: c, report: report}
	_, login, err := endpoints(c.in)
	if err != nil {
		return nil, err
	}
	netLogin := c.in.Auth == AuthManaged // the platform gives the token, not the login host
	if !netLogin {
		netLogin = t.network(ctx, "login", login)
	}
	netAPI := netLogin
	if netLogin && c.in.Auth == AuthManaged || !sameOrigin(login, c.api) {
		netAPI = t.network(ctx, "API", c.api)
	}
	token := t.step(netLogin, "sign in", func() (string, error) {
		c.tokens.forget()
		tok, err := c.tokens.get(ctx)
		if err != nil {
			return "", err
		}
		return "token good for " + span(tok.expires.Sub(c.now())), nil
	})
	audience := t.step(token, "audience and tenant", func() (string, error) { return t.audience() })
	t.roles(token && audience)
	t.profiles(ctx, token && audience)
	ready := netAPI && token && audience
	have := c.tokens.peek()
	may := func(roles []string) bool { return ready && (!have.Known || hasAny(have.Roles, roles)) }
	t.read(ctx, may(rolesAlertRead), "read one alert", "alerts", rolesAlertRead)
	t.read(ctx, may(rolesMachineRead), "read one host", "machines", rolesMachineRead)
	t.read(ctx, may(rolesMachineRead), "read one action", "machineactions", rolesMachineRead)
	t.step(ready, "clock", func() (string, error) { return t.clock() })
	t.step(true, "call budget", func() (string, error) {
		u := c.Budget()
		return fmt.Sprintf("%d of %d used this minute, %d of %d this hour", u.MinuteUsed, u.MinuteLimit, u.HourUsed, u.HourLimit), nil
	})
	return t.steps, t.first
}

// checklist collects the steps of a test.
type checklist struct {
	c      *Client
	report func(soc.Step)
	steps  []soc.Step
	first  error
}

// step runs one step if what it depends on went well, and says whether it did itself.
func (t *checklist) step(ready bool, name string, do func() (detail string, err error)) bool {
	s := soc.Step{Name: name, Status: soc.StepSkip}
	if ready {
		s.Status = soc.StepRun
		t.report(s)
		start := time.Now()
		detail, err := do()
		s.Took, s.Status, s.Detail = time.Since(start), soc.StepOK, detail
		if err != nil {
			s.Status, s.Detail, s.Fix = soc.StepFail, what(err), fix(err)
			if t.first == nil {
				t.first = err
			}
		}
	}
	t.steps = append(t.steps, s)
	t.report(s)
	return s.Status == soc.StepOK
}

// span writes a life to the minute, without units that are zero: 1h, 1h20m, 45m.
func span(d time.Duration) string {
	text := strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return orDefault(text, "less than a minute")
}

func what(err error) string {
	var e *soc.Error
	if errors.As(err, &e) && e.What != "" {
		return e.What
	}
	return soc.Clean(err.Error())
}

func fix(err error) string {
	var e *soc.Error
	if errors.As(err, &e) && e.Next != "" {
		return e.Next
	}
	return "check the settings and test again (ctrl+t)"
}

// network resolves and connects. Through a proxy it is the proxy that must be found, and must let us through to the address.
func (t *checklist) network(ctx context.Context, who string, to *url.URL) bool {
	if proxy := t.c.proxy.through(to); proxy != nil {
		named := t.step(true, who+": DNS", func() (string, error) { return resolve(ctx, proxy) })
		return t.step(named, who+": proxy and TLS", func() (string, error) {
			if to.Scheme == "http" {
				return dial(ctx, proxy)
			}
			roots, err := rootCAs(t.c.in)
			if err != nil {
				return "", err
			}
			return tunnel(ctx, proxy, to, roots)
		})
	}
	named := t.step(true, who+": DNS", func() (string, error) { return resolve(ctx, to) })
	return t.step(named, who+": TCP and TLS", func() (string, error) { return t.handshake(ctx, to) })
}

func resolve(ctx context.Context, to *url.URL) (string, error) {
	host := to.Hostname()
	if net.ParseIP(host) != nil {
		return host + " is an address, nothing to resolve", nil
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		return "", unreachable("", to, err)
	}
	return host + " is " + strings.Join(addrs[:min(len(addrs), 3)], ", "), nil
}

func dial(ctx context.Context, to *url.URL) (string, error) {
	conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", hostPort(to))
	if err != nil {
		return "", unreachable("", to, err)
	}
	conn.Close()
	return hostPort(to) + " answers", nil
}

func (t *checklist) handshake(ctx context.Context, to *url.URL) (string, error) {
	if to.Scheme == "http" {
		detail, err := dial(ctx, to)
		return detail + " (plain http, this machine only)", err
	}
	roots, err := rootCAs(t.c.in)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout+tlsTimeout)
	defer cancel()
	d := tls.Dialer{NetDialer: &net.Dialer{Timeout: dialTimeout}, Config: tlsConfig(roots)}
	conn, err := d.DialContext(ctx, "tcp", hostPort(to))
	if err != nil {
		return "", unreachable("", to, err)
	}
	defer conn.Close()
	return hostPort(to) + " answers with " + tls.VersionName(conn.(*tls.Conn).ConnectionState().Version), nil
}

// audience checks that the token is for Defender and for this tenant (C-08, F43). The tenant was checked when the token came.
func (t *checklist) audience() (string, error) {
	have, scope := t.c.tokens.peek(), t.c.tokens.scope()
	if !have.Known {
		return "the token can not be read; roles are unknown", nil
	}
	if !audienceFits(have.Audience, scope) {
		return "", &soc.Error{
			Kind: soc.KindUnauthorized, Code: "wrong-audience", What: "the token is for " + have.Audience + ", not for Defender",
			Next: "set the scope to " + scope + ", or leave it empty",
		}
	}
	if len(have.Roles) == 0 && have.Scopes != "" {
		return "", &soc.Error{
			Kind: soc.KindDenied, Code: "delegated", What: "this is a delegated token (" + have.Scopes + "): it acts for a person, not for the app",
			Next: "give the app registration Application permissions, not delegated ones, and grant admin consent",
		}
	}
	return have.Audience + ", tenant " + have.Tenant, nil
}

// read asks for the newest item of a collection.
func (t *checklist) read(ctx context.Context, ready bool, name, path string, needs []string) {
	t.step(ready, name+" (GET "+path+")", func() (string, error) {
		cl := call{
			api: path, method: http.MethodGet, path: path, query: url.Values{"$top": {"1"}}, prio: PriorityFollowUp, needs: needs,
			doing: "reading " + path, target: path,
		}
		n := 0
		err := t.c.send(ctx, cl, func(r io.Reader) error {
			items := 0
			_, err := readPage(r, false, func(json.RawMessage) error { items++; return nil })
			n = items
			return err
		})
		if err != nil && soc.KindOf(err) != soc.KindNotFound {
			return "", err
		}
		if n == 0 {
			return "answered; there is none", nil
		}
		return "answered", nil
	})
}

// clock compares the clocks: certificates, ages and deadlines depend on ours (F44).
func (t *checklist) clock() (string, error) {
	if !t.c.skewed.Load() {
		return "no answer carried a date", nil
	}
	skew := t.c.Skew()
	if skew.Abs() > time.Minute {
		return "", &soc.Error{
			Kind: soc.KindInvalid, Code: "clock", What: "this machine's clock differs from Defender's by " + skew.Abs().String(),
			Next: "set the clock right (NTP); ages and deadlines are off until then",
		}
	}
	return "differs by " + skew.Abs().String(), nil
}
