package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"cordon/store/soc"
)

// answer is what a sender gets: one result per item, in the order in which they came.
type answer struct {
	Schema  int      `json:"schema_version"`
	Stored  int      `json:"stored"`
	Refused int      `json:"refused"`
	Results []result `json:"results"`
}

// result is what became of one item. Key names the record; the same item sent again has the same one.
type result struct {
	Item   int      `json:"item"` // from 1
	Stored bool     `json:"stored"`
	Key    string   `json:"key,omitempty"`
	State  string   `json:"state,omitempty"`
	Reason string   `json:"reason,omitempty"`
	Error  *problem `json:"error,omitempty"`
}

func (s *Server) threats(c *call, r *http.Request) {
	receive(s, c, r, soc.DecodeThreats, func(ctx context.Context, by soc.Session, in soc.ThreatInput) (result, error) {
		t, err := s.o.Intake.Report(ctx, by, c.token.Channel, in)
		return result{Key: t.Key, State: string(t.State), Reason: t.Reason}, err
	})
}

func (s *Server) probes(c *call, r *http.Request) {
	receive(s, c, r, soc.DecodeProbes, func(ctx context.Context, by soc.Session, in soc.ProbeInput) (result, error) {
		got, err := s.o.Intake.Probe(ctx, by, c.token.Channel, in)
		return result{Key: got.Pushed.Key, State: got.Outcome, Reason: got.Reason}, err
	})
}

// receive reads the items and hands them on one by one. A bad item does not hold up those behind it; when cordon can not take more now,
// the rest is not tried. The answer is 202 when every item is in the store, 207 when some are, and the reason of the first refusal when none
// is. Whatever the answer: sending all of it again changes nothing twice.
func receive[T any](
	s *Server, c *call, r *http.Request, decode func(io.Reader) ([]T, error), take func(context.Context, soc.Session, T) (result, error),
) {
	select {
	case s.intake <- struct{}{}:
		defer func() { <-s.intake }()
	default:
		c.refuse(problem{
			status: http.StatusTooManyRequests, after: time.Second, Code: "busy", What: "too many senders at once", Means: "nothing was stored",
			Next: "wait as long as Retry-After says and send it again",
		})
		return
	}
	if p, refused := s.may(c, r); refused {
		c.refuse(p)
		return
	}
	items, err := decode(http.MaxBytesReader(c, r.Body, soc.MaxIntakeBytes))
	if err != nil {
		c.refuse(unreadable(err))
		return
	}
	by := soc.Session{
		Actor:  soc.Actor{Name: c.token.Name, Via: "http", From: origin(r.RemoteAddr)},
		Rights: []soc.Right{soc.RightAlertsEdit}, Started: s.o.Now(),
	}
	ans := answer{Schema: 1, Results: make([]result, 0, len(items))}
	first, stop := problem{status: http.StatusAccepted}, false
	for _, in := range items {
		res, err := result{}, error(errSkipped)
		if !stop {
			res, err = result{}, s.sparing(c.token.ID)
		}
		if err == nil {
			res, err = take(r.Context(), by, in)
		}
		if p := ans.add(res, err); p != nil {
			stop = stop || p.after > 0
			if ans.Refused == 1 {
				first = *p
			}
		}
	}
	first.head(c.Header())
	if c.why = first.Code; ans.Stored > 0 && ans.Refused > 0 {
		first.status = http.StatusMultiStatus
	}
	sendJSON(c, first.status, ans)
}

// sparing refuses what one sender brings beyond its measure: whoever has a stolen token may not fill the disk of the store.
func (s *Server) sparing(token string) error {
	wait := s.items.take(token, s.o.Now())
	if wait == 0 {
		return nil
	}
	return &soc.Error{
		Kind: soc.KindThrottled, Code: "too-many-items", After: max(wait, time.Second), What: "this token sends too many items",
		Means: "this one was not stored", Next: "wait as long as Retry-After says and send it again",
	}
}

// add notes what became of the next item and returns why it was refused, nil if it was not.
func (a *answer) add(res result, err error) *problem {
	if err == nil {
		res.Item, res.Stored = len(a.Results)+1, true
		a.Stored++
		a.Results = append(a.Results, res)
		return nil
	}
	p := problemOf(err)
	a.Refused++
	a.Results = append(a.Results, result{Item: len(a.Results) + 1, Error: &p})
	return &p
}

var errSkipped = &soc.Error{
	Kind: soc.KindUnavailable, Code: "not-tried", What: "an item before this one could not be taken now", Means: "this one was not tried",
	Next: "send it again later",
}

// may judges what stands in the way of any item at all.
func (s *Server) may(c *call, r *http.Request) (problem, bool) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	plain := err == nil && (kind == "application/json" || kind == "application/x-ndjson") &&
		(params["charset"] == "" || strings.EqualFold(params["charset"], "utf-8"))
	switch {
	case s.o.Intake == nil:
		return problem{status: http.StatusServiceUnavailable, Code: "no-intake", What: "this cordon takes no reports", Means: "nothing was stored"}, true
	case s.o.ReadOnly:
		return problem{
			status: http.StatusForbidden, Code: "read-only", What: "this cordon runs with --read-only", Means: "nothing was stored",
			Next: "send it again once it runs without",
		}, true
	case s.o.Remote && (r.TLS == nil || len(r.TLS.VerifiedChains) == 0):
		return problem{
			status: http.StatusForbidden, Code: "client-certificate", What: "a sender from another machine has to show a client certificate",
			Means: "nothing was stored", Next: "use a certificate of the authority in http.client-ca, or send through the loopback address",
		}, true
	case c.token.Channel == "":
		return problem{
			status: http.StatusForbidden, Code: "no-channel", What: "this token is bound to no channel", Means: "nothing was stored",
			Next: "make a token for the channel that the reports belong to",
		}, true
	case !plain || r.Header.Get("Content-Encoding") != "":
		return problem{
			status: http.StatusUnsupportedMediaType, Code: "content-type", What: "this is not plain JSON", Means: "nothing was stored",
			Next: `send it with "Content-Type: application/json", in UTF-8 and not compressed`,
		}, true
	}
	return problem{}, false
}

// unreadable tells why a body was not read.
func unreadable(err error) problem {
	var large *http.MaxBytesError
	var e *soc.Error
	switch {
	case errors.As(err, &large):
		return problemOf(&soc.Error{
			Kind: soc.KindInvalid, Code: "too-large", What: fmt.Sprintf("the body has more than %d bytes", large.Limit),
			Means: "nothing was stored", Next: "send fewer items at once",
		})
	case errors.As(err, &e):
		return problemOf(err)
	}
	return problem{
		status: http.StatusBadRequest, Code: "body", What: "the body did not arrive whole", Means: "nothing was stored", Next: "send it again",
	}
}
