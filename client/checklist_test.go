package client

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
)

func statusOf(steps []soc.Step, name string) soc.Step {
	for _, s := range steps {
		if strings.HasPrefix(s.Name, name) {
			return s
		}
	}
	return soc.Step{}
}

func TestC08_WrongAudienceIsNamedWithTheScope(t *testing.T) {
	t.Parallel()
	wt := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) {
		reply200(w, 403, `{"error":{"code":"Forbidden","message":"no"}}`)
	})
	wt.wallet.give = func(int) (Token, error) {
		return Token{Value: jwt(map[string]any{"aud": "https://graph.microsoft.com", "tid": tenantID, "roles": []string{"Alert.Read.All"}}), Life: time.Hour}, nil
	}
	steps, err := wt.Test(t.Context(), nil)
	s := statusOf(steps, "audience")
	if s.Status != soc.StepFail || !strings.Contains(s.Detail, "https://graph.microsoft.com") || !strings.Contains(s.Fix, defender+"/.default") || err == nil {
		t.Errorf("step = %+v, error %v", s, err)
	}
	if s := statusOf(steps, "read one alert"); s.Status != soc.StepSkip {
		t.Errorf("reading alerts: %q, want skipped", s.Status)
	}
	_, err = wt.Alerts(t.Context(), AlertsQuery{})
	if err == nil || !strings.Contains(err.Error(), "https://graph.microsoft.com") {
		t.Errorf("a plain 403 does not name the audience: %v", err)
	}
}

func TestV10_Z01_BlockedHostIsNamed(t *testing.T) {
	t.Parallel()
	login := newWireTest(t, func(http.ResponseWriter, *http.Request) {})
	wt := newWireTest(t, func(http.ResponseWriter, *http.Request) {})
	in := wt.in
	in.Login, in.CAPEM = login.srv.URL, caPEM(login.srv)
	wt.srv.Close()
	c, err := New(Config{Integration: in, Credential: fullWallet()})
	if err != nil {
		t.Fatal(err)
	}
	steps, err := c.Test(t.Context(), nil)
	s := statusOf(steps, "API: TCP")
	if s.Status != soc.StepFail || !strings.Contains(s.Detail, hostPort(c.api)) || s.Fix == "" || soc.KindOf(err) != soc.KindUnavailable {
		t.Errorf("step = %+v, error %v", s, err)
	}
	for name, want := range map[string]string{"login: TCP": soc.StepOK, "sign in": soc.StepOK, "role: read alerts": soc.StepOK, "read one host": soc.StepSkip} {
		if s := statusOf(steps, name); s.Status != want {
			t.Errorf("%s: %q, want %q (%s)", name, s.Status, want, s.Detail)
		}
	}
}

func TestZ15_MissingRolesAreNamedOneByOne(t *testing.T) {
	t.Parallel()
	wt := newWireTest(t, func(w http.ResponseWriter, r *http.Request) { reply200(w, 200, `{"value":[]}`) })
	wt.wallet.give = func(int) (Token, error) {
		return Token{Value: goodJWT(tenantID, "Alert.Read.All"), Life: time.Hour}, nil
	}
	steps, err := wt.Test(t.Context(), nil)
	if soc.KindOf(err) != soc.KindDenied {
		t.Errorf("error = %v", err)
	}
	for name, want := range map[string]string{
		"role: read alerts": soc.StepOK, "role: read hosts": soc.StepFail, "role: isolate": soc.StepFail, "role: read logged": soc.StepOK, "call budget": soc.StepOK,
	} {
		if s := statusOf(steps, name); s.Status != want {
			t.Errorf("%s: %+v, want %q", name, s, want)
		}
	}
	if s := statusOf(steps, "role: isolate"); !strings.Contains(s.Detail, "Machine.Isolate") || !strings.Contains(s.Fix, "consent") {
		t.Errorf("step = %+v", s)
	}
}

func TestF44_TestTellsAWrongClock(t *testing.T) {
	t.Parallel()
	wt := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(-10*time.Minute).UTC().Format(http.TimeFormat))
		reply200(w, 200, `{"value":[]}`)
	})
	steps, _ := wt.Test(t.Context(), nil)
	if s := statusOf(steps, "clock"); s.Status != soc.StepFail || !strings.Contains(s.Detail, "10m0s") {
		t.Errorf("step = %+v", s)
	}
}
