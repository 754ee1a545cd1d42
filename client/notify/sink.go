package notify

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"time"
)

// Sink is where messages go. Deliver sends them in order and returns how many have arrived; with fewer than all it says why. It may be
// called with the same message again. It ends when ctx ends, or soon after; it is never called twice at a time.
type Sink interface {
	Deliver(ctx context.Context, msgs []Message) (int, error)
}

// The types of sinks.
const (
	TypeWebhook = "webhook"
	TypeFile    = "file"
	TypeSyslog  = "syslog"
	TypeMail    = "mail"
)

// Spec describes a sink, as the section "notify" of the configuration does or a channel of the store.
type Spec struct {
	Name string
	Type string // webhook, file, syslog or mail
	URL  string // https://host/path; udp://, tcp:// or tls://host:port or unix:///path for syslog; smtp:// or smtps://host:port for mail
	Path string // of a file
	// SecretFile or SecretEnv is where the signing secrets of a webhook are: one or more "whsec_…", the first being the newest.
	SecretFile, SecretEnv string
	// Secret opens a sealed secret instead: the signing secrets of a webhook, the password of a mail account. Nil: there is none.
	Secret func() (string, error)
	// AllowPrivate lets connections go to this machine and to the own network.
	AllowPrivate bool

	// Key names the place in the history, so that a sink can be renamed; empty means Name.
	Key string
	// Tag changes when anything about the spec does.
	Tag string
	// Off: nothing is told, but the place moves along, so that nobody is told of last month when it is switched on again.
	Off bool

	Layout    string // of syslog lines; empty: every line is the JSON of the event
	SeedNames bool
	CAPEM     string // certificates that are trusted besides those of the system
	Plain     bool   // mail without TLS; loopback only

	// Of mail.
	From, User                string
	To                        []string
	HostAlerts, StartFailures bool
}

func (s Spec) key() string { return cmp.Or(s.Key, s.Name) }

// beats reports whether signs of life go there: not into people's mailboxes.
func (s Spec) beats() bool { return !s.Off && s.Type != TypeMail }

// picks reports whether the sink tells only of some entries.
func (s Spec) picks() bool { return s.Type == TypeMail }

// wants reports whether the sink tells of a message. People get mail only about what they switched on (V-35, T-17).
func (s Spec) wants(m Message) bool {
	switch {
	case s.Off:
		return false
	case s.Type != TypeMail || m.Kind == KindTest:
		return true
	case m.Turn != nil:
		return s.HostAlerts && m.Turn.Loud
	}
	return s.StartFailures && m.Event != nil && m.Event.Action == ActionStartFailed
}

// ActionStartFailed is the action of the audit entry about a part of cordon that could not be started (T-17).
const ActionStartFailed = "start-failed"

// Target says where a sink goes, without what may be a credential in a URL: path and query.
func (s Spec) Target() string {
	if s.Type == TypeFile {
		return s.Path
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		return s.Type
	}
	if u.Scheme == "unix" {
		return u.Scheme + "://" + u.Path
	}
	return u.Scheme + "://" + u.Host
}

// Host is how a sender names itself in syslog lines.
type Host struct {
	Name, Version string
	PID           int
}

// Open makes the sink of a spec; nothing is contacted and no file is opened before the first delivery.
func (s Spec) Open(from Host, now func() time.Time) (Sink, error) {
	switch s.Type {
	case TypeWebhook:
		return newWebhook(s, from, now)
	case TypeFile:
		return &file{path: s.Path}, nil
	case TypeSyslog:
		return newSyslog(s, from)
	case TypeMail:
		return newMailer(s, from)
	}
	return nil, fmt.Errorf("opening the sink %s: unknown type %q", s.Name, s.Type)
}

// chunk is how many messages one delivery takes: one where each has its own answer, more where they share a connection or a sync.
func (s Spec) chunk() int {
	if s.Type == TypeWebhook || s.Type == TypeMail {
		return 1
	}
	return batch
}

// timeout is how long one delivery may take.
func (s Spec) timeout() time.Duration {
	if s.Type == TypeMail {
		return mailTime
	}
	return timeout
}

// answerError is an answer of a sink other than "taken".
type answerError struct {
	what string
	// refused: sending the same again will probably get the same answer. aboutMessage: because of the message, not because of the sink.
	refused, aboutMessage bool
	after                 time.Duration // the sink asked to be left alone this long
}

func (e *answerError) Error() string { return e.what }
