package receive

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Line is one syslog message as it arrived, without its framing.
type Line struct {
	At        time.Time
	Transport string // udp, tcp or tls
	Framing   string // datagram, octets (RFC 6587 3.4.1) or newline (3.4.2)
	From      string // address of the sender
	Text      string
}

// SyslogOptions describe a collector. UDP and TCP share the address; TLS, when
// there is a certificate, has an address of its own.
type SyslogOptions struct {
	TLS     *tls.Config
	TLSAddr string            // where TLS listens; empty means any port of the same host
	Tell    func(line string) // gets one line for each message
}

// SyslogFault is what goes wrong with the next stream connection: it is cut
// after some messages, or nothing is read from it.
type SyslogFault struct {
	Transport string // tcp or tls; empty means either
	Times     int    // connections that it meets: 0 means one, negative all
	CutAfter  int    // messages that are taken before the cut; 0 cuts at once
	Hang      bool   // accepts and reads nothing
}

// Syslog is a collector. Close ends it.
type Syslog struct {
	Inbox[Line]
	UDP, TCP, TLS string // addresses; TLS is empty without a certificate

	faults    queue[SyslogFault]
	packets   net.PacketConn
	listeners []net.Listener
	done      chan struct{}
	once      sync.Once
	running   sync.WaitGroup
	mu        sync.Mutex
	conns     map[net.Conn]bool
}

// maxLine is the longest message that is taken.
const maxLine = 256 << 10

// NewSyslog listens on a loopback address for UDP and TCP, and for TLS when
// there is a certificate, until ctx ends or Close is called.
func NewSyslog(ctx context.Context, addr string, opt SyslogOptions) (*Syslog, error) {
	s := &Syslog{done: make(chan struct{}), conns: map[net.Conn]bool{}}
	s.tell = opt.Tell
	if err := s.open(ctx, addr, opt); err != nil {
		s.Close()
		return nil, err
	}
	s.running.Add(1)
	go s.readPackets()
	for i, ln := range s.listeners {
		s.running.Add(1)
		go s.accept(ln, []string{"tcp", "tls"}[i])
	}
	context.AfterFunc(ctx, s.Close)
	return s, nil
}

// open takes the addresses. With port 0 the kernel picks one for TCP that may
// be taken for UDP, so a few are tried.
func (s *Syslog) open(ctx context.Context, addr string, opt SyslogOptions) error {
	var failed error
	for range 5 {
		ln, err := listen(ctx, addr)
		if err != nil {
			return err
		}
		packets, err := new(net.ListenConfig).ListenPacket(ctx, "udp", ln.Addr().String())
		if err != nil {
			failed = errors.Join(err, ln.Close())
			continue
		}
		s.listeners, s.packets = append(s.listeners, ln), packets
		s.TCP, s.UDP, failed = ln.Addr().String(), packets.LocalAddr().String(), nil
		break
	}
	if failed != nil || opt.TLS == nil {
		return failed
	}
	host, _, err := net.SplitHostPort(s.TCP)
	if err != nil {
		return fmt.Errorf("reading the address of a receiver: %w", err)
	}
	if opt.TLSAddr == "" {
		opt.TLSAddr = net.JoinHostPort(host, "0")
	}
	ln, err := listen(ctx, opt.TLSAddr)
	if err != nil {
		return err
	}
	s.TLS, s.listeners = ln.Addr().String(), append(s.listeners, tls.NewListener(ln, opt.TLS))
	return nil
}

// Fault arms a fault.
func (s *Syslog) Fault(f SyslogFault) { s.faults.arm(f, f.Times) }

// ClearFaults takes all armed faults away.
func (s *Syslog) ClearFaults() { s.faults.clear() }

// CutAll ends all stream connections of the moment, as a restart of the
// collector does.
func (s *Syslog) CutAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.Close()
	}
}

// Close ends the collector and waits for it. From then on connections are
// refused; the messages stay. It may be called twice.
func (s *Syslog) Close() {
	s.once.Do(func() {
		close(s.done)
		if s.packets != nil {
			_ = s.packets.Close()
		}
		for _, ln := range s.listeners {
			_ = ln.Close()
		}
		s.CutAll()
	})
	s.running.Wait()
}

func (s *Syslog) readPackets() {
	defer s.running.Done()
	buf := make([]byte, 64<<10)
	for {
		n, from, err := s.packets.ReadFrom(buf)
		if err != nil {
			return // closed
		}
		s.take(Line{Transport: "udp", Framing: "datagram", From: from.String(), Text: string(buf[:n])})
	}
}

func (s *Syslog) take(l Line) {
	l.At = time.Now()
	s.add(l, fmt.Sprintf("syslog (%s, %s) %s", l.Transport, l.Framing, l.Text))
}

func (s *Syslog) accept(ln net.Listener, transport string) {
	defer s.running.Done()
	for {
		conn, err := ln.Accept()
		if err != nil {
			return // closed
		}
		s.mu.Lock()
		s.conns[conn] = true
		s.mu.Unlock()
		s.running.Add(1)
		go s.readStream(conn, transport)
	}
}

// readStream takes the messages of one connection.
func (s *Syslog) readStream(conn net.Conn, transport string) {
	defer s.running.Done()
	defer func() {
		_ = conn.Close()
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
	}()
	select {
	case <-s.done:
		return // accepted while closing
	default:
	}
	f, faulty := s.faults.take(func(f SyslogFault) bool { return f.Transport == "" || f.Transport == transport })
	if faulty && f.Hang {
		<-s.done
		return
	}
	r := bufio.NewReaderSize(conn, 64<<10)
	for n := 0; !faulty || n < f.CutAfter; n++ {
		text, framing, err := readFrame(r)
		if err != nil {
			return
		}
		s.take(Line{Transport: transport, Framing: framing, From: conn.RemoteAddr().String(), Text: text})
	}
}

var errFrame = errors.New("the frame of a syslog message is not valid")

// readFrame reads one message in whichever framing it has: a digit begins a
// length, anything else a line.
func readFrame(r *bufio.Reader) (text, framing string, err error) {
	first, err := r.Peek(1)
	if err != nil {
		return "", "", err
	}
	if first[0] < '1' || first[0] > '9' {
		text, err = r.ReadString('\n')
		if len(text) > maxLine {
			return "", "", errFrame
		}
		if errors.Is(err, io.EOF) && text != "" {
			err = nil // the last line of a connection may lack its end
		}
		return strings.TrimSuffix(text, "\n"), "newline", err
	}
	digits, err := r.ReadString(' ')
	if err != nil {
		return "", "", err
	}
	size, err := strconv.Atoi(strings.TrimSuffix(digits, " "))
	if err != nil || size > maxLine {
		return "", "", errFrame
	}
	body := make([]byte, size)
	_, err = io.ReadFull(r, body)
	return string(body), "octets", err
}
