package receive

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
)

func newSyslog(t *testing.T) *Syslog {
	t.Helper()
	s, err := NewSyslog(t.Context(), "127.0.0.1:0", SyslogOptions{TLS: authority().Server()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func write(t *testing.T, conn net.Conn, err error, text string) net.Conn {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestSyslog_AllTransportsAndFramings(t *testing.T) {
	t.Parallel()
	s := newSyslog(t)
	udp, err := net.Dial("udp", s.UDP)
	write(t, udp, err, "<13>1 datagram\nwith a break").Close()
	if _, err := s.Wait(soon(t), 1); err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Dial("tcp", s.TCP)
	write(t, tcp, err, "13 <13>1 a\nb ü\n<13>1 line\n<13>1 last").Close()
	if _, err := s.Wait(soon(t), 4); err != nil {
		t.Fatal(err)
	}
	secure, err := tls.Dial("tcp", s.TLS, authority().Client())
	write(t, secure, err, "8 <13>1 xy").Close()
	all, err := s.Wait(soon(t), 5)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []Line{
		{Transport: "udp", Framing: "datagram", Text: "<13>1 datagram\nwith a break"},
		{Transport: "tcp", Framing: "octets", Text: "<13>1 a\nb ü\n"},
		{Transport: "tcp", Framing: "newline", Text: "<13>1 line"},
		{Transport: "tcp", Framing: "newline", Text: "<13>1 last"},
		{Transport: "tls", Framing: "octets", Text: "<13>1 xy"},
	} {
		if g := all[i]; g.Transport != want.Transport || g.Framing != want.Framing || g.Text != want.Text {
			t.Errorf("message %d = %+v, want %+v", i, g, want)
		}
	}
}

func TestSyslog_Faults(t *testing.T) {
	t.Parallel()
	s := newSyslog(t)
	s.Fault(SyslogFault{CutAfter: 1})
	conn, err := net.Dial("tcp", s.TCP)
	write(t, conn, err, "<13>1 one\n<13>1 two\n")
	if _, err := io.ReadAll(conn); err == nil && s.Len() != 1 {
		t.Errorf("%d messages before the cut", s.Len())
	}
	if _, err := s.Wait(soon(t), 1); err != nil {
		t.Fatal(err)
	}
	s.Fault(SyslogFault{Transport: "tls", Hang: true}) // does not meet TCP
	again, err := net.Dial("tcp", s.TCP)
	write(t, again, err, "<13>1 three\n")
	if all, err := s.Wait(soon(t), 2); err != nil || all[1].Text != "<13>1 three" {
		t.Errorf("after the cut: %v, %v", all, err)
	}
	s.CutAll()
	if _, err := again.Read(make([]byte, 1)); err == nil {
		t.Error("the connection outlived the restart")
	}
	s.Close()
	if _, err := net.Dial("tcp", s.TCP); err == nil {
		t.Error("a closed collector accepts")
	}
}

func TestSyslog_BadFrames(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"99999999 x", "12x <13>", "5 <13"} {
		if _, _, err := readFrame(bufio.NewReader(strings.NewReader(text))); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	if _, _, err := readFrame(bufio.NewReader(strings.NewReader(""))); !errors.Is(err, io.EOF) {
		t.Errorf("nothing: %v", err)
	}
}
