package secret

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"cordon/store/soc"
)

// A process that was started without the passphrase listens on a socket in its folder until it has it; Unseal is the other end. The socket is
// its owner's alone, one caller is served at a time, and each try costs what the passphrase costs, so guessing through it is no faster than
// guessing from the key file.

// SocketName is the name of the socket; it stands beside the store, and only while the ring is locked.
const SocketName = "cordon.unseal"

const (
	sayTime  = 10 * time.Second // to send the passphrase
	saidOpen = "open"
)

// Listen waits for passphrases on the socket at path until one opens the ring, or ctx ends.
func (r *Ring) Listen(ctx context.Context, path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) { // of a process that died; the store's lock keeps two apart
		return fmt.Errorf("listening for the passphrase: %w", err)
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "unix", path)
	if err == nil {
		err = os.Chmod(path, 0o600)
	}
	if err != nil {
		return fmt.Errorf("listening for the passphrase: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = ln.Close() })
	defer stop()
	defer func() { _ = ln.Close() }()
	for r.Locked() != nil {
		c, err := ln.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("listening for the passphrase: %w", err)
		}
		r.answer(ctx, c, ln)
	}
	return nil
}

// answer takes a passphrase. When it fits, listening ends before the caller hears of it: from then on nobody may take this process for sealed.
func (r *Ring) answer(ctx context.Context, c net.Conn, ln io.Closer) {
	defer func() { _ = c.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = c.Close() }) // a caller who says nothing holds up no stop
	_ = c.SetDeadline(time.Now().Add(sayTime))
	line, err := bufio.NewReader(io.LimitReader(c, 4096)).ReadString('\n')
	stop() // who has said something is answered
	if err != nil {
		return
	}
	said := saidOpen
	if err := r.Unlock(New(strings.TrimSuffix(line, "\n"))); err != nil {
		said = "no"
	} else {
		_ = ln.Close() // which removes the file
	}
	_ = c.SetDeadline(time.Now().Add(sayTime))
	_, _ = io.WriteString(c, said+"\n")
}

// Unseal hands the passphrase to the process that listens on the socket at path. A wrong one is soc.ErrDenied; that nobody listens is
// soc.ErrNotFound, code "not-sealed".
func Unseal(ctx context.Context, path string, passphrase Secret) error {
	if !Asked(path) {
		return notSealed(path, nil)
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return notSealed(path, err)
	}
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	defer func() { _ = c.Close() }()
	if _, err = io.WriteString(c, strings.ReplaceAll(passphrase.Reveal(), "\n", "")+"\n"); err != nil {
		return fmt.Errorf("sending the passphrase: %w", err)
	}
	said, err := bufio.NewReader(c).ReadString('\n')
	switch {
	case err != nil:
		return fmt.Errorf("waiting for the answer: %w", err)
	case strings.TrimSpace(said) != saidOpen:
		return wrongPassphrase()
	}
	return nil
}

// Asked reports whether a process of our own user waits, or has waited until it died, for the passphrase at path.
func Asked(path string) bool {
	st, err := os.Lstat(path)
	return err == nil && st.Mode().Type() == os.ModeSocket && ours(st)
}

func ours(st os.FileInfo) bool {
	sys, ok := st.Sys().(*syscall.Stat_t)
	return ok && int(sys.Uid) == os.Geteuid()
}

func notSealed(path string, err error) error {
	return &soc.Error{
		Kind: soc.KindNotFound, Code: "not-sealed", Err: err, What: "no process waits for the passphrase at " + path,
		Means: "either none runs on this folder, or it is open already", Next: "check --data",
	}
}
