package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"cordon/store/soc"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// shelf is a store of plain values that refuses as the real one does.
type shelf struct {
	mu     sync.Mutex
	locks  []soc.Lockdown
	tokens []soc.Token
	saves  int
	fail   error
}

func (s *shelf) Lockdowns(_ context.Context, q soc.LockdownQuery) ([]soc.Lockdown, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []soc.Lockdown
	for _, l := range s.locks {
		if !q.Open || !l.Phase.Final() {
			out = append(out, l)
		}
	}
	return out, s.fail
}

func (s *shelf) Tokens(context.Context) ([]soc.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]soc.Token(nil), s.tokens...), s.fail
}

func (s *shelf) SaveToken(_ context.Context, t soc.Token, _ ...soc.AuditEntry) (soc.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.tokens {
		if s.tokens[i].ID == t.ID && s.tokens[i].Revision == t.Revision {
			s.saves++
			t.Revision++
			s.tokens[i] = t
			return t, s.fail
		}
	}
	return soc.Token{}, soc.ErrConflict
}

// box is an intake that keeps what it gets, each id once.
type box struct {
	mu      sync.Mutex
	threats map[string]soc.Threat
	probes  []soc.ProbeInput
	by      []soc.Session
	calls   int
	err     func(n int) error // of the nth call
	entered chan struct{}     // a call waits here until it is read
	began   chan struct{}     // told of every call that is about to wait
}

func (b *box) next(ctx context.Context, by soc.Session) error {
	b.mu.Lock()
	b.calls++
	n := b.calls
	b.by = append(b.by, by)
	b.mu.Unlock()
	if b.entered != nil {
		b.began <- struct{}{}
		select {
		case b.entered <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if b.err != nil {
		return b.err(n)
	}
	return nil
}

func (b *box) Report(ctx context.Context, by soc.Session, ch soc.ChannelID, in soc.ThreatInput) (soc.Threat, error) {
	if err := b.next(ctx, by); err != nil {
		return soc.Threat{}, err
	}
	in, err := in.Checked(noon)
	if err != nil {
		return soc.Threat{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	key := soc.ThreatKey(ch, in.ID)
	if _, known := b.threats[key]; !known {
		if b.threats == nil {
			b.threats = map[string]soc.Threat{}
		}
		b.threats[key] = soc.Threat{Key: key, Channel: ch, Sender: by.Actor.Name, ID: in.ID, Level: in.Level, State: soc.ThreatWaiting}
	}
	return b.threats[key], nil
}

func (b *box) Probe(ctx context.Context, by soc.Session, _ soc.ChannelID, in soc.ProbeInput) (soc.ProbeReceipt, error) {
	if err := b.next(ctx, by); err != nil {
		return soc.ProbeReceipt{}, err
	}
	in, err := in.Checked(noon)
	if err != nil {
		return soc.ProbeReceipt{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probes = append(b.probes, in)
	if in.State != soc.ProbeUnprotected {
		return soc.ProbeReceipt{Outcome: soc.ReceiptIgnored, Reason: "the test is blocked"}, nil
	}
	return soc.ProbeReceipt{Outcome: soc.ReceiptNew, Pushed: soc.Pushed{Key: soc.PushedKey("one", in.Indicator.Type, in.Indicator.Value)}}, nil
}

// rig is a server that really listens, with what is behind it.
type rig struct {
	t     *testing.T
	store *shelf
	box   *box
	url   string
	log   *bytes.Buffer
	mu    sync.Mutex
	now   time.Time
	seen  []string // route method code, as told to Observe
	srv   *Server
}

func (g *rig) clock() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.now
}

func (g *rig) pass(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now = g.now.Add(d)
}

// token makes a token whose value is "tok-" and its name.
func token(name string, channel soc.ChannelID, scopes ...string) soc.Token {
	h := sha256.Sum256([]byte("tok-" + name))
	return soc.Token{ID: "id-" + name, Name: name, Scopes: scopes, Channel: channel, Hash: h[:], Created: noon.Add(-time.Hour), Revision: 1}
}

func newRig(t *testing.T, tune ...func(*Options)) *rig {
	t.Helper()
	g := &rig{t: t, box: &box{}, log: &bytes.Buffer{}, now: noon, store: &shelf{tokens: []soc.Token{
		token("reader", "", soc.ScopeLockdowns), token("phones", "mtd", soc.ScopeThreats), token("probes", "prb", soc.ScopeProbes),
		token("prom", "", soc.ScopeMetrics), token("loose", "", soc.ScopeThreats), token("none", ""),
	}}}
	o := Options{
		Store: g.store, Intake: g.box, Now: g.clock, Log: slog.New(slog.NewTextHandler(locked{g}, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "cordon_up 1") }),
		Observe: func(route, method string, code int, _ time.Duration) {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.seen = append(g.seen, fmt.Sprint(route, " ", method, " ", code))
		},
	}
	for _, f := range tune {
		f(&o)
	}
	g.srv = New(o)
	l, err := Listen(t.Context(), Address{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	g.url = l.URL()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- g.srv.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return g
}

type locked struct{ g *rig }

func (l locked) Write(b []byte) (int, error) {
	l.g.mu.Lock()
	defer l.g.mu.Unlock()
	return l.g.log.Write(b)
}

// got is an answer.
type got struct {
	status int
	header http.Header
	body   string
}

// problem reads the error of the answer.
func (a got) problem(t *testing.T) problem {
	t.Helper()
	var doc struct{ Error problem }
	if err := json.Unmarshal([]byte(a.body), &doc); err != nil || doc.Error.Code == "" || doc.Error.What == "" {
		t.Fatalf("%d %q is no error of ours: %v", a.status, a.body, err)
	}
	return doc.Error
}

// ask sends a request; edit may change it.
func (g *rig) ask(method, path, tok, body string, edit ...func(*http.Request)) got {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), method, g.url+path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	if body == "" {
		r.Body, r.ContentLength = http.NoBody, 0
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	if tok != "" {
		r.Header.Set("Authorization", "Bearer tok-"+tok)
	}
	for _, f := range edit {
		f(r)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(r)
	if err != nil {
		g.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		g.t.Fatal(err)
	}
	return got{res.StatusCode, res.Header, string(b)}
}

// hold lets the intake wait until release is called, once per request.
func (b *box) hold() (release func()) {
	b.entered, b.began = make(chan struct{}), make(chan struct{}, 16)
	return func() { <-b.entered }
}

// direct asks the handler without a network.
func (g *rig) direct(r *http.Request) got {
	w := httptest.NewRecorder()
	g.srv.ServeHTTP(w, r)
	return got{w.Code, w.Header(), w.Body.String()}
}

func with(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func host(h string) func(*http.Request) { return func(r *http.Request) { r.Host = h } }
