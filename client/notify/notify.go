// Package notify tells the outside world what the history says: mail, syslog, webhooks and a file of JSON lines.
//
// It promises four things. It never blocks anything: it only reads the history behind everybody else's back, in one goroutine per sink with
// a few kilobytes of its own, so a sink that hangs for an hour delays neither a release nor another sink (F79, SC24). It loses nothing that
// matters: the history is the queue, written in the same transaction as the change it tells of, and a sink's place in it moves only after
// the sink has taken the message; a crash in between sends it again, under the same id (F14, F80). Only entries of no weight are left out,
// oldest first, when the backlog is too long, and they are counted. A message that a sink refuses for good while it takes others becomes a
// dead letter that people can see, and the rest goes on. And nothing secret leaves: events are an allow-list of fields, signing keys and the
// paths of URLs are never shown, and connections go only where the configuration allows, judged by the address after name resolution (SC35).
//
// Programs are told everything: every entry of the history is an event. What people care about is a turn: a host was locked or unlocked, or
// that failed. Syslog tells turns in one of three layouts that other products' parsers know, and mail tells nothing else (V-34, V-39). Sinks
// come from the configuration file, fixed, and from the channels of the store, which follow the settings without losing their place.
//
// Every sink but mail also gets a heartbeat with the next deadlines and the head of the history (N-19, F65): when it stops, somebody else notices.
// Heartbeats are not queued, because only the newest one means anything.
//
// Caveats. Delivery is at least once and in order per sink; receivers drop what they have seen by its id. A new sink begins with what happens
// after it was added. Syslog over UDP can lose messages without anybody noticing.
package notify

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"cordon/store/soc"
)

// Store is what this package reads, and where the sinks' places in the history are kept.
type Store interface {
	Audit(ctx context.Context, q soc.AuditQuery) (soc.AuditPage, error)
	AuditAfter(ctx context.Context, seq uint64, limit int) ([]soc.AuditEntry, error)
	Lockdown(ctx context.Context, id soc.LockdownID) (soc.Lockdown, error)
	Lockdowns(ctx context.Context, q soc.LockdownQuery) ([]soc.Lockdown, error)
	Integrations(ctx context.Context) ([]soc.Integration, error)
	Sink(ctx context.Context, name string) (soc.SinkState, error)
	SaveSink(ctx context.Context, st soc.SinkState) error
	Watch() *soc.Watcher
}

// Options are the parts of a Notifier.
type Options struct {
	Store Store
	Sinks []Spec
	// Channels lists the sinks that are kept in the store; they are read again whenever the settings change. Nil: there are none.
	Channels func(ctx context.Context) ([]Spec, error)
	// Checkpoints lists the signed checkpoints after number n, oldest first; nil if there are none.
	Checkpoints func(ctx context.Context, n uint64, limit int) ([]soc.Checkpoint, error)
	// Heartbeat is the time between two signs of life; 0 means a minute.
	Heartbeat time.Duration
	// Backlog is how many entries may wait before those of no weight are left out; 0 means 10,000.
	Backlog uint64
	Host    Host
	// Troubles is what the heartbeat tells about the machinery; may be nil.
	Troubles func() []soc.Trouble
	// Changed is called when Troubles of this package changed; may be nil.
	Changed func()
	Now     func() time.Time
}

// Notifier keeps the sinks informed. Make it with New; it is safe for concurrent use.
type Notifier struct {
	o       Options
	workers []*worker

	open     func(Spec) (Sink, error)
	mu       sync.Mutex
	channels []*running // sinks that come and go with the settings, in their order
}

// New makes a Notifier; nothing is contacted before Run. The only error is a spec that no sink can be made of.
func New(o Options) (*Notifier, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Heartbeat == 0 {
		o.Heartbeat = time.Minute
	}
	if o.Backlog == 0 {
		o.Backlog = 10_000
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	if o.Troubles == nil {
		o.Troubles = func() []soc.Trouble { return nil }
	}
	n := &Notifier{o: o, open: func(s Spec) (Sink, error) { return s.Open(o.Host, o.Now) }}
	for _, s := range o.Sinks {
		sink, err := s.Open(o.Host, o.Now)
		if err != nil {
			return nil, err
		}
		n.add(s, sink)
	}
	return n, nil
}

func (n *Notifier) add(s Spec, sink Sink) { n.workers = append(n.workers, n.worker(s, sink)) }

func (n *Notifier) worker(s Spec, sink Sink) *worker {
	return &worker{o: n.o, spec: s, sink: sink, busy: make(chan struct{}, 1)}
}

// Run delivers until ctx ends. Each sink has its own goroutine; one that panics brings Run to an end, so that its supervisor starts it anew.
func (n *Notifier) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	errs := make([]error, len(n.workers)+1)
	for i, w := range n.workers {
		wg.Go(func() {
			if errs[i] = w.protect(ctx); errs[i] != nil {
				cancel()
			}
		})
	}
	if n.o.Channels != nil {
		wg.Go(func() {
			if err := n.follow(ctx); err != nil {
				errs[len(n.workers)] = err
				cancel()
			}
		})
	}
	<-ctx.Done()
	wg.Wait()
	return errors.Join(errs...)
}

// Troubles lists what is wrong with the sinks, from memory.
func (n *Notifier) Troubles() []soc.Trouble {
	var out []soc.Trouble
	for _, w := range n.all() {
		out = append(out, w.troubles()...)
	}
	return out
}

// Probe sends one test message to the named sink and returns where it went and how long that took. It needs no store. The error is
// soc.ErrNotFound for an unknown name, soc.ErrUnavailable when the message did not arrive.
func Probe(ctx context.Context, specs []Spec, name string, from Host, now func() time.Time) (target string, took time.Duration, err error) {
	for _, s := range specs {
		if s.Name != name {
			continue
		}
		sink, err := s.Open(from, now)
		if err != nil {
			return s.Target(), 0, err
		}
		began := now()
		m, err := testMessage(s, from, began)
		if err != nil {
			return s.Target(), 0, err
		}
		ctx, cancel := context.WithTimeout(ctx, s.timeout())
		defer cancel()
		if _, err := sink.Deliver(ctx, []Message{m}); err != nil {
			return s.Target(), 0, &soc.Error{
				Kind: soc.KindUnavailable, Code: "sink-down", Err: err,
				What:  "the test message did not arrive at " + name + ": " + soc.Clean(err.Error()),
				Means: "notifications wait in the history until the sink takes them; lockdowns and releases are not affected",
				Next:  "correct the sink and try again",
			}
		}
		return s.Target(), now().Sub(began), nil
	}
	return "", 0, &soc.Error{
		Kind: soc.KindNotFound, Code: "no-sink", What: fmt.Sprintf("there is no notification sink %q in the configuration", name),
		Next: `see "cordon notify list"`,
	}
}

func testMessage(s Spec, from Host, at time.Time) (Message, error) {
	id := fmt.Sprintf("test_%d", at.UnixNano())
	return message(id, KindTest, WeightNotice, at, struct {
		Kind    string    `json:"kind"`
		ID      string    `json:"id"`
		Time    time.Time `json:"time"`
		Sink    string    `json:"sink"`
		Host    string    `json:"from,omitempty"`
		Version string    `json:"version,omitempty"`
		Detail  string    `json:"detail"`
	}{KindTest, id, at.UTC().Round(0), s.Name, from.Name, from.Version, "a test: nothing happened"})
}

// Standing is one sink as `cordon notify list` shows it.
type Standing struct {
	Spec    Spec
	State   soc.SinkState
	Used    bool   // false: it never ran
	Backlog uint64 // entries that wait
}

// List tells how far each configured sink got, from the store.
func List(ctx context.Context, st Store, specs []Spec) ([]Standing, error) {
	last, err := head(ctx, st)
	if err != nil {
		return nil, err
	}
	var out []Standing
	for _, s := range specs {
		state, err := st.Sink(ctx, s.key())
		switch {
		case errors.Is(err, soc.ErrNotFound):
			out = append(out, Standing{Spec: s})
			continue
		case err != nil:
			return nil, fmt.Errorf("reading the state of %s: %w", s.Name, err)
		}
		waits := behind(last.Seq, state.Seq)
		if s.picks() {
			if waits, _, err = Owed(ctx, st, s, state.Seq); err != nil {
				return nil, err
			}
		}
		out = append(out, Standing{s, state, true, waits})
	}
	return out, nil
}

// head is the newest entry of the history, zero if there is none.
func head(ctx context.Context, st Store) (soc.AuditEntry, error) {
	page, err := st.Audit(ctx, soc.AuditQuery{Count: 1})
	if err != nil {
		return soc.AuditEntry{}, fmt.Errorf("reading the head of the history: %w", err)
	}
	if len(page.Entries) == 0 {
		return soc.AuditEntry{}, nil
	}
	return page.Entries[0], nil
}

func behind(last, seq uint64) uint64 { return last - min(last, seq) }
