package receive

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Hook is one request to the webhook endpoint.
type Hook struct {
	At       time.Time
	ID       string // webhook-id: the same for every try of one message
	Sent     time.Time
	Header   http.Header
	Path     string
	Body     []byte
	Verified bool
	Problem  string // why it is not verified
	Again    bool   // a verified request with this id was answered with success before
	Status   int    // what it was answered with, 0 for no answer
}

// Reply is how the endpoint answers a request.
type Reply struct {
	Times      int // requests that get it: 0 means one, negative all
	Status     int // 0 means 200
	Location   string
	RetryAfter string
	Body       string
	Hang       bool // never answers
	Cut        bool // hangs up without an answer
}

// WebhookOptions describe an endpoint.
type WebhookOptions struct {
	Secrets []string    // "whsec_…" or plain base64; a signature with any of them is valid. None: nothing is verified, everything taken
	TLS     *tls.Config // nil serves plain HTTP
	Now     func() time.Time
	Tell    func(line string) // gets one line for each request
}

// Webhook is an endpoint for signed webhooks. Close ends it.
type Webhook struct {
	Inbox[Hook]
	URL string

	opt     WebhookOptions
	keys    [][]byte
	replies queue[Reply]
	server  *http.Server
	done    chan struct{}
	once    sync.Once
	mu      sync.Mutex
	taken   map[string]bool
}

// NewWebhook listens on a loopback address until ctx ends or Close is called.
// Requests whose signature is wrong are answered with 401, others with 200,
// unless Answer says something else.
func NewWebhook(ctx context.Context, addr string, opt WebhookOptions) (*Webhook, error) {
	w := &Webhook{opt: opt, done: make(chan struct{}), taken: map[string]bool{}}
	w.tell = opt.Tell
	if opt.Now == nil {
		w.opt.Now = time.Now
	}
	for _, secret := range opt.Secrets {
		key, err := signingKey(secret)
		if err != nil {
			return nil, err
		}
		w.keys = append(w.keys, key)
	}
	ln, err := listen(ctx, addr)
	if err != nil {
		return nil, err
	}
	w.URL = "http://" + ln.Addr().String() + "/"
	if opt.TLS != nil {
		w.URL, ln = "https"+strings.TrimPrefix(w.URL, "http"), tls.NewListener(ln, opt.TLS)
	}
	w.server = &http.Server{
		Handler: http.HandlerFunc(w.serve), ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0),
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	stop := context.AfterFunc(ctx, w.Close)
	go func() {
		defer close(w.done)
		defer stop()
		_ = w.server.Serve(ln) // ends with Close
	}()
	return w, nil
}

// Answer arms replies; each meets requests until it is used up.
func (w *Webhook) Answer(replies ...Reply) {
	for _, r := range replies {
		w.replies.arm(r, r.Times)
	}
}

// ClearAnswers takes all armed replies away.
func (w *Webhook) ClearAnswers() { w.replies.clear() }

// Close ends the endpoint and all connections, also those that never get an
// answer. From then on connections are refused; the requests stay. It may be
// called twice.
func (w *Webhook) Close() {
	w.once.Do(func() { _ = w.server.Close() })
	<-w.done
}

// maxHook is far above any body that a console sends.
const maxHook = 1 << 20

func (w *Webhook) serve(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxHook))
	if err != nil {
		rw.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	h := Hook{At: w.opt.Now(), ID: r.Header.Get("webhook-id"), Header: r.Header.Clone(), Path: r.URL.Path, Body: body}
	h.Sent, err = verify(w.keys, r.Header, body, h.At)
	if err == nil && r.Method != http.MethodPost {
		err = errors.New("webhooks are sent with POST")
	}
	reply, armed := w.replies.take(func(Reply) bool { return true })
	if h.Verified = err == nil; err != nil {
		h.Problem = err.Error()
		if !armed && !errors.Is(err, errNoSecret) {
			reply.Status = http.StatusUnauthorized
		}
	}
	if reply.Status == 0 {
		reply.Status = http.StatusOK
	}
	if h.Status = reply.Status; reply.Hang || reply.Cut {
		h.Status = 0
	}
	h.Again = w.again(h)
	w.add(h, h.line())
	switch {
	case reply.Hang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case reply.Cut:
		panic(http.ErrAbortHandler) // ends the connection without a reply
	}
	for key, value := range map[string]string{"Location": reply.Location, "Retry-After": reply.RetryAfter} {
		if value != "" {
			rw.Header().Set(key, value)
		}
	}
	rw.WriteHeader(reply.Status)
	_, _ = io.WriteString(rw, reply.Body) // a sender that went away is its own affair
}

// again tells whether a message was taken before, and remembers those that are
// taken now.
func (w *Webhook) again(h Hook) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := h.Verified && w.taken[h.ID]
	if h.Verified && h.Status >= 200 && h.Status < 300 {
		w.taken[h.ID] = true
	}
	return before
}

// line describes a request for a person.
func (h Hook) line() string {
	state := "signature ok"
	if !h.Verified {
		state = "NOT VERIFIED: " + h.Problem
	}
	if h.Again {
		state += ", seen before"
	}
	return fmt.Sprintf("webhook %s (%s, answered %d) %s", h.ID, state, h.Status, h.Body)
}
