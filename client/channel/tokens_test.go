package channel_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
)

// A token is 256 random bits that exist once: in the answer. The store has the hash, the history neither.
func TestSC40_TokenIsShownOnce(t *testing.T) {
	l := newLab(t)
	draft := soc.Token{Name: "dashboard", Scopes: []string{soc.ScopeMetrics, soc.ScopeLockdowns, soc.ScopeMetrics}, Expires: l.now.Add(time.Hour)}
	tok, value, err := l.AddToken(t.Context(), admin(), draft)
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256([]byte(value))
	if !strings.HasPrefix(value, "cordon_") || len(value) != len("cordon_")+43 || !bytes.Equal(hash[:], tok.Hash) || len(tok.Scopes) != 2 {
		t.Errorf("%+v with a value of %d characters", tok, len(value))
	}
	_, second, err := l.AddToken(t.Context(), admin(), soc.Token{Name: "other", Scopes: []string{soc.ScopeMetrics}})
	if err != nil || second == value {
		t.Errorf("%v: two tokens are alike", err)
	}
	files, _ := filepath.Glob(filepath.Join(l.dir, "data", "*"))
	for _, f := range files {
		if text, err := os.ReadFile(f); err != nil || bytes.Contains(text, []byte(value)) {
			t.Errorf("the value is in %s, %v", f, err)
		}
	}
	e := l.audit("token-add")
	if len(e) != 2 || strings.Contains(e[1].Detail+e[1].Before+e[1].After, value) || e[1].Detail != "for lockdowns, metrics" || e[1].After != "until 2026-03-04T13:00:00Z" {
		t.Errorf("%+v", e)
	}
	if err := l.RemoveToken(t.Context(), admin(), tok.ID); err != nil {
		t.Error(err)
	}
	if err := l.RemoveToken(t.Context(), admin(), tok.ID); !errors.Is(err, soc.ErrNotFound) {
		t.Errorf("removed twice: %v", err)
	}
	if all, err := l.Tokens(t.Context()); err != nil || len(all) != 1 || all[0].Name != "other" {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestSC40_TokenFieldsAreJudgedByName(t *testing.T) {
	l := newLab(t)
	id := l.tenant("contoso")
	threats := l.save(soc.Channel{Type: soc.ChannelThreats, Name: "mobile", Enabled: true, Tenant: id}, "")
	for name, tc := range map[string]struct {
		draft soc.Token
		says  string
	}{
		"no name":       {soc.Token{Scopes: []string{"metrics"}}, "Name must be"},
		"no scope":      {soc.Token{Name: "x"}, "Scopes are empty"},
		"unknown scope": {soc.Token{Name: "x", Scopes: []string{"root"}}, "Scopes hold an unknown one"},
		"expired":       {soc.Token{Name: "x", Scopes: []string{"metrics"}, Expires: l.now}, "Expires is in the past"},
		"no channel":    {soc.Token{Name: "x", Scopes: []string{"threats"}}, "Channel is no channel"},
		"wrong channel": {soc.Token{Name: "x", Scopes: []string{"probes"}, Channel: threats.ID}, "Channel is no channel"},
		"needless":      {soc.Token{Name: "x", Scopes: []string{"metrics"}, Channel: threats.ID}, "Channel is only"},
		"both ways":     {soc.Token{Name: "x", Scopes: []string{"threats", "probes"}, Channel: threats.ID}, "Scopes hold both"},
	} {
		_, value, err := l.AddToken(t.Context(), admin(), tc.draft)
		refused(t, name, err, tc.says)
		if value != "" {
			t.Errorf("%s: a value was given out", name)
		}
	}
	good := soc.Token{Name: "phones", Scopes: []string{"threats"}, Channel: threats.ID}
	if _, _, err := l.AddToken(t.Context(), admin(), good); err != nil {
		t.Fatal(err)
	}
	good.Name = "Phones"
	if _, _, err := l.AddToken(t.Context(), admin(), good); !errors.Is(err, soc.ErrConflict) {
		t.Errorf("the same name twice: %v", err)
	}
	if err := l.RemoveChannel(t.Context(), admin(), threats.ID); err != nil {
		t.Fatal(err)
	}
	if all, _ := l.Tokens(t.Context()); len(all) != 0 {
		t.Error("the token of a removed channel is still in force")
	}
}
