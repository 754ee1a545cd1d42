package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"

	"cordon/store/soc"
)

// refusal is Defender's own error body.
type refusal struct {
	Code, Message, Target string
}

func readRefusal(body []byte) refusal {
	var b struct {
		Error struct {
			Code    flexString `json:"code"`
			Message flexString `json:"message"`
			Target  flexString `json:"target"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &b) != nil {
		return refusal{}
	}
	return refusal{
		Code:    clip(soc.Clean(string(b.Error.Code)), 80),
		Message: clip(soc.Clean(string(b.Error.Message)), 500),
		Target:  clip(soc.Clean(string(b.Error.Target)), 120),
	}
}

// text says why Defender refused, with the id to quote to its support.
func (r refusal) text() string {
	s := orDefault(r.Message, r.Code)
	if s == "" {
		s = "no reason given"
	}
	if r.Target != "" {
		s += " (request " + r.Target + ")"
	}
	return s
}

// answered turns an answer that is no success into an error. Only what is certain is called certain: a 5xx on a request that changes
// something may have changed it (F31).
func (c *Client) answered(cl call, tok *liveToken, res *reply) error {
	r := readRefusal(res.body)
	e := &soc.Error{Kind: soc.KindRefused, Code: orDefault(r.Code, fmt.Sprintf("http-%d", res.status)), Means: cl.untouched()}
	switch {
	case res.status == http.StatusTooManyRequests:
		e.Kind, e.Code, e.After = soc.KindThrottled, "throttled", retryAfter(res.header, c.now())
		e.What, e.Next = "Defender is throttling "+cl.doing, "next try in "+seconds(e.After)
	case res.status == http.StatusBadRequest && inProgress(r):
		e.Kind, e.What = soc.KindInProgress, "an action is already in progress on this host"
		e.Next = "cordon reads the host's actions again"
	case res.status == http.StatusUnauthorized:
		e.Kind, e.What, e.Next = soc.KindUnauthorized, "Defender rejected the token", c.audienceAdvice()
	case res.status == http.StatusForbidden:
		c.forbidden(e, cl, tok, r)
	case res.status == http.StatusNotFound:
		e.Kind, e.What = soc.KindNotFound, "Defender does not know "+cl.object()+": "+r.text()
	case res.status >= 400 && res.status < 500 && res.status != http.StatusRequestTimeout:
		e.What = "Defender refused " + cl.doing + ": " + r.text()
	case res.status >= 300 && res.status < 400:
		return cl.unclear("redirect", fmt.Sprintf("%s answered with a redirect (%d), which cordon does not follow", hostPort(c.api), res.status), nil)
	default:
		return cl.unclear(fmt.Sprintf("http-%d", res.status), fmt.Sprintf("Defender had an error of its own (%d) while %s", res.status, cl.doing), nil)
	}
	return e
}

// inProgress recognises the refusal of a second action. Either the code or only the message may tell.
func inProgress(r refusal) bool {
	return strings.EqualFold(r.Code, "ActiveRequestAlreadyExists") || strings.Contains(strings.ToLower(r.Message), "already in progress")
}

// forbidden explains a 403. What to do comes first and Defender's own words last: they are long, and screens are narrow.
func (c *Client) forbidden(e *soc.Error, cl call, tok *liveToken, r refusal) {
	e.Kind, e.What = soc.KindDenied, "Defender does not allow "+cl.doing
	said := "; Defender says: " + r.text()
	need := roleOf(cl, r)
	switch have := tok.claims; {
	case strings.EqualFold(r.Code, "DisabledFeature"):
		e.Next = "the feature is off in this tenant, or its licence is missing; an administrator can switch it on in the Defender portal" + said
	case strings.EqualFold(r.Code, "DisallowedOperation"):
		e.Next = "a policy of the tenant forbids it" + said
	case len(need) == 0:
		e.Next = "check the application's permissions and device groups" + said
	case have.Known && hasAny(have.Roles, need):
		e.Next = "the token has the role; the host may be outside the application's device groups. " + c.audienceAdvice() + said
	default:
		role := strings.Join(need, " or ")
		e.What = role + " is missing: " + e.What
		e.Next = "add the role to the app registration and press Grant admin consent, then R" + said
		e.Err = &roleLess{tok: tok, roles: need}
	}
}

// roleOf lists the roles of which a refused call needs one: from Defender's text if it tells, else what is known of the call.
func roleOf(cl call, r refusal) []string {
	_, list, ok := strings.Cut(r.Message, "API required roles:")
	if !ok {
		return cl.needs
	}
	list, _, _ = strings.Cut(list, "application roles:")
	var need []string
	for word := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == ' ' }) {
		need = append(need, strings.TrimRight(word, "."))
	}
	return need
}

// audienceAdvice checks the token's audience against the scope that was asked for (C-08).
func (c *Client) audienceAdvice() string {
	have, scope := c.tokens.peek(), c.tokens.scope()
	if have.Known && !audienceFits(have.Audience, scope) {
		return "the token is for " + have.Audience + ", cordon asked for " + scope + "; check the scope setting"
	}
	return "test it in the settings (ctrl+t)"
}

// notSent is for failures before a byte left.
func notSent(what string, err error) *soc.Error {
	return &soc.Error{Kind: soc.KindUnavailable, Code: "not-sent", What: what, Means: "nothing was sent", Err: err}
}

// unclear is for an answer or a silence that proves nothing: dangerous after a write, merely a nuisance after a read.
func (cl call) unclear(code, what string, err error) *soc.Error {
	e := &soc.Error{Kind: soc.KindUnavailable, Code: code, What: what, Next: "cordon tries again by itself", Err: err}
	if cl.write {
		e.Kind = soc.KindUnknownOutcome
		e.Means = "nobody knows whether it took effect"
		e.Next = "cordon reads back what Defender did before anything is sent again"
	}
	return e
}

// untouched is what a definite refusal means.
func (cl call) untouched() string {
	if cl.write {
		return "nothing was changed"
	}
	return ""
}

// unreachable says which way a connection failed. It names host and port, because that is what a firewall ticket needs (Z-01, V-10).
func unreachable(who string, to *url.URL, err error) *soc.Error {
	at := hostPort(to)
	e := &soc.Error{Kind: soc.KindUnavailable, Code: "unreachable", Err: err, Next: "check network, firewall and proxy for " + at}
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var header tls.RecordHeaderError
	switch {
	case errors.Is(err, errForeignHost):
		e.Code, e.What, e.Next = "foreign-host", who+" sent us to another host", "this is refused; check address and proxy"
	case errors.As(err, &dns):
		e.Code, e.What = "dns", "the name of "+at+" can not be resolved"
		e.Next = "check DNS and the address in settings"
	case errors.As(err, &cert), errors.As(err, &authority), errors.As(err, &header):
		e.Code, e.What = "tls", at+" is reached, but TLS fails: "+soc.Clean(lastError(err))
		e.Next = "if a proxy inspects TLS, or the host has a CA of its own, set the CA file or CA bundle (--ca-file)"
	case errors.Is(err, syscall.ECONNREFUSED):
		e.What = at + " refuses the connection"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), isTimeout(err):
		e.Code, e.What = "timeout", at+" does not answer in time"
	case errors.Is(err, context.Canceled):
		e.Code, e.What, e.Next = "cancelled", "the call to "+at+" was given up", ""
	default:
		e.What = at + " is unreachable: " + soc.Clean(clip(lastError(err), 200))
	}
	return e
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// lastError is the text of the cause, without the URL in front of it.
func lastError(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return err.Error()
}
