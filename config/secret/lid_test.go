package secret_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"cordon/config/secret"
	"cordon/store/soc"
)

const (
	phrase = "correct horse battery staple"
	quick  = 4 // of scrypt: the tests do not guess
)

// lidded is a folder whose key is under the passphrase, and something sealed with it.
func lidded(t *testing.T) (dir string, sealed []byte) {
	t.Helper()
	dir = t.TempDir()
	r, err := secret.OpenRing(dir)
	must(t, err)
	must(t, r.SetPassphrase(secret.New(phrase), quick))
	sealed, err = r.Seal("contoso", 1, secret.New(canary))
	must(t, err)
	return dir, sealed
}

// Without the passphrase nothing is sealed and nothing is opened, whatever is tried; with it everything is as before (SC46).
func TestSC46_LockedRingSealsAndOpensNothing(t *testing.T) {
	dir, sealed := lidded(t)
	file, err := os.ReadFile(filepath.Join(dir, secret.FileName))
	must(t, err)
	if strings.Contains(string(file), "AGE-SECRET-KEY") || !strings.HasPrefix(string(file), "-----BEGIN AGE ENCRYPTED FILE-----") {
		t.Fatalf("the key file = %s", file)
	}
	r, err := secret.OpenRing(dir)
	must(t, err)
	for what, err := range map[string]error{
		"seal":     func() error { _, err := r.Seal("contoso", 1, secret.New("x")); return err }(),
		"open":     func() error { _, err := r.Open("contoso", 1, sealed); return err }(),
		"reseal":   func() error { _, err := r.Reseal("contoso", sealed); return err }(),
		"begin":    r.Begin(),
		"unlid":    r.SetPassphrase(secret.New(""), quick),
		"is it so": r.Locked(),
	} {
		var e *soc.Error
		if !errors.As(err, &e) || e.Code != secret.CodeLocked || e.Kind != soc.KindUnavailable {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, wrong := range []string{"", "x", phrase + " ", strings.ToUpper(phrase)} {
		if err := r.Unlock(secret.New(wrong)); !errors.Is(err, soc.ErrDenied) || r.Locked() == nil {
			t.Errorf("the passphrase %q: %v", wrong, err)
		}
	}
	select {
	case <-r.Opened():
		t.Fatal("the ring says that it is open")
	default:
	}
	must(t, r.Unlock(secret.New(phrase)))
	<-r.Opened()
	got, err := r.Open("contoso", 1, sealed)
	if err != nil || got.Reveal() != canary {
		t.Errorf("opened = %v", err)
	}
	must(t, r.Unlock(secret.New("whatever"))) // it is open
}

func TestSC43_PassphraseIsSetAndTakenAway(t *testing.T) {
	dir, sealed := lidded(t)
	r, err := secret.OpenRing(dir)
	must(t, err)
	must(t, r.Unlock(secret.New(phrase)))
	if err := r.SetPassphrase(secret.New("short"), quick); !errors.Is(err, soc.ErrInvalid) {
		t.Errorf("a short passphrase: %v", err)
	}
	must(t, r.SetPassphrase(secret.New(""), quick))
	r, err = secret.OpenRing(dir)
	must(t, err)
	if _, err := r.Open("contoso", 1, sealed); err != nil || !r.Passphrase().Empty() {
		t.Errorf("without a passphrase: %v", err)
	}
	scan(t, dir)
}

// A change of the key that is cut off leaves two files under one passphrase, and either way everything can be opened.
func TestF17_CutOffChangeUnderAPassphrase(t *testing.T) {
	dir, sealed := lidded(t)
	r, err := secret.OpenRing(dir)
	must(t, err)
	must(t, r.Unlock(secret.New(phrase)))
	must(t, r.SetPassphrase(secret.New(phrase), quick))
	must(t, r.Begin())
	if err := r.SetPassphrase(secret.New(""), quick); !errors.Is(err, soc.ErrRefused) {
		t.Errorf("a passphrase in the middle of a change: %v", err)
	}
	fresh, err := r.Reseal("contoso", sealed)
	must(t, err)
	r, err = secret.OpenRing(dir) // the crash
	must(t, err)
	if r.Locked() == nil {
		t.Fatal("the new key is not under the passphrase")
	}
	must(t, r.Unlock(secret.New(phrase)))
	for _, s := range [][]byte{sealed, fresh} {
		if got, err := r.Open("contoso", 1, s); err != nil || got.Reveal() != canary {
			t.Errorf("opened = %v", err)
		}
	}
	must(t, r.Begin())
	must(t, r.Finish())
	r, err = secret.OpenRing(dir)
	must(t, err)
	must(t, r.Unlock(secret.New(phrase)))
	if _, err := r.Open("contoso", 1, sealed); err == nil {
		t.Error("the old key is still in use")
	}
	if _, err := r.Open("contoso", 1, fresh); err != nil {
		t.Error(err)
	}
	scan(t, dir)
}

// What is sealed anew keeps what it was sealed for.
func TestSC43_ResealKeepsTheBinding(t *testing.T) {
	r := ring(t)
	sealed, err := r.Seal("contoso", 1, secret.New(canary))
	must(t, err)
	must(t, r.Begin())
	fresh, err := r.Reseal("fabrikam", sealed) // the name is for the errors
	must(t, err)
	must(t, r.Finish())
	if got, err := r.Open("contoso", 1, fresh); err != nil || got.Reveal() != canary {
		t.Errorf("opened = %v", err)
	}
	if _, err := r.Open("fabrikam", 1, fresh); err == nil {
		t.Error("it opens for another record")
	}
	if _, err := r.Open("contoso", 1, sealed); err == nil {
		t.Error("the old text can still be opened")
	}
	if _, err := r.Reseal("contoso", sealed[:len(sealed)-1]); err == nil {
		t.Error("a damaged text was sealed anew")
	}
}

// A key that systemd hands over needs no file; handing over two changes it.
func TestSC43_KeyOfSystemd(t *testing.T) {
	made, creds := t.TempDir(), t.TempDir()
	_, err := secret.OpenHanded(creds, secret.KeyCredential)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("none there: %v", err)
	}
	old, err := secret.OpenRing(made)
	must(t, err)
	sealed, err := old.Seal("contoso", 1, secret.New(canary))
	must(t, err)
	path := filepath.Join(creds, secret.KeyCredential)
	hand := func(from, to string, mode os.FileMode) {
		t.Helper()
		b, err := os.ReadFile(from)
		must(t, err)
		_ = os.Remove(to)
		must(t, os.WriteFile(to, b, mode))
		must(t, os.Chmod(to, mode))
	}
	hand(old.Path(), path, 0o440) // as with an access list
	r, err := secret.OpenHanded(creds, secret.KeyCredential)
	must(t, err)
	if got, err := r.Open("contoso", 1, sealed); err != nil || got.Reveal() != canary {
		t.Errorf("opened = %v", err)
	}
	for what, err := range map[string]error{"begin": r.Begin(), "passphrase": r.SetPassphrase(secret.New(phrase), quick)} {
		if !errors.Is(err, soc.ErrRefused) {
			t.Errorf("%s: %v", what, err)
		}
	}
	next, err := secret.OpenRing(t.TempDir())
	must(t, err)
	hand(old.Path(), path+".old", 0o400)
	hand(next.Path(), path, 0o400)
	r, err = secret.OpenHanded(creds, secret.KeyCredential)
	must(t, err)
	must(t, r.Begin())
	fresh, err := r.Reseal("contoso", sealed)
	must(t, err)
	must(t, r.Finish())
	if _, err := r.Open("contoso", 1, sealed); err == nil {
		t.Error("the old key is still in use")
	}
	if _, err := next.Open("contoso", 1, fresh); err != nil {
		t.Errorf("the new key: %v", err)
	}
	hand(next.Path(), path, 0o444)
	if _, err := secret.OpenHanded(creds, secret.KeyCredential); !errors.Is(err, soc.ErrRefused) {
		t.Errorf("a credential for everybody: %v", err)
	}
}

func TestSC44_PassphraseComesFromAFileOrAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pass")
	must(t, os.WriteFile(path, []byte(phrase+"\r\nmore\n"), 0o600))
	if got, err := secret.ReadPassphrase(path); err != nil || got.Reveal() != phrase {
		t.Errorf("file: %v", err)
	}
	must(t, os.Chmod(path, 0o644))
	if _, err := secret.ReadPassphrase(path); !errors.Is(err, soc.ErrRefused) {
		t.Errorf("a file for everybody: %v", err)
	}
	if _, err := secret.ReadPassphrase(path + ".x"); !errors.Is(err, soc.ErrInvalid) {
		t.Errorf("no file: %v", err)
	}
	r, w, err := os.Pipe()
	must(t, err)
	_, _ = w.WriteString(phrase + "\n")
	must(t, w.Close())
	if got, err := secret.ReadPassphrase("/dev/fd/" + strconv.Itoa(int(r.Fd()))); err != nil || got.Reveal() != phrase {
		t.Errorf("pipe: %v", err)
	}
}

// The socket takes the passphrase from the same user, refuses a wrong one, and is gone once the ring is open.
func TestSC46_UnsealThroughTheSocket(t *testing.T) {
	dir, sealed := lidded(t)
	path := filepath.Join(dir, secret.SocketName)
	if err := secret.Unseal(t.Context(), path, secret.New(phrase)); !errors.Is(err, soc.ErrNotFound) {
		t.Errorf("nobody listens: %v", err)
	}
	must(t, os.WriteFile(path, nil, 0o600)) // what a process that was killed left behind
	r, err := secret.OpenRing(dir)
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = r.Listen(ctx, path) })
	for st, err := os.Lstat(path); err != nil || st.Mode().Type() != os.ModeSocket || st.Mode().Perm() != 0o600; st, err = os.Lstat(path) {
	}
	if err := secret.Unseal(t.Context(), path, secret.New("a wrong passphrase")); !errors.Is(err, soc.ErrDenied) || r.Locked() == nil {
		t.Errorf("wrong: %v", err)
	}
	must(t, secret.Unseal(t.Context(), path, secret.New(phrase)))
	wg.Wait()
	if _, err := r.Open("contoso", 1, sealed); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
	stop()
	r, err = secret.OpenRing(dir) // another start, told to stop while it waits
	must(t, err)
	ctx, stop = context.WithCancel(t.Context())
	stop()
	_ = r.Listen(ctx, path)
	if r.Locked() == nil {
		t.Error("it is open")
	}
}

// A try with a passphrase takes its time; who asks meanwhile whether the ring is locked gets the answer at once.
func TestSC46_ATryHoldsUpNobody(t *testing.T) {
	dir := t.TempDir()
	r, err := secret.OpenRing(dir)
	must(t, err)
	must(t, r.SetPassphrase(secret.New(phrase), 15)) // a try takes long enough to be seen
	r, err = secret.OpenRing(dir)
	must(t, err)
	tried := make(chan error, 1)
	go func() { tried <- r.Unlock(secret.New("not the passphrase")) }()
	asked := 0
	for done := false; !done; {
		select {
		case err := <-tried:
			if !errors.Is(err, soc.ErrDenied) {
				t.Errorf("the try: %v", err)
			}
			done = true
		default:
			_ = r.Locked()
			asked++
		}
	}
	if asked < 1000 { // held up, it is asked a few times before the try begins, and once
		t.Errorf("asked %d times while the try went on", asked)
	}
}
