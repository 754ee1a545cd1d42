package notify

import (
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
)

// Spec describes a sink, as the section "notify" of the configuration does.
type Spec struct {
	Name string
	Type string // webhook, file or syslog
	URL  string // https://host/path; udp://host:port, tcp://host:port or unix:///path for syslog
	Path string // of a file
	// SecretFile or SecretEnv is where the signing secrets of a webhook are: one or more "whsec_…", the first being the newest.
	SecretFile, SecretEnv string
	// AllowPrivate lets connections go to this machine and to the own network.
	AllowPrivate bool
}

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
		return newWebhook(s, from, now), nil
	case TypeFile:
		return &file{path: s.Path}, nil
	case TypeSyslog:
		return newSyslog(s, from)
	}
	return nil, fmt.Errorf("opening the sink %s: unknown type %q", s.Name, s.Type)
}

// chunk is how many messages one delivery takes: one where each has its own answer, more where they share a connection or a sync.
func (s Spec) chunk() int {
	if s.Type == TypeWebhook {
		return 1
	}
	return batch
}

// answerError is an answer of a sink other than "taken".
type answerError struct {
	what string
	// refused: sending the same again will probably get the same answer. aboutMessage: because of the message, not because of the sink.
	refused, aboutMessage bool
	after                 time.Duration // the sink asked to be left alone this long
}

func (e *answerError) Error() string { return e.what }
