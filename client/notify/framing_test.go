package notify

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	parser "github.com/leodido/go-syslog/v4"
	"github.com/leodido/go-syslog/v4/nontransparent"
	"github.com/leodido/go-syslog/v4/octetcounting"
)

// forgers are names that try to begin a line of their own, in any framing.
func forgers() []string {
	return []string{
		"a\n<34>1 2026-01-01T00:00:00Z x cordon - - - forged", "a\r\n<34>1 - - - - - - forged", "a\x00<34>1 - - - - - - forged",
		"40 <34>1 - - - - - - forged", "a\u2028<34>1 - - - - - - forged", "a\x1b[2J", "\x85<34>1 - - - - - - forged",
	}
}

// heard delivers a lock of a hostile host over TCP and returns all bytes that arrive.
func heard(t *testing.T, layout, name string) []byte {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	got := make(chan []byte, 1)
	go func() {
		c, err := ln.Accept()
		if err != nil {
			close(got)
			return
		}
		b, _ := io.ReadAll(c)
		_ = c.Close()
		got <- b
	}()
	s, err := Spec{Name: "log", Type: TypeSyslog, URL: "tcp://" + ln.Addr().String(), Layout: layout, AllowPrivate: true}.
		Open(Host{"console", "1.4", 42}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	turn := &Turn{Action: TurnLock, Host: name, User: name, At: time.UnixMilli(1591212505805)}
	m := Message{ID: "evt_1_a", Kind: KindEvent, Time: turn.At, Turn: turn}
	if n, err := s.Deliver(t.Context(), []Message{m, m}); n != 2 || err != nil {
		t.Fatalf("Deliver = %d, %v", n, err)
	}
	return <-got
}

// framed counts the messages that a parser finds in a stream of octet-counted frames.
func framed(stream string) (good, bad int) {
	p := octetcounting.NewParser(parser.WithListener(func(r *parser.Result) {
		if r.Error == nil {
			good++
		} else {
			bad++
		}
	}))
	p.Parse(strings.NewReader(stream))
	return good, bad
}

// Nothing that a host is called can split a frame or begin another one, in any layout: an independent parser finds the two messages that were
// sent, and a collector that takes newlines for ends finds none that begins with a forged priority. The control is a sender that ends its
// lines with newlines and does not escape them.
func TestSC39_NobodyForgesALine(t *testing.T) {
	for _, layout := range []string{"", LayoutCEF, LayoutStandard, LayoutJSON} {
		for _, name := range forgers() {
			stream := string(heard(t, layout, name))
			if good, bad := framed(stream); good != 2 || bad != 0 {
				t.Errorf("%q, %q: %d messages and %d errors instead of 2: %q", layout, name, good, bad, stream)
			}
			if i := strings.IndexFunc(stream, func(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 }); i >= 0 {
				t.Errorf("%q, %q: a control character at %d: %q", layout, name, i, stream)
			}
		}
	}
	line := "<34>1 2026-01-01T00:00:00Z x cordon - - - " + forgers()[0]
	if good, _ := framed(fmt.Sprintf("%d %s", strings.Index(line, "\n"), line)); good != 1 {
		t.Fatalf("the control holds %d messages for a counting parser", good)
	}
	lines := 0
	nontransparent.NewParser(parser.WithListener(func(*parser.Result) { lines++ })).Parse(strings.NewReader(line + "\n"))
	if lines < 2 {
		t.Error("the control is not noticed: an unescaped newline must begin a line of its own")
	}
}
