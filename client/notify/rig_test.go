package notify

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cordon/store/soc"
)

// shelf is a store of plain values.
type shelf struct {
	mu      sync.Mutex
	hub     soc.Hub
	entries []soc.AuditEntry
	locks   map[soc.LockdownID]soc.Lockdown
	sinks   map[string]soc.SinkState
	marks   []soc.Checkpoint
	saves   int
	readErr error // of Sink
	saveErr error
	slow    time.Duration // of SaveSink
}

func newShelf() *shelf {
	return &shelf{locks: map[soc.LockdownID]soc.Lockdown{}, sinks: map[string]soc.SinkState{}}
}

// write appends entries, as the store does.
func (s *shelf) write(entries ...soc.AuditEntry) {
	s.mu.Lock()
	for _, e := range entries {
		e.Seq = uint64(len(s.entries) + 1)
		e.Hash = fmt.Sprintf("%064x", e.Seq*7919)
		e.Time = cmp.Or(e.Time, time.Now().UTC())
		s.entries = append(s.entries, e)
	}
	s.mu.Unlock()
	s.hub.Publish(soc.TopicAudit)
}

func (s *shelf) Audit(context.Context, soc.AuditQuery) (soc.AuditPage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.entries) == 0 {
		return soc.AuditPage{}, nil
	}
	return soc.AuditPage{Entries: s.entries[len(s.entries)-1:], Total: len(s.entries)}, nil
}

func (s *shelf) AuditAfter(_ context.Context, seq uint64, limit int) ([]soc.AuditEntry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := min(int(seq), len(s.entries))
	return append([]soc.AuditEntry(nil), s.entries[from:min(from+limit, len(s.entries))]...), nil
}

func (s *shelf) Lockdown(_ context.Context, id soc.LockdownID) (soc.Lockdown, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.locks[id]
	if !ok {
		return l, soc.ErrNotFound
	}
	return l, nil
}

func (s *shelf) Lockdowns(context.Context, soc.LockdownQuery) ([]soc.Lockdown, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []soc.Lockdown
	for _, l := range s.locks {
		out = append(out, l)
	}
	return out, nil
}

func (s *shelf) Integrations(context.Context) ([]soc.Integration, error) {
	return []soc.Integration{{ID: "int-1", Name: "contoso", Environment: "PROD", Sealed: []byte("SEALED")}}, nil
}

func (s *shelf) Sink(_ context.Context, name string) (soc.SinkState, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, ok := s.sinks[name]
	if s.readErr != nil {
		return st, s.readErr
	}
	if !ok {
		return st, soc.ErrNotFound
	}
	return st, nil
}

func (s *shelf) SaveSink(_ context.Context, st soc.SinkState) error {
	s.mu.Lock()
	slow := s.slow
	s.mu.Unlock()
	time.Sleep(slow)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saves++
	if s.saveErr != nil {
		return s.saveErr
	}
	s.sinks[st.Name] = st
	return nil
}

func (s *shelf) state(name string) soc.SinkState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sinks[name]
}

func (s *shelf) Watch() *soc.Watcher { return s.hub.Watch() }

func (s *shelf) checkpoints(_ context.Context, n uint64, limit int) ([]soc.Checkpoint, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := min(int(n), len(s.marks))
	return append([]soc.Checkpoint(nil), s.marks[from:min(from+limit, len(s.marks))]...), nil
}

// got is one message at a receiver.
type got struct {
	id, kind string
	at       time.Time
	body     string
	turn     *Turn
}

// inbox is a receiver that keeps everything. answer decides about each message before it is kept; nil takes all.
type inbox struct {
	mu     sync.Mutex
	list   []got
	calls  int
	answer func(ctx context.Context, m Message) error
}

func (b *inbox) Deliver(ctx context.Context, msgs []Message) (int, error) {
	for i, m := range msgs {
		b.mu.Lock()
		b.calls++
		answer := b.answer
		b.mu.Unlock()
		if answer != nil {
			if err := answer(ctx, m); err != nil {
				return i, err
			}
		}
		b.mu.Lock()
		b.list = append(b.list, got{m.ID, m.Kind, time.Now(), string(m.Body), m.Turn})
		b.mu.Unlock()
	}
	return len(msgs), nil
}

// set changes how the receiver answers.
func (b *inbox) set(answer func(ctx context.Context, m Message) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = answer
}

// of returns what arrived of one kind.
func (b *inbox) of(kind string) (out []got) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, g := range b.list {
		if g.kind == kind {
			out = append(out, g)
		}
	}
	return out
}

func (b *inbox) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.calls
}

// seqs are the numbers of the events that arrived, in order.
func (b *inbox) seqs(t *testing.T) (out []uint64) {
	t.Helper()
	for _, g := range b.of(KindEvent) {
		var e Event
		if err := json.Unmarshal([]byte(g.body), &e); err != nil {
			t.Fatal(err)
		}
		out = append(out, e.Seq)
	}
	return out
}

// rig is a notifier on fakes; name → sink.
func rig(t *testing.T, o Options, sinks map[string]Sink) *Notifier {
	t.Helper()
	n, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range sinks {
		n.add(Spec{Name: name, Type: TypeWebhook, URL: "https://" + name + ".example/x"}, s)
	}
	return n
}

// start runs a notifier inside a bubble until stop is called.
func start(t *testing.T, n *Notifier) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	synctest.Wait()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run = %v", err)
		}
	}
}

func lockdownEntry(action, result, after string) soc.AuditEntry {
	return soc.AuditEntry{
		Integration: "int-1", Actor: soc.Actor{Name: "mona", Via: "tty"}, Action: action, Host: "m1", Target: "ws-1", Lockdown: "LK-AAAAAAAA",
		Result: result, Before: "x", After: after,
	}
}

var errDown = errors.New("connection refused")
