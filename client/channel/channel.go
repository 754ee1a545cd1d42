// Package channel keeps the integrations that are no tenants: ways in, through which others send threat reports and probe results, and ways
// out, through which the outside world hears of lockdowns: mail, syslog, webhooks. It also hands out the tokens of programs.
//
// It promises four things. What is saved can work: every field is judged and named when it is wrong, and what was saved before stays in force
// when a draft is refused. Mail that goes to nobody can not be switched on (T-18). A stored password or signing secret is sealed for the place
// that it was typed for: with another address or user it must be typed again, and a record that somebody changed behind our back does not
// open. And every change, every refusal and every test is a line of the history that shows no secret.
//
// The secret value of a token exists once, in the answer that made it; the store has its hash. Whether the outside world hears anything is
// told as one sentence per channel, with the reason when it does not (V-35).
package channel

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cordon/client/notify"
	"cordon/store/soc"
)

// Store is what this package reads and writes.
type Store interface {
	Channels(ctx context.Context) ([]soc.Channel, error)
	Channel(ctx context.Context, id soc.ChannelID) (soc.Channel, error)
	SaveChannel(ctx context.Context, c soc.Channel, audit ...soc.AuditEntry) (soc.Channel, error)
	DeleteChannel(ctx context.Context, id soc.ChannelID, audit ...soc.AuditEntry) error
	Tokens(ctx context.Context) ([]soc.Token, error)
	SaveToken(ctx context.Context, t soc.Token, audit ...soc.AuditEntry) (soc.Token, error)
	DeleteToken(ctx context.Context, id string, audit ...soc.AuditEntry) error
	Integrations(ctx context.Context) ([]soc.Integration, error)
	AppendAudit(ctx context.Context, entries ...soc.AuditEntry) error
	Audit(ctx context.Context, q soc.AuditQuery) (soc.AuditPage, error)
	Sink(ctx context.Context, name string) (soc.SinkState, error)
	notify.History
}

// Sealer encrypts secrets for the store. Open refuses text that was sealed for another name or version.
type Sealer interface {
	Seal(name string, version int, plain string) ([]byte, error)
	Open(name string, version int, sealed []byte) (string, error)
}

// Options are the parts of a Service. Store and Sealer are required.
type Options struct {
	Store  Store
	Sealer Sealer
	// File are the sinks of the configuration file: shown, not changed here.
	File []notify.Spec
	// Host is how this cordon names itself in test messages.
	Host notify.Host
	// Live tells how far a running sink got; nil or false means that only the store knows.
	Live func(key string) (st soc.SinkState, waiting uint64, ok bool)
	// Tally tells how a way in is doing: what was last sent, how many reports wait, and what is wrong. Nil: nobody knows.
	Tally func(ctx context.Context, id soc.ChannelID) (last time.Time, waiting uint64, problem string, err error)
	// TestTenant tests the tenant behind a way in.
	TestTenant func(ctx context.Context, s soc.Session, in soc.Integration, secret string, report func(soc.Step)) ([]soc.Step, error)
	Now        func() time.Time
}

// Service is behind ui.Channels. Make it with New; it is safe for concurrent use.
type Service struct{ o Options }

// New makes a Service.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Service{o}
}

// allowed judges the right to change channels and tokens. A refusal is audited.
func (s *Service) allowed(ctx context.Context, by soc.Session, action, target string) error {
	if by.Can(soc.RightSettingsEdit) {
		return nil
	}
	why := "right " + string(soc.RightSettingsEdit) + " missing"
	if by.ReadOnly {
		why = "read-only session"
	}
	e := &soc.Error{
		Kind: soc.KindDenied, Code: "no-right", What: "changing channels and tokens is refused: " + why,
		Means: "nothing was changed", Next: "ask somebody who holds " + string(soc.RightSettingsEdit),
	}
	return errors.Join(e, s.audit(ctx, line(by.Actor, action, target, soc.ResultRefused, why)))
}

// audit writes lines that stand alone, also when the person gave up meanwhile.
func (s *Service) audit(ctx context.Context, entries ...soc.AuditEntry) error {
	if err := s.o.Store.AppendAudit(context.WithoutCancel(ctx), entries...); err != nil {
		return fmt.Errorf("writing the audit history: %w", err)
	}
	return nil
}

func line(by soc.Actor, action, target, result, detail string) soc.AuditEntry {
	return soc.AuditEntry{Actor: by, Action: action, Target: soc.Clean(target), Result: result, Detail: detail}
}

// field is the error about one field of a form: its name comes first.
func field(name, what, next string) error {
	return &soc.Error{Kind: soc.KindInvalid, Code: "bad-field", What: name + " " + what, Means: "nothing was changed", Next: next}
}
