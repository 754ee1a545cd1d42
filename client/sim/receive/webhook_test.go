package receive

import (
	"bytes"
	"net/http"
	"strconv"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

type hookRig struct {
	*Webhook
	t      *testing.T
	client *http.Client
	secret string
}

func newHookRig(t *testing.T) *hookRig {
	t.Helper()
	secret, err1 := NewSecret()
	other, err2 := NewSecret()
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	w, err := NewWebhook(t.Context(), "127.0.0.1:0", WebhookOptions{Secrets: []string{other, secret}, TLS: authority().Server()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	transport := &http.Transport{TLSClientConfig: authority().Client()}
	t.Cleanup(transport.CloseIdleConnections)
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &hookRig{w, t, &http.Client{Transport: transport, CheckRedirect: stay}, secret}
}

// post signs with the library of the specification, not with our own code.
func (r *hookRig) post(id string, at time.Time, change func(*http.Request)) (*http.Response, error) {
	r.t.Helper()
	body := []byte(`{"type":"lockdown.enabled"}`)
	lib, err := standardwebhooks.NewWebhook(r.secret)
	if err != nil {
		r.t.Fatal(err)
	}
	signature, err := lib.Sign(id, at, body)
	if err != nil {
		r.t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, r.URL, bytes.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("webhook-id", id)
	req.Header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	req.Header.Set("webhook-signature", "v1,AAAA v1a,x "+signature)
	change(req)
	res, err := r.client.Do(req)
	if err == nil {
		_ = res.Body.Close()
	}
	return res, err
}

func TestWebhook_VerifiesWhatTheLibrarySigned(t *testing.T) {
	t.Parallel()
	r := newHookRig(t)
	same := func(*http.Request) {}
	now := time.Now()
	for _, tt := range []struct {
		name   string
		at     time.Time
		change func(*http.Request)
		status int
		cause  string
	}{
		{"good", now, same, 200, ""},
		{"again", now, same, 200, ""},
		{"old", now.Add(-6 * time.Minute), same, 401, errTooOld.Error()},
		{"future", now.Add(6 * time.Minute), same, 401, errTooNew.Error()},
		{"other id", now, func(q *http.Request) { q.Header.Set("webhook-id", "x") }, 401, errSignature.Error()},
		{"other time", now, func(q *http.Request) { q.Header.Set("webhook-timestamp", strconv.FormatInt(now.Unix()+1, 10)) }, 401, errSignature.Error()},
		{"no signature", now, func(q *http.Request) { q.Header.Del("webhook-signature") }, 401, errHeaders.Error()},
		{"odd time", now, func(q *http.Request) { q.Header.Set("webhook-timestamp", "soon") }, 401, errStamp.Error()},
		{"GET", now, func(q *http.Request) { q.Method = http.MethodGet }, 401, "webhooks are sent with POST"},
	} {
		res, err := r.post("msg_1", tt.at, tt.change)
		if err != nil {
			t.Fatal(err)
		}
		all := r.All()
		h := all[len(all)-1]
		if res.StatusCode != tt.status || h.Problem != tt.cause || h.Verified != (tt.cause == "") || h.Status != tt.status {
			t.Errorf("%s: status %d, %+v", tt.name, res.StatusCode, h)
		}
		if h.Again != (tt.name == "again") {
			t.Errorf("%s: again = %v", tt.name, h.Again)
		}
	}
}

func TestWebhook_AnswersAsTold(t *testing.T) {
	t.Parallel()
	r := newHookRig(t)
	same := func(*http.Request) {}
	r.Answer(Reply{Status: 302, Location: "https://other.example/"}, Reply{Status: 429, RetryAfter: "7"}, Reply{Status: 500, Times: 2}, Reply{Cut: true})
	for _, want := range []int{302, 429, 500, 500} {
		res, err := r.post("msg_2", time.Now(), same)
		if err != nil || res.StatusCode != want {
			t.Fatalf("answer %v, %v; want %d", res, err, want)
		}
		if want == 429 && res.Header.Get("Retry-After") != "7" || want == 302 && res.Header.Get("Location") == "" {
			t.Errorf("headers = %v", res.Header)
		}
	}
	if _, err := r.post("msg_2", time.Now(), same); err == nil {
		t.Error("no error at the cut")
	}
	if res, err := r.post("msg_2", time.Now(), same); err != nil || res.StatusCode != 200 || r.All()[r.Len()-1].Again {
		t.Errorf("after the faults: %v, %v", res, err)
	}
	r.Answer(Reply{Hang: true})
	before, ended := r.Len(), make(chan error, 1)
	go func() {
		_, err := r.post("msg_3", time.Now(), same)
		ended <- err
	}()
	if _, err := r.Wait(soon(t), before+1); err != nil {
		t.Fatal(err)
	}
	r.Close()
	if err := <-ended; err == nil {
		t.Error("the hanging request was answered")
	}
}

func TestWebhook_OtherSecretsAreRefused(t *testing.T) {
	t.Parallel()
	if _, err := NewWebhook(t.Context(), "127.0.0.1:0", WebhookOptions{Secrets: []string{"whsec_!"}}); err == nil {
		t.Error("a secret that is none was taken")
	}
	w, err := NewWebhook(t.Context(), "127.0.0.1:0", WebhookOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	res, err := http.Post(w.URL, "application/json", bytes.NewReader(nil))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if h := w.All()[0]; res.StatusCode != 200 || h.Verified {
		t.Errorf("status %d, %+v", res.StatusCode, h)
	}
}
