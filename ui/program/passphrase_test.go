package program

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cordon/config"
	"cordon/config/secret"
	"cordon/store"
	"cordon/store/soc"
	"cordon/ui/local"
)

// typed answers every prompt with the next line; after the last one there is no terminal any more.
func typed(lines ...string) hidden {
	return func(io.Reader) (string, bool, error) {
		if len(lines) == 0 {
			return "", false, nil
		}
		line := lines[0]
		lines = lines[1:]
		if line == "^C" {
			return "", true, context.Canceled
		}
		return line, true, nil
	}
}

func TestSC46_AConsoleAsksForThePassphrase(t *testing.T) {
	plain, under := t.TempDir(), t.TempDir()
	for _, dir := range []string{plain, under} {
		ring, err := secret.OpenRing(dir)
		if err == nil && dir == under {
			err = ring.SetPassphrase(secret.New(sealPhrase), 4)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		what, dir string
		lines     []string
		prompts   int
		got       string
		err       error
	}{
		{"no folder yet", filepath.Join(plain, "none"), nil, 0, "", nil},
		{"no passphrase", plain, []string{"x"}, 0, "", nil},
		{"right at once", under, []string{sealPhrase}, 1, sealPhrase, nil},
		{"right at last", under, []string{"wrong one", "wrong two", sealPhrase}, 3, sealPhrase, nil},
		{"three wrong ones", under, []string{"1", "2", "3", sealPhrase}, 3, "", nil},
		{"only Enter", under, []string{"", sealPhrase}, 1, "", nil},
		{"no terminal", under, nil, 1, "", nil},
		{"given up", under, []string{"^C"}, 1, "", context.Canceled},
	} {
		var out bytes.Buffer
		got, err := knock(config.Config{Data: c.dir}, nil, &out, typed(c.lines...))
		if !errors.Is(err, c.err) || got.Reveal() != c.got || strings.Count(out.String(), "Passphrase") != c.prompts {
			t.Errorf("%s: %q, %v\n%s", c.what, got.Reveal(), err, out.String())
		}
		if strings.Contains(out.String(), sealPhrase) || strings.Contains(out.String(), "wrong one") {
			t.Errorf("%s: what was typed is shown: %s", c.what, out.String())
		}
	}
}

// The background process that a console leaves its timers to starts sealed and is given the passphrase; it releases on time. From then on no
// console takes its place without the passphrase, and "release --due" finds nothing to do.
func TestSC46_K13_ThePassphraseGoesWithTheTimers(t *testing.T) {
	t.Parallel()
	w := newSealWorld(t, time.Hour) // longer than the test: a keeper without live timers ends
	empty := filepath.Join(t.TempDir(), "none.yaml")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p := w.open(t)
	path, cfg := p.store.Path(), p.cfg
	if err := p.ring.Unlock(secret.New(sealPhrase)); err != nil {
		t.Fatal(err)
	}
	hand := local.Handover{Start: func() (*local.Keeper, error) {
		return local.StartKeeper("serve", "--background", "--data", cfg.Data, "--config", empty)
	}}
	phrase := p.ring.Passphrase()
	if err := errors.Join(hand.Begin(), p.store.Close()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.TakeOver(context.Background(), path) })
	var said bytes.Buffer
	if err := leave(&hand, cfg.Data, secret.Secret{}, &said); err != nil || !strings.Contains(said.String(), sealedSays) {
		t.Fatalf("the keeper says %q, %v", said.String(), err)
	}
	eventually(t, "nobody listens", func() bool { return secret.Asked(filepath.Join(cfg.Data, secret.SocketName)) })
	if _, err := knock(cfg, nil, io.Discard, typed("")); err != nil {
		t.Errorf("a sealed keeper may be replaced by a sealed console: %v", err)
	}
	// the next console takes the place of the sealed keeper and leaves the timers with the passphrase
	if err := store.TakeOver(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	hand = local.Handover{Start: hand.Start}
	if err := hand.Begin(); err != nil {
		t.Fatal(err)
	}
	said.Reset()
	before := total(w.sim.Tenant.Calls())
	if err := leave(&hand, cfg.Data, phrase, &said); err != nil || !strings.Contains(said.String(), "has the passphrase now") {
		t.Fatalf("passing it on: %v, %q", err, said.String())
	}
	for _, lines := range [][]string{{""}, {"1", "2", "3"}, nil} {
		_, err := knock(cfg, nil, io.Discard, typed(lines...))
		if soc.KindOf(err) != soc.KindRefused || !strings.Contains(err.Error(), fmt.Sprint(store.Holder(path))) {
			t.Errorf("a console without the passphrase (%q): %v", lines, err)
		}
	}
	if got, err := knock(cfg, nil, io.Discard, typed(sealPhrase)); err != nil || got.Reveal() != sealPhrase {
		t.Errorf("a console with it: %v", err)
	}
	eventually(t, "the keeper asks Defender nothing", func() bool { return total(w.sim.Tenant.Calls()) > before })
}

func total(calls map[string]int) (n int) {
	for _, c := range calls {
		n += c
	}
	return n
}

// Beside a sealed process "release --due" says what helps: the passphrase, not the end of that process.
func TestSC46_ReleaseDueBesideASealedProcess(t *testing.T) {
	t.Parallel()
	w := newSealWorld(t, time.Hour)
	p := w.open(t)
	if err := os.Remove(alive(p.cfg)); err != nil { // the mark of the world's making, by a process with our number
		t.Fatal(err)
	}
	err := p.work(t.Context(), func(ctx context.Context) error {
		eventually(t, "nobody listens", func() bool { return secret.Asked(filepath.Join(p.cfg.Data, secret.SocketName)) })
		_, err := version("x").release(ctx, w.o, time.Minute, nil)
		var e *soc.Error
		named := errors.As(err, &e) && e.Code == secret.CodeLocked && strings.Contains(e.What, fmt.Sprint(os.Getpid()))
		if !named || !strings.Contains(e.Next, "cordon unseal") {
			t.Errorf("release --due: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
