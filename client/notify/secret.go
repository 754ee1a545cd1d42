package notify

import (
	"fmt"
	"io"
	"os"
	"strings"
)

const maxSecretFile = 4 << 10

// secrets reads the signing secrets anew for every delivery, so that a rotation needs no restart.
func (s Spec) secrets() ([]Secret, error) {
	where, text := "the variable "+s.SecretEnv, os.Getenv(s.SecretEnv)
	switch {
	case s.Secret != nil:
		opened, err := s.Secret()
		if err != nil {
			return nil, fmt.Errorf("opening the signing secret: %w", err)
		}
		where, text = "the channel", opened
	case s.SecretFile != "":
		b, err := readSecret(s.SecretFile)
		if err != nil {
			return nil, fmt.Errorf("reading the signing secret: %w", err)
		}
		where, text = s.SecretFile, string(b)
	}
	var out []Secret
	for line := range strings.FieldsSeq(text) {
		sec, err := ParseSecret(line)
		if err != nil {
			return nil, fmt.Errorf("reading the signing secret in %s: %w", where, err)
		}
		out = append(out, sec)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("there is no signing secret in %s", where)
	}
	return out, nil
}

func readSecret(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not an ordinary file", path)
	}
	if st.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("others may read %s (mode %04o); chmod 600 %s", path, st.Mode().Perm(), path)
	}
	return io.ReadAll(io.LimitReader(f, maxSecretFile))
}
