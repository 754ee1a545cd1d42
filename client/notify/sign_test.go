package notify

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func secretOf(t *testing.T, b byte) Secret {
	t.Helper()
	s, err := ParseSecret(secretPrefix + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(string(rune(b)), 32))))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Two published vectors of the standard-webhooks scheme.
func TestSC36_Vectors(t *testing.T) {
	for _, v := range []struct {
		secret, id, body, want string
		at                     int64
	}{
		{
			"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", `{"test": 2432232314}`,
			"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", 1614265330,
		},
		{
			"whsec_plJ3nmyCDGBKInavdOK15jsl", "msg_loFOjxBNrRLzqYUf", `{"event_type":"ping","data":{"success":true}}`,
			"v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=", 1731705121,
		},
	} {
		h := http.Header{}
		// 24 characters of base64 are 18 bytes, fewer than ParseSecret takes for real keys.
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(v.secret, secretPrefix))
		if err != nil {
			t.Fatal(err)
		}
		sign(h, []Secret{{key}}, v.id, time.Unix(v.at, 0), []byte(v.body))
		if got := h.Get(headerSignature); got != v.want {
			t.Errorf("%s: %s, want %s", v.id, got, v.want)
		}
		if err := Verify(h, []Secret{{key}}, []byte(v.body), time.Unix(v.at, 0)); err != nil {
			t.Error(err)
		}
	}
}

// A forged, changed, delayed or replayed message is refused; a receiver that is changing its secret misses nothing.
func TestSC36_ForgeryReplayAndRotation(t *testing.T) {
	now, body := time.Unix(1_800_000_000, 0), []byte(`{"kind":"event"}`)
	old, fresh := secretOf(t, 'a'), secretOf(t, 'b')
	h := http.Header{}
	sign(h, []Secret{fresh, old}, "evt_1", now, body)
	for name, keys := range map[string][]Secret{"old": {old}, "new": {fresh}, "both": {old, fresh}} {
		if err := Verify(h, keys, body, now); err != nil {
			t.Errorf("receiver with the %s secret: %v", name, err)
		}
	}
	for name, bad := range map[string]struct {
		header, value string
		body          []byte
		at            time.Time
		key           Secret
	}{
		"other body":       {"", "", []byte(`{"kind":"Event"}`), now, old},
		"other id":         {headerID, "evt_2", body, now, old},
		"other time":       {headerTime, "1800000001", body, now, old},
		"no time":          {headerTime, "", body, now, old},
		"other secret":     {"", "", body, now, secretOf(t, 'c')},
		"no signature":     {headerSignature, "", body, now, old},
		"other version":    {headerSignature, strings.ReplaceAll(h.Get(headerSignature), "v1,", "v2,"), body, now, old},
		"replayed later":   {"", "", body, now.Add(Tolerance + time.Second), old},
		"from the future":  {"", "", body, now.Add(-Tolerance - time.Second), old},
		"empty signature":  {headerSignature, "v1,", body, now, old},
		"cut off":          {headerSignature, h.Get(headerSignature)[:20], body, now, old},
		"dot moved inside": {headerID, "evt_1.1800000000", body, now, old},
	} {
		m := h.Clone()
		if bad.header != "" {
			m.Set(bad.header, bad.value)
		}
		if Verify(m, []Secret{bad.key}, bad.body, bad.at) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestSC43_SecretHasNoReadableForm(t *testing.T) {
	s := secretOf(t, 'z')
	for _, text := range []string{
		fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q", s, s, s, s, s), fmt.Sprintf("%+v", []Secret{s}), fmt.Sprintf("%#v", struct{ S Secret }{s}),
	} {
		if strings.Contains(text, "zz") || strings.Contains(text, "122") || strings.Contains(text, "7a7a") {
			t.Errorf("shown: %s", text)
		}
	}
	for _, bad := range []string{"", "abc", secretPrefix, secretPrefix + "canary!", secretPrefix + base64.StdEncoding.EncodeToString([]byte("canary"))} {
		if _, err := ParseSecret(bad); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("ParseSecret(%q) = %v", bad, err)
		}
	}
}
