package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"cordon/client/sim"
	"cordon/client/sim/receive"
	"cordon/store/soc"
	"cordon/ui/cli"
)

// simulate runs a tenant, and receivers of notifications if they are asked for, until ctx ends.
func simulate(ctx context.Context, o cli.SimOptions, out io.Writer) error {
	granted, err := sim.Profile(o.Profile)
	if err != nil {
		return err
	}
	s, err := startSim(ctx, o.Listen, o.DemoOptions)
	if err != nil {
		return err
	}
	defer s.Close()
	s.Tenant.Grant(granted)
	if o.SecretLife > 0 {
		s.Tenant.ExpireSecretsAt(time.Now().Add(o.SecretLife))
	}
	c := s.Connection()
	if err := keys(s.Tenant, o); err != nil {
		return err
	}
	if o.Identity != "" {
		end, err := s.Tenant.ServeIdentity(ctx, o.Identity, &c.Identity)
		if err != nil {
			return err
		}
		defer end()
	}
	tell := teller(out)
	end, err := receivers(ctx, o, s.Authority, &c.Receivers, tell)
	defer end()
	if err != nil {
		return err
	}
	caFile := ""
	if o.Write != "" {
		caFile = o.Write + ".ca.pem"
		if err := errors.Join(c.WriteFile(o.Write), private(caFile, []byte(c.CAPEM))); err != nil {
			return err
		}
	}
	tell.mu.Lock() // what arrives is printed after this
	c.Describe(out, caFile)
	tell.mu.Unlock()
	<-ctx.Done()
	return nil
}

// printer prints what arrives, one line each. The lines come from outside and from several connections at once.
type printer struct {
	mu  sync.Mutex
	out io.Writer
}

func teller(out io.Writer) *printer { return &printer{out: out} }

func (p *printer) line(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintln(p.out, time.Now().UTC().Format(time.TimeOnly), soc.Clean(text))
}

// keys writes the other credentials that the tenant accepts.
func keys(t *sim.Tenant, o cli.SimOptions) error {
	if o.Certificate != "" {
		now := time.Now()
		pem, err := t.IssueCertificate("cordon", now.Add(-time.Hour), now.AddDate(1, 0, 0))
		if err != nil {
			return err
		}
		if err := private(o.Certificate, pem); err != nil {
			return err
		}
	}
	if o.WorkloadToken == "" {
		return nil
	}
	token, err := t.WorkloadToken(24 * time.Hour)
	if err != nil {
		return err
	}
	return private(o.WorkloadToken, []byte(token))
}

// private writes a file that only its owner can read, also when it was there before.
func private(path string, text []byte) error {
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return fmt.Errorf("writing for the simulator: %w", err)
	}
	return os.Chmod(path, 0o600)
}

// receivers starts what is asked for and enters the addresses. The caller ends them with end, also after an error.
func receivers(ctx context.Context, o cli.SimOptions, a sim.Authority, r *sim.Receivers, tell *printer) (end func(), err error) {
	var open []func()
	end = func() {
		for _, f := range open {
			f()
		}
	}
	if o.Mail != "" {
		m, err := receive.NewMail(ctx, o.Mail, receive.MailOptions{TLS: a.Server(), Tell: tell.line})
		if err != nil {
			return end, err
		}
		open, r.SMTP = append(open, m.Close), m.Addr
	}
	if o.Syslog != "" {
		s, err := receive.NewSyslog(ctx, o.Syslog, receive.SyslogOptions{TLS: a.Server(), Tell: tell.line})
		if err != nil {
			return end, err
		}
		open, r.SyslogUDP, r.SyslogTCP, r.SyslogTLS = append(open, s.Close), s.UDP, s.TCP, s.TLS
	}
	if o.Webhook != "" {
		secret, err := receive.NewSecret()
		if err != nil {
			return end, err
		}
		w, err := receive.NewWebhook(ctx, o.Webhook, receive.WebhookOptions{Secrets: []string{secret}, TLS: a.Server(), Tell: tell.line})
		if err != nil {
			return end, err
		}
		open, r.Webhook, r.WebhookSecret = append(open, w.Close), w.URL, secret
	}
	return end, nil
}
