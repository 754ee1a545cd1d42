package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	maxAnswer     = 64 << 10 // read of an answer, so that the connection can be used again
	maxRetryAfter = 10 * time.Minute
)

// webhook posts each message, signed. It follows no redirects, uses no proxy and keeps no cookies: a signed message goes to the configured
// host or nowhere.
type webhook struct {
	spec   Spec
	agent  string
	client *http.Client
	now    func() time.Time
}

func newWebhook(s Spec, from Host, now func() time.Time) (*webhook, error) {
	roots, err := trust(s.CAPEM, "")
	if err != nil {
		return nil, fmt.Errorf("opening the sink %s: %w", s.Name, err)
	}
	t := &http.Transport{
		DialContext: dialer(s).DialContext, TLSClientConfig: roots, ForceAttemptHTTP2: true,
		TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: timeout, IdleConnTimeout: time.Minute, MaxIdleConns: 1,
		MaxResponseHeaderBytes: maxAnswer,
	}
	refuse := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &webhook{s, "cordon/" + from.Version, &http.Client{Transport: t, CheckRedirect: refuse, Timeout: timeout}, now}, nil
}

// Deliver posts the messages one after the other.
func (w *webhook) Deliver(ctx context.Context, msgs []Message) (int, error) {
	secrets, err := w.spec.secrets()
	if err != nil {
		return 0, err
	}
	for i, m := range msgs {
		if err := w.post(ctx, m, secrets); err != nil {
			return i, err
		}
	}
	return len(msgs), nil
}

func (w *webhook) post(ctx context.Context, m Message, secrets []Secret) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.spec.URL, bytes.NewReader(m.Body))
	if err != nil {
		return errors.New("the address of the webhook can not be used") // the error would show it
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", w.agent)
	sign(req.Header, secrets, m.ID, w.now(), m.Body)
	resp, err := w.client.Do(req)
	if err != nil {
		return fmt.Errorf("posting to %s: %w", w.spec.Target(), withoutURL(err))
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
	return w.judge(resp)
}

// withoutURL drops the address that net/http writes into its errors: its path may be a credential.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// judge reads the status. Only 2xx is success; a redirect is a failure. Some refusals are about the message, most about the sink: an
// expired token must not turn the whole history into dead letters.
func (w *webhook) judge(resp *http.Response) error {
	code := resp.StatusCode
	if code >= 200 && code < 300 {
		return nil
	}
	e := &answerError{what: fmt.Sprintf("%s answered %d %s", w.spec.Target(), code, http.StatusText(code))}
	switch code {
	case http.StatusRequestTimeout, http.StatusTooEarly:
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		e.after = retryAfter(resp.Header.Get("Retry-After"), w.now())
	case http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		e.refused, e.aboutMessage = true, true
	default:
		e.refused = code >= 400 && code < 500
	}
	if code == http.StatusUnauthorized || code == http.StatusForbidden {
		e.what += "; the signing secret of the receiver may be another one"
	}
	if code >= 300 && code < 400 {
		e.what += "; redirects are not followed, correct the address"
	}
	return e
}

// retryAfter reads seconds or a date, at most maxRetryAfter.
func retryAfter(text string, now time.Time) time.Duration {
	var d time.Duration
	if n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 31); err == nil {
		d = time.Duration(n) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		d = at.Sub(now)
	}
	return min(max(d, 0), maxRetryAfter)
}
