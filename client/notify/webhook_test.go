package notify

import (
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cordon/store/soc"
)

var testSecret = secretPrefix + base64.StdEncoding.EncodeToString([]byte("canary-canary-canary-canary-32by"))

// hook is a webhook sink that posts to a test server.
func hook(t *testing.T, url string, private bool) Sink {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(testSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Spec{Name: "siem", Type: TypeWebhook, URL: url, SecretFile: path, AllowPrivate: private}.Open(Host{Version: "1"}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.(*webhook).client.CloseIdleConnections)
	return s
}

func oneMessage(t *testing.T) []Message {
	t.Helper()
	m, err := message("evt_1_aa", KindEvent, WeightNotice, time.Now(), map[string]string{"kind": KindEvent})
	if err != nil {
		t.Fatal(err)
	}
	return []Message{m}
}

// What each answer means: taken, tried again, refused because of the message, refused because of the sink.
func TestF79_AnswersOfAWebhook(t *testing.T) {
	var mu sync.Mutex
	var status, hits int
	var after string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		hits++
		if status == 0 { // cut
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Retry-After", after)
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
	}))
	srv.Config.ErrorLog = nil
	defer srv.Close()
	s := hook(t, srv.URL+"/canary-path?canary-token", true)
	for _, tc := range []struct {
		status         int
		after          string
		ok             bool
		refused, about bool
		wait           time.Duration
	}{
		{status: 200, ok: true},
		{status: 204, ok: true},
		{status: 301},
		{status: 307},
		{status: 400, refused: true, about: true},
		{status: 401, refused: true},
		{status: 403, refused: true},
		{status: 404, refused: true},
		{status: 408},
		{status: 413, refused: true, about: true},
		{status: 422, refused: true, about: true},
		{status: 429, after: "30", wait: 30 * time.Second},
		{status: 429, after: "999999", wait: maxRetryAfter},
		{status: 503, after: "junk"},
		{status: 500},
		{status: 0},
	} {
		mu.Lock()
		status, after, hits = tc.status, tc.after, 0
		mu.Unlock()
		n, err := s.Deliver(t.Context(), oneMessage(t))
		mu.Lock()
		got := hits
		mu.Unlock()
		if (err == nil) != tc.ok || (n == 1) != tc.ok || got != 1 {
			t.Errorf("%d: %d delivered in %d requests, %v", tc.status, n, got, err)
		}
		var a *answerError
		if errors.As(err, &a); a != nil && (a.refused != tc.refused || a.aboutMessage != tc.about || a.after != tc.wait) {
			t.Errorf("%d: %+v", tc.status, *a)
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("%d: the error shows the address or the secret: %v", tc.status, err)
		}
	}
}

// The receiver verifies what we send, and knows a replayed request by its id.
func TestSC36_F80_ReceiverVerifiesAndDropsReplays(t *testing.T) {
	key, err := ParseSecret(testSecret)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	seen, bad := map[string]int{}, 0
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if Verify(r.Header, []Secret{key}, body, time.Now()) != nil || r.Header.Get("Idempotency-Key") != "" {
			bad++
		}
		seen[r.Header.Get(headerID)]++
	}))
	defer srv.Close()
	s := hook(t, srv.URL, true)
	for range 2 { // delivered, crashed before the place was saved, delivered again
		if _, err := s.Deliver(t.Context(), oneMessage(t)); err != nil {
			t.Fatal(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if bad != 0 || len(seen) != 1 || seen["evt_1_aa"] != 2 {
		t.Errorf("bad %d, seen %v: want one id twice", bad, seen)
	}
}

// A connection goes only to addresses that are allowed, however they are written, judged after name resolution.
func TestSC35_AddressesThatAreNotContacted(t *testing.T) {
	for addr, want := range map[string][2]bool{ // allowed without and with allow-private
		"93.184.216.34": {true, true}, "2606:2800:220:1::1": {true, true},
		"127.0.0.1": {false, true}, "::1": {false, true}, "10.1.2.3": {false, true}, "172.31.0.1": {false, true}, "192.168.1.1": {false, true},
		"fd12::1": {false, true}, "100.64.0.1": {false, true}, "::ffff:127.0.0.1": {false, true}, "64:ff9b::7f00:1": {false, true},
		"::127.0.0.1": {false, true}, "2002:7f00:1::": {false, true},
		"169.254.169.254": {false, false}, "::ffff:169.254.169.254": {false, false}, "64:ff9b::a9fe:a9fe": {false, false},
		"2002:a9fe:a9fe::": {false, false}, "fe80::1": {false, false}, "fe80::1%eth0": {false, false}, "fd00:ec2::254": {false, false},
		"0.0.0.0": {false, false}, "::": {false, false}, "224.0.0.1": {false, false}, "255.255.255.255": {false, false}, "ff02::1": {false, false},
		"100.100.100.200": {false, false}, "0.1.2.3": {false, false}, "168.63.129.16": {false, false}, "64:ff9b:1::a9fe:a9fe": {false, false},
		"::ffff:0:a9fe:a9fe": {false, false}, "::ffff:0:7f00:1": {false, true},
	} {
		for i, private := range []bool{false, true} {
			if got := judge(netip.MustParseAddr(addr), private) == ""; got != want[i] {
				t.Errorf("%s with allow-private %v: allowed %v, want %v", addr, private, got, want[i])
			}
		}
	}
}

// The check sits behind name resolution: names and odd spellings of an inner address do not get through, nothing arrives.
func TestSC35_DialerChecksTheResolvedAddress(t *testing.T) {
	var hits atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer srv.Close()
	_, port, err := net.SplitHostPort(srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"localhost", "127.0.0.1", "[::ffff:127.0.0.1]"} {
		_, err := hook(t, "http://"+host+":"+port, false).Deliver(t.Context(), oneMessage(t))
		var f *forbiddenError
		if !errors.As(err, &f) || hits.Load() != 0 {
			t.Errorf("%s: %v, %d requests arrived, want a refusal and none", host, err, hits.Load())
		}
	}
	if _, err := hook(t, "http://localhost:"+port, true).Deliver(t.Context(), oneMessage(t)); err != nil || hits.Load() != 1 { // negative control
		t.Errorf("with allow-private: %v, %d requests: the server can not be reached, the check is blind", err, hits.Load())
	}
}

func TestSC43_SecretFileThatOthersMayReadIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	for text, want := range map[string]string{testSecret: "", "": "no signing secret", "canary": "begins with", testSecret + "\n" + testSecret: ""} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Spec{SecretFile: path}.secrets()
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary")) {
			t.Errorf("secrets of %d bytes: %v, want %q", len(text), err, want)
		}
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := (Spec{SecretFile: path}).secrets(); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("secrets = %v, want a refusal", err)
	}
}

func TestProbe_SaysWhatHappened(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.jsonl")
	specs := []Spec{{Name: "a", Type: TypeFile, Path: path}, {Name: "b", Type: TypeFile, Path: filepath.Join(path, "x")}}
	if target, _, err := Probe(t.Context(), specs, "a", Host{}, time.Now); err != nil || target != path {
		t.Errorf("Probe = %s, %v", target, err)
	}
	if b, err := os.ReadFile(path); err != nil || !strings.Contains(string(b), `"kind":"test"`) {
		t.Errorf("the file holds %s, %v", b, err)
	}
	if _, _, err := Probe(t.Context(), specs, "b", Host{}, time.Now); soc.KindOf(err) != soc.KindUnavailable {
		t.Errorf("Probe of a broken sink = %v", err)
	}
	if _, _, err := Probe(t.Context(), specs, "c", Host{}, time.Now); soc.KindOf(err) != soc.KindNotFound {
		t.Errorf("Probe of no sink = %v", err)
	}
}
