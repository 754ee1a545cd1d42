package notify

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

func messages(t *testing.T, n int) (out []Message) {
	t.Helper()
	at := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for i := range n {
		m, err := message(fmt.Sprint("evt_", i), KindEvent, WeightError, at, map[string]string{"detail": "line\nbreak <34>1 forged"})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}

// A file is private, never reached through a link, can be rotated away, and survives a line that was cut off.
func TestF79_SC26_FileOfLines(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.jsonl")
	s := &file{path}
	if err := os.WriteFile(path, []byte(`{"cut`), 0o644); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Deliver(t.Context(), messages(t, 3)); n != 3 || err != nil {
		t.Fatalf("Deliver = %d, %v", n, err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	if len(lines) != 4 || lines[0] != `{"cut` || !strings.HasPrefix(lines[1], `{"detail"`) {
		t.Errorf("the file holds %q", lines)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want 0600", st.Mode(), err)
	}
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Deliver(t.Context(), messages(t, 1)); n != 1 || err != nil {
		t.Errorf("after rotation: %d, %v", n, err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{link, dir, filepath.Join(dir, "none", "x")} {
		if n, err := (&file{bad}).Deliver(t.Context(), messages(t, 1)); n != 0 || err == nil {
			t.Errorf("%s: %d delivered, %v", bad, n, err)
		}
	}
}

func sysSink(t *testing.T, url string) Sink {
	t.Helper()
	s, err := Spec{Name: "log", Type: TypeSyslog, URL: url, AllowPrivate: true}.Open(Host{"con sole", "1", 42}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var rfc5424 = regexp.MustCompile(`^<83>1 2026-03-04T12:00:00\.000000Z console cordon 42 event - \{"detail":"line\\nbreak .*\}$`)

// Over TCP the lines are counted, so that nothing in them can begin another one; a receiver that breaks off gets the batch again.
func TestF79_SC26_SyslogOverTCP(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	s := sysSink(t, "tcp://"+ln.Addr().String())
	got := make(chan string, 1)
	go func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		b, _ := io.ReadAll(c)
		_ = c.Close()
		got <- string(b)
		if c, err = ln.Accept(); err == nil { // this one resets the connection without reading
			_ = c.(*net.TCPConn).SetLinger(0)
			buf := make([]byte, 1)
			_, _ = c.Read(buf)
			_ = c.Close()
		}
	}()
	if n, err := s.Deliver(t.Context(), messages(t, 3)); n != 3 || err != nil {
		t.Fatalf("Deliver = %d, %v", n, err)
	}
	rest := <-got
	for i := range 3 {
		size, tail, _ := strings.Cut(rest, " ")
		n, err := strconv.Atoi(size)
		if err != nil || n > len(tail) || !rfc5424.MatchString(tail[:n]) {
			t.Fatalf("line %d: %q", i, rest)
		}
		rest = tail[n:]
	}
	if rest != "" {
		t.Errorf("left over: %q", rest)
	}
	if n, err := s.Deliver(t.Context(), messages(t, 3)); n != 0 || err == nil {
		t.Errorf("broken off: %d delivered, %v, want none and an error", n, err)
	}
}

func TestF79_SyslogDatagrams(t *testing.T) {
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = udp.Close() }()
	path := filepath.Join(t.TempDir(), "log")
	unix, err := net.ListenPacket("unixgram", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close() }()
	for url, c := range map[string]net.PacketConn{"udp://" + udp.LocalAddr().String(): udp, "unix://" + path: unix} {
		if n, err := sysSink(t, url).Deliver(t.Context(), messages(t, 2)); n != 2 || err != nil {
			t.Fatalf("%s: %d, %v", url, n, err)
		}
		buf := make([]byte, 4096)
		for range 2 {
			n, _, err := c.ReadFrom(buf)
			if err != nil || !rfc5424.Match(buf[:n]) {
				t.Errorf("%s: %q, %v", url, buf[:n], err)
			}
		}
	}
}
