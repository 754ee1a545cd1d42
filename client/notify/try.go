package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"cordon/store/soc"
)

// Try tests a sink step by step: finding the address, the encrypted connection, signing in, and one test message. report hears each step as
// it begins and ends; what follows a failed step is skipped. It needs no store.
func Try(ctx context.Context, s Spec, from Host, now func() time.Time, report func(soc.Step)) []soc.Step {
	t := &trial{spec: s, from: from, now: now, report: report}
	sink, err := s.Open(from, now)
	u, uerr := url.Parse(s.URL)
	if err = errors.Join(err, uerr); err != nil {
		t.run(ctx, "settings", "correct the field", func(context.Context) (string, error) { return "", err })
		return t.steps
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout())
	defer cancel()
	if s.Type != TypeFile && u.Scheme != "unix" {
		t.run(ctx, "address", "correct the name of the host, or do as the message says if an address inside is meant",
			func(ctx context.Context) (string, error) { return resolve(ctx, u.Hostname(), s) })
	}
	if s.Type == TypeMail || u.Scheme == "tls" || u.Scheme == "https" {
		t.run(ctx, "connection", "check host and port, and give the CA if the receiver has a certificate of your own",
			func(ctx context.Context) (string, error) { return secured(ctx, s, u, sink) })
	}
	if m, ok := sink.(*mailer); ok && s.User != "" {
		t.run(ctx, "sign in", "check user and password of the mail account", func(ctx context.Context) (string, error) {
			_, done, err := m.connect(ctx, true)
			if err == nil {
				done()
			}
			return "signed in as " + s.User, err
		})
	}
	t.run(ctx, "delivery", "look into the receiver's own log", func(ctx context.Context) (string, error) {
		msg, err := testMessage(s, from, now())
		if err != nil {
			return "", err
		}
		if _, err = sink.Deliver(ctx, []Message{msg}); err != nil {
			return "", err
		}
		return delivered(sink, s, u), nil
	})
	return t.steps
}

func delivered(sink Sink, s Spec, u *url.URL) string {
	if n, ok := sink.(interface{ Notice() string }); ok && n.Notice() != "" {
		return "the test message went out; " + n.Notice()
	}
	if u.Scheme == "udp" || u.Scheme == "unix" {
		return "the test message was sent; nothing says whether it arrived"
	}
	return "the test message was taken by " + s.Target()
}

// trial collects steps.
type trial struct {
	spec   Spec
	from   Host
	now    func() time.Time
	report func(soc.Step)
	steps  []soc.Step
	failed bool
}

func (t *trial) run(ctx context.Context, name, fix string, do func(context.Context) (string, error)) {
	if t.failed {
		t.add(soc.Step{Name: name, Status: soc.StepSkip})
		return
	}
	if t.report != nil {
		t.report(soc.Step{Name: name, Status: soc.StepRun})
	}
	began := t.now()
	detail, err := do(ctx)
	s := soc.Step{Name: name, Status: soc.StepOK, Took: t.now().Sub(began), Detail: soc.Clean(detail)}
	if err != nil {
		s.Status, s.Detail, s.Fix, t.failed = soc.StepFail, soc.Clean(err.Error()), fix, true
	}
	t.add(s)
}

func (t *trial) add(s soc.Step) {
	t.steps = append(t.steps, s)
	if t.report != nil {
		t.report(s)
	}
}

// resolve finds the addresses of a host and says whether one of them may be contacted.
func resolve(ctx context.Context, host string, s Spec) (string, error) {
	list := []netip.Addr{}
	if a, err := netip.ParseAddr(host); err == nil {
		list = append(list, a)
	} else if list, err = net.DefaultResolver.LookupNetIP(ctx, "ip", host); err != nil {
		return "", err
	}
	var words []string
	why := "has no address"
	for _, a := range list {
		words = append(words, plain(a).String())
		if no := s.forbids(a); no != "" {
			why = plain(a).String() + " " + no
			continue
		}
		return strings.Join(words, ", "), nil
	}
	return "", &forbiddenError{host + " " + why}
}

// secured opens the encrypted connection and closes it again.
func secured(ctx context.Context, s Spec, u *url.URL, sink Sink) (string, error) {
	if m, ok := sink.(*mailer); ok {
		_, done, err := m.connect(ctx, false)
		if err != nil {
			return "", err
		}
		done()
		if s.Plain {
			return "connected, without TLS", nil
		}
		return "connected, encrypted, " + u.Hostname() + " proved its name", nil
	}
	conf, err := trust(s.CAPEM, u.Hostname())
	if err != nil {
		return "", err
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	c, err := (&tls.Dialer{NetDialer: dialer(s), Config: conf}).DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close() }()
	detail := "connected, encrypted"
	if t, ok := c.(*tls.Conn); ok {
		detail += " (" + tls.VersionName(t.ConnectionState().Version) + "), " + u.Hostname() + " proved its name"
	}
	return detail, nil
}
