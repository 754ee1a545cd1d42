package notify

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cordon/store/soc"
)

// Nothing waits for a mail channel but what it would send: entries that no mail is about do not count, neither while it works nor while its
// server is down. The control is a sink that tells of everything.
func TestV35_WaitingOfMailIsWhatItWouldSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shelf, box := newShelf(), &inbox{}
		mail := Spec{Name: "soc-mail", Type: TypeMail, HostAlerts: true}
		n, err := New(Options{Store: shelf, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		n.add(mail, box)
		n.add(Spec{Name: "siem", Type: TypeSyslog}, &inbox{answer: down})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- n.Run(ctx) }()
		synctest.Wait()
		want := func(when string, key string, want uint64) {
			t.Helper()
			synctest.Wait()
			if _, got, ok := n.State(key); got != want || !ok {
				t.Errorf("%s: %s waits with %d, want %d", when, key, got, want)
			}
		}
		quiet := soc.AuditEntry{Action: "channel-add", Result: soc.ResultOK, Target: "x", Actor: soc.Actor{Name: "ada"}}
		shelf.write(quiet)
		want("nothing to send", "soc-mail", 0)
		want("control", "siem", 1)
		box.set(down)
		shelf.write(quiet, samples()["lock"], quiet, quiet)
		want("its server is down", "soc-mail", 1)
		shelf.write(quiet, samples()["unlock"])
		want("still down", "soc-mail", 2)
		want("control", "siem", 7)
		box.set(nil)
		time.Sleep(slowest)
		want("it works again", "soc-mail", 0)
		if got := len(box.of(KindEvent)); got != 2 {
			t.Errorf("%d mails, want 2", got)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func down(context.Context, Message) error { return errors.New("connection refused") }

// A step of the test that fails says what to change, in the words of the place where the sink is set up.
func TestZ15_FailedStepSaysWhatToChange(t *testing.T) {
	box := openLetterbox(t, true)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(map[string]int{"/401": http.StatusUnauthorized, "/403": http.StatusForbidden}[r.URL.Path])
	}))
	defer srv.Close()
	hook := Spec{
		Name: "hook", Type: TypeWebhook, AllowPrivate: true, Key: "channel:hook-1",
		Secret: func() (string, error) { return "whsec_Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5LTMyYnk=", nil },
	}
	mail := box.spec()
	for name, tc := range map[string]struct {
		spec      Spec
		change    func(*Spec)
		says, not string
	}{
		"inside, channel": {hook, func(s *Spec) { s.URL, s.AllowPrivate = srv.URL, false }, `switch "Own network" on`, "allow-private: true"},
		"inside, file":    {hook, func(s *Spec) { s.URL, s.AllowPrivate, s.Key = srv.URL, false, "" }, "set allow-private: true", "Own network"},
		"never":           {hook, func(s *Spec) { s.URL = "http://169.254.169.254/" }, "is never contacted", "Own network"},
		"TLS to STARTTLS": {mail, func(s *Spec) { s.URL = "smtps://" + box.addr }, "choose smtp:// (STARTTLS) instead of smtps://", "secret"},
		"401":             {hook, func(s *Spec) { s.URL = srv.URL + "/401" }, "the signing secret of the receiver may be another one", "canary"},
		"403":             {hook, func(s *Spec) { s.URL = srv.URL + "/403" }, "the signing secret of the receiver may be another one", "canary"},
	} {
		s := tc.spec
		tc.change(&s)
		var failed string
		for _, st := range Try(t.Context(), s, Host{Name: "console"}, time.Now, nil) {
			if st.Status == soc.StepFail {
				failed = st.Detail
			}
		}
		if !strings.Contains(failed, tc.says) || strings.Contains(failed, tc.not) {
			t.Errorf("%s: %q, want %q", name, failed, tc.says)
		}
	}
}
