package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// file appends one JSON object a line. The file is opened for every batch, so that it can be rotated away at any time, and synced before
// the batch counts as delivered. It is never followed through a link, is ours alone, and is only appended to.
type file struct{ path string }

// Deliver writes the messages and syncs.
func (f *file) Deliver(_ context.Context, msgs []Message) (n int, err error) {
	out, err := os.OpenFile(f.path, os.O_RDWR|os.O_APPEND|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0o600)
	if errors.Is(err, syscall.ELOOP) {
		return 0, fmt.Errorf("%s is a symbolic link; name the file itself", f.path)
	}
	if err != nil {
		return 0, fmt.Errorf("opening the file of the sink: %w", err)
	}
	defer func() {
		if cerr := out.Close(); err == nil && cerr != nil {
			n, err = 0, fmt.Errorf("closing the file of the sink: %w", cerr)
		}
	}()
	var text bytes.Buffer
	if err := ready(out, &text); err != nil {
		return 0, err
	}
	for _, m := range msgs {
		text.Write(m.Body)
		text.WriteByte('\n')
	}
	if _, err := out.Write(text.Bytes()); err != nil {
		return 0, fmt.Errorf("writing to the file of the sink: %w", err)
	}
	if err := out.Sync(); err != nil {
		return 0, fmt.Errorf("syncing the file of the sink: %w", err)
	}
	return len(msgs), nil
}

// ready checks the file and ends a line that a crash or a full disk cut off, so that the next one can be read.
func ready(f *os.File, text *bytes.Buffer) error {
	st, err := f.Stat()
	if err != nil {
		return fmt.Errorf("looking at the file of the sink: %w", err)
	}
	if owner, ok := st.Sys().(*syscall.Stat_t); !st.Mode().IsRegular() || !ok || int(owner.Uid) != os.Geteuid() {
		return fmt.Errorf("%s is not an ordinary file of this user", f.Name())
	}
	if st.Mode().Perm()&0o077 != 0 {
		if err := f.Chmod(0o600); err != nil {
			return fmt.Errorf("making the file of the sink private: %w", err)
		}
	}
	if st.Size() == 0 {
		return nil
	}
	last := make([]byte, 1)
	if _, err := f.ReadAt(last, st.Size()-1); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading the file of the sink: %w", err)
	}
	if last[0] != '\n' {
		text.WriteByte('\n')
	}
	return nil
}
