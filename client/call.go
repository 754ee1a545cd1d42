package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"cordon/store/soc"
)

// call describes one request and how its failure is to be told.
type call struct {
	api    string // name of the endpoint, for budget and log
	method string
	path   string // below /api, escaped
	query  url.Values
	body   any
	prio   Priority
	write  bool     // changes something: sent once, and a doubtful answer is an unknown outcome
	list   bool     // may take long
	empty  bool     // success carries no body
	needs  []string // roles, one of which is enough
	doing  string   // "isolating the host"
	target string   // "the machine"
}

func (cl call) object() string { return orDefault(cl.target, "that") }

// reply is an answer that was read whole.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// retries of a read, after the first try.
const readRetries = 2

// run sends the call and hands a successful answer to consume, which is called anew on every try. A rejected token is replaced once, and so is
// one that lacks the role; that is safe for writes too, because 401 and 403 are definite refusals (F27). Reads are tried again on server errors
// and broken connections.
func (c *Client) run(ctx context.Context, cl call, consume func(io.Reader) error) error {
	tokenTried, roleTried := false, false
	for try := 0; ; {
		err := c.send(ctx, cl, consume)
		if soc.KindOf(err) == soc.KindUnauthorized && isRejectedToken(err) && !tokenTried {
			tokenTried = true
			continue
		}
		var lack *roleLess
		if errors.As(err, &lack) && !roleTried {
			roleTried = true
			if c.tokens.regrant(ctx, lack, pauseOf(cl.prio)) {
				continue
			}
		}
		if cl.write || try >= readRetries || !passing(err) {
			return err
		}
		if !pause(ctx, backoff(try)) {
			return err
		}
		try++
	}
}

// errRejected marks a 401 of the API that another token may help against.
var errRejected = errors.New("token rejected")

func isRejectedToken(err error) bool { return errors.Is(err, errRejected) }

// passing tells whether trying a read again at once makes sense.
func passing(err error) bool {
	var e *soc.Error
	if !errors.As(err, &e) || e.Kind != soc.KindUnavailable {
		return false
	}
	switch e.Code {
	case "unreachable", "cut", "http-500", "http-502", "http-503", "http-504":
		return true
	}
	return false
}

// backoff is 1 s, 2 s, 4 s, … up to a minute, with half of it left to chance so that consoles do not knock in step.
func backoff(try int) time.Duration {
	d := min(time.Second<<min(try, 6), time.Minute)
	return d/2 + rand.N(d/2+1)
}

// pause sleeps, and reports whether it slept to the end.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// send is one try.
func (c *Client) send(ctx context.Context, cl call, consume func(io.Reader) error) (err error) {
	if err := c.limit.Wait(ctx, cl.api, cl.prio); err != nil {
		return err
	}
	tok, err := c.tokens.get(ctx)
	if err != nil {
		return err
	}
	limit := callTimeout
	if cl.list {
		limit = listTimeout
	}
	tctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var connected atomic.Bool
	tctx = httptrace.WithClientTrace(tctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	req, err := c.request(tctx, cl, tok)
	if err != nil {
		return err
	}
	info := Call{Method: cl.method, API: cl.api}
	start, sent := c.now(), time.Now()
	defer func() {
		info.Took, info.Err = c.now().Sub(start), err
		c.onCall(info)
	}()
	res, err := c.http.Do(req)
	if err != nil {
		e := unreachable("Defender", c.api, err)
		if connected.Load() {
			// Bytes may have left: for a write that is the dangerous case (F32, F33).
			return cl.unclear(e.Code, e.What, err)
		}
		e.Means = cl.untouched()
		return e
	}
	defer res.Body.Close()
	info.Status = res.StatusCode
	c.noteDate(cl, res, start, time.Since(sent))
	if res.StatusCode < 200 || res.StatusCode > 299 {
		body, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
		info.RequestID = readRefusal(body).Target
		return c.refused(cl, tok, &reply{status: res.StatusCode, header: res.Header, body: body})
	}
	if cl.empty {
		_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10))
		return nil
	}
	if !isJSON(res.Header.Get("Content-Type")) {
		return cl.unclear("not-json", hostPort(c.api)+" answered with something that is not Defender's JSON (a proxy or captive portal?)", nil)
	}
	err = consume(res.Body)
	var told *soc.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &told):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF), isNetwork(err):
		return cl.unclear("cut", "the answer of "+hostPort(c.api)+" broke off while "+cl.doing, err)
	}
	return cl.unclear("bad-answer", "Defender's answer can not be used: "+soc.Clean(err.Error()), err)
}

// refused maps an answer, and does what must follow: a rejected token is dropped, a throttled API rests.
func (c *Client) refused(cl call, tok *liveToken, res *reply) error {
	err := c.answered(cl, tok, res)
	var e *soc.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Kind {
	case soc.KindUnauthorized:
		if c.tokens.drop(tok, pauseOf(cl.prio)) {
			e.Err = errRejected
		}
	case soc.KindThrottled:
		c.limit.Pause(cl.api, e.After)
	}
	return err
}

// request builds the HTTP request. It never carries an Idempotency-Key: Go's transport takes that as leave to send a POST twice (M21).
func (c *Client) request(ctx context.Context, cl call, tok *liveToken) (*http.Request, error) {
	var body io.Reader
	if cl.body != nil {
		b, err := json.Marshal(cl.body)
		if err != nil {
			return nil, notSent("encoding the request failed", err)
		}
		body = bytes.NewReader(b)
	}
	u := *c.api
	u.RawQuery = cl.query.Encode()
	req, err := http.NewRequestWithContext(ctx, cl.method, u.Scheme+"://"+u.Host+"/api/"+cl.path, body)
	if err != nil {
		return nil, notSent("building the request failed", err)
	}
	req.URL.RawQuery = u.RawQuery
	if !sameOrigin(req.URL, c.api) {
		return nil, notSent("the request would go to another host", errForeignHost)
	}
	req.Header.Set("Authorization", "Bearer "+tok.value)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.agent)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// noteDate measures the clock difference, with the middle of the request as our time, and passes the server's time on. took is by the steady
// clock.
func (c *Client) noteDate(cl call, res *http.Response, start time.Time, took time.Duration) {
	at, told := DateOf(res)
	if cl.empty {
		at = time.Time{} // any proxy can say "200" to that
	}
	if !told {
		return
	}
	if at.IsZero() {
		c.onDate(at, took)
		return
	}
	c.onDate(at, took)
	ours := start.Add(c.now().Sub(start) / 2)
	c.skew.Store(int64(at.Add(500 * time.Millisecond).Sub(ours).Round(time.Second)))
	c.skewed.Store(true)
}

// DateOf is the time that an answer vouches for; zero when it does not. Only answers that nobody but the API itself gives vouch: a gateway in
// front of it refuses, redirects and apologises by a clock of its own. told is false when the answer says nothing about the API at all.
func DateOf(res *http.Response) (at time.Time, told bool) {
	switch {
	case res.StatusCode >= 500, res.StatusCode >= 300 && res.StatusCode < 400, res.StatusCode == http.StatusProxyAuthRequired:
		return time.Time{}, false
	case res.StatusCode < 200, res.StatusCode > 299, !isJSON(res.Header.Get("Content-Type")):
		return time.Time{}, true
	}
	at, err := http.ParseTime(res.Header.Get("Date"))
	if err != nil {
		return time.Time{}, true
	}
	return at, true
}

func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json") || media == "text/json")
}

func isNetwork(err error) bool {
	return isTimeout(err) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errBroken)
}
