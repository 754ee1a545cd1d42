package sim

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"
)

// controlOrder is the body of POST /control: what a person who runs a drill changes
// while the tenant serves. Missing fields stay as they are.
type controlOrder struct {
	Profile       *string   `json:"profile"`
	Roles         *[]string `json:"roles"`
	GraphRoles    *[]string `json:"graph_roles"`
	Delegated     *[]string `json:"delegated"`
	Consent       *bool     `json:"consent"`
	AddSecret     string    `json:"add_secret"`
	RemoveSecret  string    `json:"remove_secret"`
	SecretExpired *bool     `json:"secret_expired"`
	SecretLife    *string   `json:"secret_life"`  // all present secrets expire this long from now
	DenySignIn    *int      `json:"deny_sign_in"` // AADSTS number, 0 ends it
	NoIdentity    *bool     `json:"no_identity"`

	IndicatorLag *string `json:"indicator_lag"`
	IndicatorCap *int    `json:"indicator_cap"`
	AlertLag     *string `json:"alert_lag"`
	Offline      string  `json:"offline"` // host that loses its connection to Defender
	Online       string  `json:"online"`

	Fault       *controlFault `json:"fault"`
	ClearFaults bool          `json:"clear_faults"`
}

// controlFault is the part of Fault that a person is likely to want.
type controlFault struct {
	Match      string `json:"match"`
	Kind       string `json:"kind"`
	Times      int    `json:"times"`
	Status     int    `json:"status"`
	Code       string `json:"code"`
	Message    string `json:"message"`
	RetryAfter string `json:"retry_after"`
	Delay      string `json:"delay"`
	After      bool   `json:"after"`
}

// ControlKey is what POST /control wants as bearer token, so that no web page
// can reach it by accident.
func (t *Tenant) ControlKey() string {
	d := newDice(t.opt.Seed, saltIdentity, 2)
	return d.hex(32)
}

// serveControl answers GET with what is set and POST with what is set after it.
func (t *Tenant) serveControl(c *call) {
	key, ok := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	switch {
	case !ok || subtle.ConstantTimeCompare([]byte(key), []byte(t.ControlKey())) != 1:
		c.fail(http.StatusUnauthorized, "Unauthorized", "The control key is missing or wrong.")
		return
	case c.r.Method == http.MethodPost:
		dec := json.NewDecoder(bytes.NewReader(c.body))
		dec.DisallowUnknownFields()
		var o controlOrder
		err := dec.Decode(&o)
		if err == nil {
			err = t.obey(o)
		}
		if err != nil {
			c.fail(http.StatusBadRequest, "BadRequest", clip(err.Error(), 300))
			return
		}
	case c.r.Method != http.MethodGet:
		c.fail(http.StatusMethodNotAllowed, "MethodNotAllowed", "GET or POST.")
		return
	}
	c.send(http.StatusOK, "application/json; charset=utf-8", t.controlState())
}

// obey checks an order whole before it changes anything.
func (t *Tenant) obey(o controlOrder) error {
	granted := t.Granted()
	if o.Profile != nil {
		var err error
		if granted, err = Profile(*o.Profile); err != nil {
			return err
		}
	}
	set(&granted.Defender, o.Roles)
	set(&granted.Graph, o.GraphRoles)
	set(&granted.Delegated, o.Delegated)
	life, err1 := period(o.SecretLife)
	indicators, err2 := period(o.IndicatorLag)
	alerts, err3 := period(o.AlertLag)
	fault, err4 := o.Fault.fault()
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return err
	}
	for host, online := range map[string]bool{o.Offline: false, o.Online: true} {
		if host == "" {
			continue
		}
		if err := t.SetOnline(host, online); err != nil {
			return err
		}
	}
	t.Grant(granted)
	t.obeySignIn(o, life)
	t.Behave(func(b *Behaviour) {
		set(&b.NoIdentity, o.NoIdentity)
		set(&b.IndicatorCap, o.IndicatorCap)
		set(&b.IndicatorLag, indicators)
		set(&b.AlertLag, alerts)
	})
	if o.ClearFaults {
		t.ClearFaults()
	}
	if fault != nil {
		t.Inject(*fault)
	}
	return nil
}

func (t *Tenant) obeySignIn(o controlOrder, life *time.Duration) {
	if o.Consent != nil {
		t.Consent(*o.Consent)
	}
	if life != nil {
		t.ExpireSecretsAt(t.clock().Add(*life))
	}
	if o.AddSecret != "" {
		t.AddSecret(o.AddSecret, time.Time{})
	}
	if o.RemoveSecret != "" {
		t.RemoveSecret(o.RemoveSecret)
	}
	if o.SecretExpired != nil {
		t.ExpireSecret(*o.SecretExpired)
	}
	if o.DenySignIn != nil {
		t.FailSignIn(*o.DenySignIn)
	}
}

// set changes a value when there is a new one.
func set[T any](field, to *T) {
	if to != nil {
		*field = *to
	}
}

func period(text *string) (*time.Duration, error) {
	if text == nil {
		return nil, nil
	}
	d, err := time.ParseDuration(*text)
	return &d, err
}

func (f *controlFault) fault() (*Fault, error) {
	if f == nil {
		return nil, nil
	}
	out := &Fault{
		Match: f.Match, Kind: FaultKind(f.Kind), Times: f.Times, Status: f.Status, Code: f.Code, Message: f.Message,
		RetryAfter: f.RetryAfter, After: f.After,
	}
	switch out.Kind {
	case FaultStatus, FaultHTML, FaultRedirect, FaultDelay, FaultHang, FaultCut, FaultTruncate:
	default:
		return nil, errors.New("the kind of a fault is status, html, redirect, delay, hang, cut or truncate")
	}
	if f.Delay == "" {
		return out, nil
	}
	var err error
	out.Delay, err = time.ParseDuration(f.Delay)
	return out, err
}

// controlState writes what can be controlled, without any secret.
func (t *Tenant) controlState() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	var e enc
	e.open('{')
	e.strings("roles", t.sign.granted.Defender)
	e.strings("graph_roles", t.sign.granted.Graph)
	e.strings("delegated", t.sign.granted.Delegated)
	e.flag("consent", !t.sign.withheld)
	e.num("secrets", int64(len(t.sign.secrets)))
	e.flag("secret_expired", t.sign.expired)
	e.num("deny_sign_in", int64(t.sign.deny))
	e.flag("no_identity", t.behave.NoIdentity)
	e.str("indicator_lag", t.behave.IndicatorLag.String())
	e.num("indicator_cap", int64(orDefault(t.behave.IndicatorCap, defaultCap)))
	e.num("indicators", int64(len(t.indicators.all)))
	e.str("alert_lag", t.behave.AlertLag.String())
	e.num("faults", int64(len(t.faults)))
	e.close('}')
	return append(e.b, '\n')
}
