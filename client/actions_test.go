package client

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cordon/store/soc"
)

func isolate(t *testing.T, c *Client) (soc.MachineAction, error) {
	t.Helper()
	return c.Isolate(t.Context(), machineID, soc.IsolationFull, "cordon test")
}

func TestF21_AnswerMustFitTheOrder(t *testing.T) {
	t.Parallel()
	body := goodAction
	wt := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) { reply200(w, http.StatusCreated, body) })
	act, err := isolate(t, wt.Client)
	if err != nil || act.ID != actionID || act.Integration != "int-1" || act.Created.Nanosecond() != 123456700 || act.Updated.Second() != 1 {
		t.Fatalf("Isolate = %+v, %v", act, err)
	}
	for name, change := range map[string][2]string{
		"other machine":  {machineID, strings.Repeat("b", 40)},
		"other type":     {`"Isolate"`, `"Unisolate"`},
		"no machine":     {`"machineId":"` + machineID + `"`, `"machineId":null`},
		"no type":        {`"type":"Isolate",`, ``},
		"short id":       {actionID, "42"},
		"id with slash":  {actionID, "../../machines/x"},
		"id is a number": {`"` + actionID + `"`, `12345678901`},
		"empty id":       {actionID, ""},
		"null id":        {`"` + actionID + `"`, `null`},
	} {
		body = strings.Replace(goodAction, change[0], change[1], 1)
		if _, err := isolate(t, wt.Client); soc.KindOf(err) != soc.KindUnknownOutcome {
			t.Errorf("%s: error = %v, want unknown outcome", name, err)
		}
	}
	body = strings.Replace(goodAction, machineID, strings.Repeat("b", 40), 1)
	if _, code := kindAndCode(second(isolate(t, wt.Client))); code != "mismatch" {
		t.Errorf("code = %q, want mismatch", code)
	}
}

func second[T any](_ T, err error) error { return err }

func TestF22_TruncatedAnswerIsUnknownAtEveryByte(t *testing.T) {
	t.Parallel()
	n := 0
	wt := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) { reply200(w, http.StatusCreated, goodAction[:n]) })
	wt.limit.shared.quota = Quota{Minute: 10_000, Hour: 10_000}
	for n = range len(goodAction) {
		if _, err := isolate(t, wt.Client); soc.KindOf(err) != soc.KindUnknownOutcome {
			t.Fatalf("cut at byte %d: error = %v, want unknown outcome", n, err)
		}
	}
	if got := int(wt.posts.Load()); got != len(goodAction) {
		t.Errorf("the server saw %d POSTs, want %d: none may be repeated", got, len(goodAction))
	}
}

func TestF23_WebPageIsNoSuccess(t *testing.T) {
	t.Parallel()
	for _, contentType := range []string{"text/html", "text/plain", "", "application/xhtml+xml", "bad;;"} {
		wt := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = []string{contentType}
			_, _ = io.WriteString(w, goodAction)
		})
		_, err := isolate(t, wt.Client)
		wantKind(t, err, soc.KindUnknownOutcome)
		_, err = wt.Action(t.Context(), actionID)
		wantKind(t, err, soc.KindUnavailable)
		_, err = wt.Alerts(t.Context(), AlertsQuery{})
		wantKind(t, err, soc.KindUnavailable)
	}
}

func TestF24_F25_InProgressInAllItsForms(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"error":{"code":"ActiveRequestAlreadyExists","message":"Action is already in progress","target":"|1."}}`,
		`{"error":{"code":"ActiveRequestAlreadyExists"}}`,
		`{"error":{"code":"BadRequest","message":"Action is already in progress"}}`,
		`{"error":{"code":"activerequestalreadyexists","message":null}}`,
	} {
		wt := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) { reply200(w, 400, body) })
		_, err := isolate(t, wt.Client)
		wantKind(t, err, soc.KindInProgress)
		_, err = wt.Unisolate(t.Context(), machineID, "x")
		wantKind(t, err, soc.KindInProgress)
	}
}

func TestF26_F28_DefiniteRefusalsAreTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		code   string
		want   soc.Kind
		next   string
	}{
		{400, "OsPlatformNotSupported", soc.KindRefused, ""},
		{400, "ClientVersionNotSupported", soc.KindRefused, ""},
		{400, "InvalidInput", soc.KindRefused, ""},
		{403, "DisabledFeature", soc.KindDenied, "feature"},
		{403, "DisallowedOperation", soc.KindDenied, "policy"},
		{403, "Forbidden", soc.KindDenied, "device groups"},
		{404, "ResourceNotFound", soc.KindNotFound, ""},
		{409, "Conflict", soc.KindRefused, ""},
	} {
		wt := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) {
			reply200(w, c.status, fmt.Sprintf(`{"error":{"code":%q,"message":"because \u001b[31m of it","target":"|5e3f."}}`, c.code))
		})
		_, err := isolate(t, wt.Client)
		kind, code := kindAndCode(err)
		if kind != c.want || code != c.code {
			t.Errorf("%d %s: kind %v, code %q", c.status, c.code, kind, code)
		}
		text := err.Error()
		if !strings.Contains(text, "|5e3f.") || !strings.Contains(text, "nothing was changed") || !strings.Contains(text, c.next) || strings.Contains(text, "\x1b") {
			t.Errorf("%d %s: text %q", c.status, c.code, text)
		}
	}
}

func TestC07_DenialNamesTheMissingRole(t *testing.T) {
	t.Parallel()
	message := ""
	wt := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) {
		reply200(w, 403, `{"error":{"code":"Forbidden","message":"`+message+`"}}`)
	})
	_, err := wt.LogonUsers(t.Context(), machineID)
	if kind, _ := kindAndCode(err); kind != soc.KindDenied || !strings.HasPrefix(err.Error(), "User.Read.All is missing: ") {
		t.Errorf("error = %v, want the role from what the call needs", err)
	}
	message = "Missing application roles. API required roles: Machine.Offboard,Machine.Wipe, application roles: Alert.Read.All."
	if _, err = isolate(t, wt.Client); !strings.HasPrefix(err.Error(), "Machine.Offboard or Machine.Wipe is missing: ") ||
		!strings.HasSuffix(err.Error(), message) {
		t.Errorf("error = %v, want the roles from Defender's text first, and the text last", err)
	}
	if strings.Contains(err.Error(), "lacks the role") {
		t.Errorf("error = %v, want the roles from Defender's text", err)
	}
}

func TestF27_RejectedTokenIsReplacedOnce(t *testing.T) {
	t.Parallel()
	var seen, reject atomic.Int32
	reject.Store(1)
	wt := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) {
		if seen.Add(1) <= reject.Load() {
			reply200(w, 401, `{"error":{"code":"Unauthorized"}}`)
			return
		}
		reply200(w, 201, goodAction)
	})
	if _, err := isolate(t, wt.Client); err != nil {
		t.Fatalf("Isolate after one 401: %v", err)
	}
	if wt.posts.Load() != 2 || wt.wallet.count() != 2 {
		t.Errorf("%d requests and %d sign-ins, want 2 and 2", wt.posts.Load(), wt.wallet.count())
	}
	reject.Store(100)
	for _, c := range []struct {
		after           time.Duration
		requests, asked int32
		isolate         bool
	}{
		{0, 1, 0, true}, // a standing 401 does not turn every call into a sign-in,
		{time.Minute, 2, 1, true},
		{5 * time.Second, 1, 0, true},
		{0, 2, 1, false}, // but a release goes out with a new token at each of its tries
	} {
		now := wt.tokens.now().Add(c.after)
		wt.tokens.now = func() time.Time { return now }
		wt.posts.Store(0)
		signIns := wt.wallet.count()
		call := wt.Client.Unisolate
		if c.isolate {
			call = func(ctx context.Context, id, why string) (soc.MachineAction, error) {
				return wt.Client.Isolate(ctx, id, soc.IsolationFull, why)
			}
		}
		_, err := call(t.Context(), machineID, "why")
		wantKind(t, err, soc.KindUnauthorized)
		if wt.posts.Load() != c.requests || wt.wallet.count()-signIns != int(c.asked) {
			t.Errorf("%+v: %d requests and %d sign-ins", c, wt.posts.Load(), wt.wallet.count()-signIns)
		}
	}
}

func TestF31_ServerErrorOnWriteIsUnknownAndNotRepeated(t *testing.T) {
	t.Parallel()
	for _, status := range []int{408, 500, 502, 503, 504} {
		wt := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		_, err := isolate(t, wt.Client)
		wantKind(t, err, soc.KindUnknownOutcome)
		if wt.posts.Load() != 1 {
			t.Errorf("%d: %d POSTs, want 1", status, wt.posts.Load())
		}
	}
}

func TestF32_NotSentIsClaimedOnlyWhenProved(t *testing.T) {
	t.Parallel()
	// Nobody listens: certainly not sent.
	wt := newWireTest(t, func(http.ResponseWriter, *http.Request) {})
	wt.srv.Close()
	_, err := isolate(t, wt.Client)
	wantKind(t, err, soc.KindUnavailable)
	if !strings.Contains(err.Error(), hostPort(wt.api)) {
		t.Errorf("error %q does not name host and port", err)
	}
	// A listener that hangs up before TLS: certainly not sent.
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	in := wt.in
	in.API = "https://" + ln.Addr().String()
	c, err := New(Config{Integration: in, Credential: fullWallet()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = isolate(t, c)
	wantKind(t, err, soc.KindUnavailable)
	// The server reads the order and hangs up: nobody knows.
	cut := newWireTest(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	})
	_, err = isolate(t, cut.Client)
	wantKind(t, err, soc.KindUnknownOutcome)
	if cut.posts.Load() != 1 {
		t.Errorf("%d POSTs, want 1", cut.posts.Load())
	}
}

func TestM21_PostOnAKeptConnectionIsNeverSentTwice(t *testing.T) {
	t.Parallel()
	wt := newWireTest(t, func(w http.ResponseWriter, r *http.Request) {
		for name := range r.Header {
			if strings.Contains(strings.ToLower(name), "idempotency") {
				t.Errorf("header %s is sent", name)
			}
		}
		if r.Method == http.MethodPost {
			_, _ = io.Copy(io.Discard, r.Body)
			panic(http.ErrAbortHandler)
		}
		reply200(w, 200, goodAction)
	})
	for range 5 {
		if _, err := wt.Action(t.Context(), actionID); err != nil { // leaves an idle connection
			t.Fatal(err)
		}
		_, err := wt.Unisolate(t.Context(), machineID, "x")
		wantKind(t, err, soc.KindUnknownOutcome)
	}
	if wt.posts.Load() != 5 {
		t.Errorf("%d POSTs for 5 orders", wt.posts.Load())
	}
}

func TestF37_DoubtfulKeysAreRejected(t *testing.T) {
	t.Parallel()
	body := ""
	wt := newWireTest(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/machineactions") {
			body := `{"value":[` + body + `]}`
			reply200(w, 200, body)
			return
		}
		reply200(w, 200, body)
	})
	for _, extra := range []string{
		`"status":"Succeeded"`, `"Status":"Succeeded"`, `"STATUS":null`, `"ID":"x"`, `"machineid":"x"`, `"ſtatus":"Succeeded"`,
		`"stat\u0075s":"Succeeded"`, `"nested":{"a":1,"A":2}`, `"list":[{"a":1,"a":2}]`,
	} {
		body = strings.TrimSuffix(goodAction, "}") + "," + extra + "}"
		if _, err := wt.Action(t.Context(), actionID); soc.KindOf(err) != soc.KindUnavailable {
			t.Errorf("%s: error = %v, want it rejected", extra, err)
		}
		if _, err := wt.HostActions(t.Context(), machineID); soc.KindOf(err) != soc.KindUnavailable {
			t.Errorf("%s in a list: error = %v, want it rejected", extra, err)
		}
		// Negative control: the plain decoder believes the smuggled value.
		if extra == `"Status":"Succeeded"` {
			if a, err := decodeAction("x", []byte(body)); err != nil || a.Status != "Succeeded" {
				t.Errorf("control: plain decoding gives %q, %v; the check is not needed?", a.Status, err)
			}
		}
	}
	body = strings.TrimSuffix(goodAction, "}") + `,"brandNew":{"x":[1]},"errorHResult2":"-1"}`
	if _, err := wt.Action(t.Context(), actionID); err != nil {
		t.Errorf("unknown fields: %v, want them ignored", err)
	}
}

func TestF37_BothSpellingsOfLastUpdate(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"lastUpdateDateTimeUtc", "lastUpdateTimeUtc"} {
		a, err := decodeAction("x", []byte(strings.Replace(goodAction, "lastUpdateDateTimeUtc", name, 1)))
		if want := time.Date(2026, 2, 3, 6, 0, 1, 0, time.UTC); err != nil || !a.Updated.Equal(want) {
			t.Errorf("%s: %v, %v", name, a.Updated, err)
		}
	}
}

func TestF38_UnknownStatusIsKeptAndNotFinal(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{`"Queued"`: "Queued", `""`: "", `null`: "", `"\u001b[2JDone"`: "[2JDone", `"Canceled"`: "Canceled"} {
		a, err := decodeAction("x", []byte(strings.Replace(goodAction, `"Pending"`, in, 1)))
		if err != nil || string(a.Status) != want || a.Status.Final() {
			t.Errorf("status %s: %q final %v, %v", in, a.Status, a.Status.Final(), err)
		}
	}
}

func TestC17_UnusableIdsAreNeverSent(t *testing.T) {
	t.Parallel()
	wt := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) { reply200(w, 201, goodAction) })
	for _, id := range []string{"", ".", "..", "a/b", "a?b", "a b", "a\x00b", "*", "a%2fb", strings.Repeat("a", 300)} {
		if _, err := wt.Isolate(t.Context(), id, soc.IsolationFull, "x"); soc.KindOf(err) != soc.KindInvalid {
			t.Errorf("Isolate(%q) = %v, want invalid", id, err)
		}
		if _, err := wt.HostActions(t.Context(), id); soc.KindOf(err) != soc.KindInvalid {
			t.Errorf("HostActions(%q) = %v, want invalid", id, err)
		}
	}
	if wt.posts.Load()+wt.gets.Load() != 0 {
		t.Error("something was sent")
	}
}

func TestCommentIsOneCleanLineOfBoundedLength(t *testing.T) {
	t.Parallel()
	got := ""
	wt := newWireTest(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = string(b)
		reply200(w, 201, goodAction)
	})
	if _, err := wt.Isolate(t.Context(), machineID, soc.IsolationSelective, " a\nb\x1b[31m "); err != nil {
		t.Fatal(err)
	}
	if want := `{"Comment":"a b[31m","IsolationType":"Selective"}`; got != want {
		t.Errorf("body = %s, want %s", got, want)
	}
	for _, c := range []string{"", " \n ", strings.Repeat("x", 1000)} {
		if _, err := wt.Unisolate(t.Context(), machineID, c); soc.KindOf(err) != soc.KindInvalid {
			t.Errorf("comment of %d bytes: %v, want invalid", len(c), err)
		}
	}
}

// FuzzActionJSON: whatever comes, the decoder does not panic, and what it accepts has an id, clean text and unambiguous keys.
func FuzzActionJSON(f *testing.F) {
	f.Add([]byte(goodAction))
	f.Add([]byte(`{"id":"A","ID":"B"}`))
	f.Add([]byte(`{"id":"` + actionID + `","status":{"a":[1,{}]}}`))
	f.Add([]byte(strings.Repeat("[", 100)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if shape(raw, true) != nil {
			return
		}
		a, err := decodeAction("x", raw)
		if err != nil {
			return
		}
		if a.ID == "" {
			t.Fatal("accepted without an id")
		}
		for _, s := range []string{a.ID, string(a.Type), string(a.Status), a.MachineID, a.HostName, a.Requestor, a.Comment, a.Troubleshoot} {
			if soc.Clean(s) != s {
				t.Fatalf("field %q is not clean", s)
			}
		}
	})
}
