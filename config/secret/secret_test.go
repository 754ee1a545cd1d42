package secret_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/goccy/go-yaml"

	"cordon/config/secret"
	"cordon/store/soc"
)

const canary = "c4n4ry~Value/with+signs.8Q~"

func ring(t *testing.T) *secret.Ring {
	t.Helper()
	r, err := secret.OpenRing(t.TempDir())
	if err != nil {
		t.Fatalf("OpenRing: %v", err)
	}
	return r
}

func TestSC25_SecretIsNeverPrinted(t *testing.T) {
	type hidden struct{ inner secret.Secret }
	type shown struct {
		Name string
		Key  secret.Secret
		Ptr  *secret.Secret
	}
	s := secret.New(canary)
	h, o := hidden{s}, shown{"x", s, &s}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%p", "%t", "%w"} {
		for _, v := range []any{s, &s, h, &h, o, &o, []secret.Secret{s}, map[string]secret.Secret{"k": s}} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
	}
	for _, v := range []any{s, o, []secret.Secret{s}, h} {
		j, err := json.Marshal(v)
		y, yerr := yaml.Marshal(v)
		if err != nil || yerr != nil {
			t.Fatalf("Marshal: %v %v", err, yerr)
		}
		out.Write(j)
		out.Write(y)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "s", s, "o", o, "h", h)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "s", s, "o", o, "h", h)
	fmt.Fprintln(&out, fmt.Errorf("signing in with %v: %w", s, errors.New("x")))
	if strings.Contains(out.String(), canary) || strings.Contains(out.String(), fmt.Sprintf("%x", canary)) {
		t.Errorf("the secret is in the output:\n%s", out.String())
	}
	if got := fmt.Sprintf("%v %+v %#v", s, s, s); got != "[secret] [secret] [secret]" {
		t.Errorf("Sprintf = %q", got)
	}
	if s.Reveal() != canary || !s.Equal(secret.New(canary)) || s.Equal(secret.New("x")) || !secret.New("").Empty() {
		t.Error("Reveal, Equal or Empty is wrong")
	}
}

func TestSC43_SealedTextOpensOnlyForItsRecord(t *testing.T) {
	r := ring(t)
	a, err := r.Seal("contoso", 1, secret.New(canary))
	if err != nil {
		t.Fatalf("Seal: %v", err)
	}
	b, err := r.Seal("fabrikam", 1, secret.New("other"))
	if err != nil {
		t.Fatalf("Seal: %v", err)
	}
	if got, err := r.Open("contoso", 1, a); err != nil || got.Reveal() != canary {
		t.Fatalf("Open = %q, %v", got.Reveal(), err)
	}
	for name, open := range map[string]func() (secret.Secret, error){
		"swapped":       func() (secret.Secret, error) { return r.Open("contoso", 1, b) },
		"swapped back":  func() (secret.Secret, error) { return r.Open("fabrikam", 1, a) },
		"other version": func() (secret.Secret, error) { return r.Open("contoso", 2, a) },
		"empty":         func() (secret.Secret, error) { return r.Open("contoso", 1, nil) },
		"longer":        func() (secret.Secret, error) { return r.Open("contoso", 1, append(bytes.Clone(a), 0)) },
		"shorter":       func() (secret.Secret, error) { return r.Open("contoso", 1, a[:len(a)-1]) },
		"other key":     func() (secret.Secret, error) { return ring(t).Open("contoso", 1, a) },
	} {
		got, err := open()
		if err == nil || !got.Empty() {
			t.Errorf("%s: Open gave %d bytes and %v, want a refusal", name, len(got.Reveal()), err)
		}
		if soc.KindOf(err) != soc.KindUnauthorized || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: error = %v", name, err)
		}
	}
}

func TestSC43_EveryFlippedBitIsRefused(t *testing.T) {
	r := ring(t)
	sealed, err := r.Seal("contoso", 1, secret.New(canary))
	if err != nil {
		t.Fatalf("Seal: %v", err)
	}
	for i := range sealed {
		for bit := range 8 {
			bad := bytes.Clone(sealed)
			bad[i] ^= 1 << bit
			if got, err := r.Open("contoso", 1, bad); err == nil {
				t.Fatalf("byte %d bit %d flipped: Open gave %q", i, bit, got.Reveal())
			}
		}
	}
}

func TestP10_SealedBytesHoldNothingOfTheSecret(t *testing.T) {
	dir := t.TempDir()
	r, err := secret.OpenRing(dir)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := r.Seal("contoso", 1, secret.New(canary))
	if err != nil {
		t.Fatal(err)
	}
	again, _ := r.Seal("contoso", 1, secret.New(canary))
	if bytes.Equal(sealed, again) {
		t.Error("sealing twice gave the same bytes: equal secrets would show")
	}
	key, _ := os.ReadFile(filepath.Join(dir, secret.FileName))
	for i := 0; i+6 <= len(canary); i++ {
		if part := []byte(canary[i : i+6]); bytes.Contains(sealed, part) || bytes.Contains(key, part) {
			t.Fatalf("%q is in the stored bytes", part)
		}
	}
}

func TestSC43_KeyFileIsPrivateAndMadeOnce(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	rings := make([]*secret.Ring, 8)
	for i := range rings {
		wg.Go(func() { rings[i], _ = secret.OpenRing(dir) })
	}
	wg.Wait()
	sealed, err := rings[0].Seal("contoso", 1, secret.New(canary))
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range rings {
		if _, err := r.Open("contoso", 1, sealed); err != nil {
			t.Errorf("ring %d has another key: %v", i, err)
		}
		if strings.Contains(fmt.Sprintf("%v %+v %#v", r, r, r), "AGE-SECRET") {
			t.Error("printing the ring shows the key")
		}
	}
	st, err := os.Stat(filepath.Join(dir, secret.FileName))
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("key file mode = %v, %v, want 0600", st.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".key-*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestSC43_BadKeyFilesAreRefused(t *testing.T) {
	tests := map[string]func(t *testing.T, path string){
		"group readable": func(t *testing.T, p string) { must(t, os.Chmod(p, 0o640)) },
		"world readable": func(t *testing.T, p string) { must(t, os.Chmod(p, 0o604)) },
		"symlink":        func(t *testing.T, p string) { must(t, os.Rename(p, p+".x")); must(t, os.Symlink(p+".x", p)) },
		"folder":         func(t *testing.T, p string) { must(t, os.Remove(p)); must(t, os.Mkdir(p, 0o700)) },
		"damaged":        func(t *testing.T, p string) { must(t, os.WriteFile(p, []byte("AGE-SECRET-KEY-1QQQ\n"), 0o600)) },
		"empty":          func(t *testing.T, p string) { must(t, os.Truncate(p, 0)) },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if _, err := secret.OpenRing(dir); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, secret.FileName)
			spoil(t, path)
			_, err := secret.OpenRing(dir)
			if !errors.Is(err, soc.ErrRefused) {
				t.Fatalf("OpenRing = %v, want a refusal", err)
			}
			if !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "AGE-SECRET-KEY") {
				t.Errorf("error = %v", err)
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
