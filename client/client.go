// Package client talks to one Microsoft Defender for Endpoint tenant.
//
// It promises four things. A request that changes a host is sent at most once: nothing here repeats a POST, and an error says whether the
// request certainly had no effect (soc.KindRefused, soc.KindThrottled, soc.KindUnavailable, …) or whether nobody knows
// (soc.KindUnknownOutcome), after which only looking may follow. The token goes to the configured hosts and nowhere else: no redirects,
// no foreign next page, no plain http. What comes back is text written by attackers: every string is cleaned by soc.Clean on the way in,
// bodies are limited after decompression, and an answer that does not fit the question (other machine, other action, HTML, twice the same
// key) is not taken for a success. And the call budget of the application is shared: one Limits registry serves all clients, releases go
// before isolations, those before the follow-up of actions, reads come last and never use the last fifth.
//
// A Client is safe for concurrent use. It reads the tenant, never the store; package client/poll brings the two together.
package client

import (
	"context"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"cordon/store/soc"
)

// Config is what a Client is made of. Integration is required, and Secret if its way of signing in has one and Credential is not set.
type Config struct {
	Integration soc.Integration
	// Secret opens the client secret, or the PEM of certificate and private key; it is called each time a token is needed, and the result is
	// not kept. An identity of the platform needs none.
	Secret func(context.Context) (string, error)
	// Credential replaces the way of signing in that the integration names.
	Credential Credential
	// Version of cordon, for the User-Agent.
	Version string
	// Now is the wall clock; nil means time.Now.
	Now func() time.Time
	// Limits is the registry of call budgets, shared by all clients of the process; nil means a private one.
	Limits *Limits
	// OnCall is told about every request after it ended; it must not block.
	OnCall func(Call)
	// OnDate is told the Date of every answer that can vouch for the time, and how long the answer took: it is at least that late now, and at
	// most a second and took later. The date is zero when the API answered without vouching. It must not block.
	OnDate func(date time.Time, took time.Duration)
}

// Call describes one finished request: what the log and the diagnostics screen show. It carries no token and no body.
type Call struct {
	Method, API string // API is the name of the endpoint: "alerts", "isolate", …
	Status      int    // 0 when no answer came
	Took        time.Duration
	RequestID   string // Defender's correlation id of a refusal
	Skipped     int    // list items that could not be read and were left out
	Err         error
}

// Client is one tenant. Make it with New.
type Client struct {
	in     soc.Integration
	api    *url.URL
	login  *url.URL
	proxy  proxyFunc
	http   *http.Client
	tokens *tokens
	graph  *tokens // for Microsoft Graph: read, never sent anywhere (T-07)
	limit  *Limiter
	agent  string
	now    func() time.Time
	onCall func(Call)
	onDate func(time.Time, time.Duration)
	skew   atomic.Int64 // nanoseconds, server minus us
	skewed atomic.Bool  // skew was measured
	// noOrder remembers that this tenant refuses $orderby on alerts.
	noOrder atomic.Bool
}

// New checks the configuration and makes a client; it does not connect. The error is KindInvalid and names the field.
func New(cfg Config) (*Client, error) {
	in := cfg.Integration
	in.Sealed = nil
	api, login, err := endpoints(in)
	if err != nil {
		return nil, err
	}
	roots, err := rootCAs(in)
	if err != nil {
		return nil, err
	}
	proxy, err := proxyOf(in)
	if err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Limits == nil {
		cfg.Limits = NewLimits(DefaultQuota())
	}
	if cfg.OnCall == nil {
		cfg.OnCall = func(Call) {}
	}
	if cfg.OnDate == nil {
		cfg.OnDate = func(time.Time, time.Duration) {}
	}
	cred := cfg.Credential
	if cred == nil {
		if cred, err = credentialOf(in, login, httpClient(login, roots, proxy), cfg.Secret); err != nil {
			return nil, err
		}
	}
	return &Client{
		in:     in,
		api:    api,
		login:  login,
		proxy:  proxy,
		http:   httpClient(api, roots, proxy),
		tokens: newTokens(in, cred, cfg.Now, scopesOf(in)),
		graph:  newTokens(in, cred, cfg.Now, []string{graphScope(in)}),
		limit:  cfg.Limits.For(in.ClientID, in.TenantID),
		agent:  "cordon/" + orDefault(cfg.Version, "dev"),
		now:    cfg.Now,
		onCall: cfg.OnCall,
		onDate: cfg.OnDate,
	}, nil
}

// Integration returns the tenant's settings, without the secret.
func (c *Client) Integration() soc.Integration { return c.in }

// Roles returns the application roles of the current token, asking for a token if there is none. Empty means that nothing was consented
// to, the usual sign of a forgotten "Grant admin consent", or that the token is for another API.
func (c *Client) Roles(ctx context.Context) ([]string, error) {
	tok, err := c.tokens.get(ctx)
	if err != nil {
		return nil, err
	}
	if tok.claims.Known && !audienceFits(tok.claims.Audience, c.tokens.scope()) {
		return nil, nil
	}
	return tok.claims.Roles, nil
}

// Budget returns how many calls of the shared budget are used.
func (c *Client) Budget() Usage { return c.limit.Usage() }

// Room is how long until the budget has room for a release; zero when it has.
func (c *Client) Room() time.Duration { return c.limit.Room() }

// Calls is Budget for callers that do not know this package.
func (c *Client) Calls() (minuteUsed, minuteLimit, hourUsed, hourLimit int) {
	u := c.limit.Usage()
	return u.MinuteUsed, u.MinuteLimit, u.HourUsed, u.HourLimit
}

// Skew is the server's clock minus ours by the last answer's Date header, exact to a second; 0 before the first answer.
func (c *Client) Skew() time.Duration { return time.Duration(c.skew.Load()) }

// CloseIdle closes connections that are not in use.
func (c *Client) CloseIdle() { c.http.CloseIdleConnections() }

func orDefault(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
