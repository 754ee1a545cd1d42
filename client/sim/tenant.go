package sim

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Tenant is one simulated tenant: an http.Handler that answers the sign-in
// endpoints and the API on the same address, told apart by path. All methods
// may be called from any goroutine.
type Tenant struct {
	opt    Options
	clock  func() time.Time
	keys   keyring
	routes []endpoint
	names  *catalog

	mu         sync.Mutex
	at         time.Time // up to here the world has happened
	start      time.Time
	behave     Behaviour
	sign       signIn
	hosts      hostStore
	alerts     alertStore
	actions    actionStore
	indicators indicatorStore
	events     []deviceEvent // made by AddEvent, the newest first
	live       liveState
	quota      map[string][]time.Time
	faults     []*armedFault
	journal    journal
}

// New builds a tenant. The same options give the same tenant. Sized worlds are
// laid out here (about half a second for WorldXL); their texts are made when
// they are asked for.
func New(opt Options) *Tenant {
	opt = opt.withDefaults()
	t := &Tenant{
		opt:    opt,
		clock:  opt.Now,
		routes: endpoints(),
		names:  newCatalog(),
		behave: opt.Behaviour,
		sign: signIn{
			secrets: []secret{{opt.Secret, opt.SecretUntil}},
			granted: Permissions{Defender: opt.Roles, Graph: opt.GraphRoles},
		},
		quota: map[string][]time.Time{},
	}
	t.keys.key = opt.Key
	t.start = opt.Now().UTC()
	t.at = t.start
	t.actions.init(opt.Seed)
	t.build()
	t.layIndicators()
	return t
}

// TenantID, AppID and Secret are what a client has to present.
func (t *Tenant) TenantID() string { return t.opt.TenantID }

// AppID is the application (client) id that may sign in.
func (t *Tenant) AppID() string { return t.opt.AppID }

// Secret is the newest client secret.
func (t *Tenant) Secret() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.sign.secrets) == 0 {
		return ""
	}
	return t.sign.secrets[0].value
}

// maxBody is far above any body this API takes.
const maxBody = 4 << 20

// ServeHTTP answers one request: time first, then an armed fault, then the
// ordinary answer.
func (t *Tenant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		panic(http.ErrAbortHandler) // the client went away while sending
	}
	c := &call{w: w, r: r, body: body, path: splitPath(r.URL.EscapedPath())}
	t.mu.Lock()
	t.advance(t.clock())
	date := t.at.Add(t.behave.Skew)
	fault := t.takeFault(c)
	t.arrive(c, fault)
	t.mu.Unlock()
	w.Header().Set("Date", date.UTC().Format(http.TimeFormat))
	if fault != nil {
		t.serveFault(c, fault)
		return
	}
	t.answer(c)
}

// answer serves a request as a healthy tenant would.
func (t *Tenant) answer(c *call) {
	first := ""
	if len(c.path) > 0 {
		first = strings.ToLower(c.path[0])
	}
	switch first {
	case "api":
		t.serveAPI(c)
	case "metadata", "msi":
		t.serveIdentity(c)
	case "control":
		t.serveControl(c)
	default:
		t.serveLogin(c)
	}
}

// Advance lets everything happen that is due by the clock. Requests do the
// same; tests use it to look at the truth without a request.
func (t *Tenant) Advance() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.advance(t.clock())
}

// advance replays action transitions and live events in the order of their
// times up to now. A clock that stepped back changes nothing.
func (t *Tenant) advance(now time.Time) {
	now = now.UTC()
	for {
		a, due := t.actions.nextDue(now)
		event, ok := t.live.nextDue(now)
		switch {
		case ok && (a == nil || !event.After(due)):
			t.at = latest(t.at, event)
			t.playEvent(event)
		case a != nil:
			t.at = latest(t.at, due)
			t.step(a, due)
		default:
			t.at = latest(t.at, now)
			return
		}
	}
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
