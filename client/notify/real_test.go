package notify

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	gosyslog "github.com/leodido/go-syslog/v4/rfc5424"

	"cordon/store/soc"
)

// The tests of this file deliver to the programs that sites really run: an rsyslog with TLS and an Exim with STARTTLS, both as Debian packs
// them. They start in a folder of the test and on ports that the kernel chooses. Where a program is missing the test says so and is skipped;
// the continuous integration installs them.

// nobody is the user of Debian who owns nothing.
const nobody = 65534

// program finds a program of a Debian package, also in the folders of administrators.
func program(t *testing.T, name, pkg string) string {
	t.Helper()
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/sbin") {
		if path := filepath.Join(dir, name); dir != "" {
			if st, err := os.Stat(path); err == nil && st.Mode()&0o111 != 0 {
				return path
			}
		}
	}
	t.Skipf("%s is not installed (Debian package %s): delivery to the real program was not tried", name, pkg)
	return ""
}

// identity writes a CA and a server certificate into dir.
func identity(t *testing.T, dir string) (caPEM string) {
	t.Helper()
	caPEM, conf := authority(t)
	key, err := x509.MarshalPKCS8PrivateKey(conf.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"ca.pem": []byte(caPEM), "cert.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: conf.Certificates[0].Certificate[0]}),
		"key.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return caPEM
}

// readUntil reads a file again and again until ok likes it or stop is closed; it returns what it read last.
func readUntil(path string, stop <-chan struct{}, ok func(text string) bool) string {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		b, _ := os.ReadFile(path)
		if ok(string(b)) {
			return string(b)
		}
		select {
		case <-stop:
			return string(b)
		case <-tick.C:
		}
	}
}

// rsyslog starts the daemon and returns its address and the file that it writes every line to. ended is closed when it ends.
func rsyslog(t *testing.T) (addr, file, caPEM string, ended <-chan struct{}) {
	t.Helper()
	bin := program(t, "rsyslogd", "rsyslog")
	if found, _ := filepath.Glob("/usr/lib/*/rsyslog/lmnsd_ossl.so"); len(found) == 0 {
		t.Skip("rsyslog has no TLS here (Debian package rsyslog-openssl): delivery to the real program was not tried")
	}
	dir := t.TempDir()
	caPEM = identity(t, dir)
	file = filepath.Join(dir, "lines")
	conf := fmt.Sprintf(`global(workDirectory="%[1]s" defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="%[1]s/ca.pem"
  defaultNetstreamDriverCertFile="%[1]s/cert.pem" defaultNetstreamDriverKeyFile="%[1]s/key.pem" maxMessageSize="64k")
module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="anon")
input(type="imtcp" address="127.0.0.1" port="0" listenPortFileName="%[1]s/port")
template(name="raw" type="string" string="%%rawmsg%%\n")
template(name="seen" type="string" string="%%app-name%%|%%msgid%%|%%hostname%%|%%structured-data%%|%%msg%%\n")
action(type="omfile" file="%[2]s" template="raw")
action(type="omfile" file="%[2]s.seen" template="seen")
`, dir, file)
	if err := os.WriteFile(filepath.Join(dir, "conf"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), bin, "-n", "-f", filepath.Join(dir, "conf"), "-i", filepath.Join(dir, "pid"))
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	go func() { defer close(over); _ = cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-over })
	port := readUntil(filepath.Join(dir, "port"), over, func(s string) bool { return s != "" })
	if port == "" {
		t.Fatalf("rsyslogd ended: %s", said.String())
	}
	return net.JoinHostPort("127.0.0.1", strings.TrimSpace(port)), file, caPEM, over
}

// Every layout arrives whole in a Debian rsyslog over TLS, and rsyslog and another parser understand header, structured data and text.
func TestV34_V39_RealRsyslogWithTLS(t *testing.T) {
	addr, file, ca, ended := rsyslog(t)
	var want []string
	for _, layout := range Layouts() {
		s := Spec{Name: "siem", Type: TypeSyslog, URL: "tls://" + addr, AllowPrivate: true, CAPEM: ca, Layout: layout}
		sink, err := s.Open(Host{"console", "1.4", 42}, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		msgs := []Message{
			told(t, samples()["lock"]), told(t, samples()["failure"]), told(t, samples()["external"]), told(t, samples()["unlock"]),
			told(t, soc.AuditEntry{Action: "channel-add", Result: soc.ResultOK, Target: "Büro \"a\" ]", Detail: strings.Repeat("long ", 1000)}),
		}
		for _, m := range msgs {
			want = append(want, sink.(*syslog).line(m))
		}
		if n, err := sink.Deliver(t.Context(), msgs); n != len(msgs) || err != nil {
			t.Fatalf("%s: %d, %v", layout, n, err)
		}
	}
	full := func(s string) bool { return strings.Count(s, "\n") >= len(want) }
	got := strings.Split(strings.TrimSpace(readUntil(file, ended, full)), "\n")
	if len(got) != len(want) {
		t.Fatalf("%d lines arrived, want %d", len(got), len(want))
	}
	for i, line := range got {
		if line != want[i] {
			t.Errorf("line %d:\n got %s\nwant %s", i, line, want[i])
		}
		if _, err := gosyslog.NewParser().Parse([]byte(line)); err != nil {
			t.Errorf("line %d is not readable: %v", i, err)
		}
	}
	seen := strings.Split(strings.TrimSpace(readUntil(file+".seen", ended, full)), "\n")
	for i, begin := range map[int]string{
		0: "cordon|lockdown|console|[event@32473 id=", 5: "cordon|LOCKDOWN|console|[host_lockdown@32473 category=\"HOST_LOCKDOWN\" hostName=\"ws-1\"",
		10: "cordon|lockdown|console|[event@32473 id=", 9: "cordon|event|console|-|",
	} {
		if !strings.HasPrefix(seen[i], begin) {
			t.Errorf("rsyslog understood line %d as %s", i, seen[i])
		}
	}
	other, _ := authority(t) // negative control: it is the certificate that lets it through
	s := Spec{Name: "siem", Type: TypeSyslog, URL: "tls://" + addr, AllowPrivate: true, CAPEM: other}
	if n, err := post(t, s, told(t, samples()["lock"])); n != 0 || err == nil {
		t.Errorf("with another CA: %d, %v", n, err)
	}
}

// eximConf is the configuration of a mail server for one domain: STARTTLS, sign-in only under TLS, one mailbox file. Its arguments are the
// folder, the user, the group and the mailbox.
const eximConf = `primary_hostname = localhost
spool_directory = %[1]s/spool
log_file_path = %[1]s/%%slog
tls_advertise_hosts = *
tls_certificate = %[1]s/cert.pem
tls_privatekey = %[1]s/key.pem
auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}
never_users =
deliver_drop_privilege = true
exim_user = %[2]d
exim_group = %[3]d
keep_environment =
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = rcpt
begin acl
rcpt:
  deny !authenticated = *
  deny recipients = nobody@contoso.test
  accept domains = contoso.test
begin routers
all:
  driver = accept
  transport = file
begin transports
file:
  driver = appendfile
  file = %[4]s
  user = %[2]d
  group = %[3]d
  envelope_to_add
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{eq{$auth2}{cordon}}{eq{$auth3}{canary-password}}}}
  server_set_id = $auth2
`

// exim serves mail from a real Exim: one process for each connection, as under inetd, so that the kernel chooses the port. It returns the
// address, the mailbox file, and what ends it: after that every mail that was taken is in the box.
func exim(t *testing.T) (addr, box, caPEM string, stop func()) {
	t.Helper()
	bin := program(t, "exim4", "exim4-daemon-light")
	dir, err := os.MkdirTemp("", "cordon-exim-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	caPEM = identity(t, dir)
	box = filepath.Join(dir, "mailbox")
	conf, as := eximFolder(t, dir, box)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			serveExim(ctx, bin, conf, as, c.(*net.TCPConn))
		}
	}()
	stop = func() { _ = ln.Close(); <-done }
	t.Cleanup(func() { cancel(); stop() })
	return ln.Addr().String(), box, caPEM, stop
}

// eximFolder writes the configuration into dir and gives dir to the user as whom Exim runs: it delivers nothing as root.
func eximFolder(t *testing.T, dir, box string) (conf string, as *syscall.SysProcAttr) {
	t.Helper()
	as = &syscall.SysProcAttr{}
	uid, gid := os.Getuid(), os.Getgid()
	if uid == 0 {
		uid, gid = nobody, nobody
		as.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	conf = filepath.Join(dir, "conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, eximConf, dir, uid, gid, box), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "conf", "ca.pem", "cert.pem", "key.pem"} {
		if err := os.Chown(filepath.Join(dir, name), uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	return conf, as
}

// serveExim gives a connection to an Exim that delivers in the foreground: when the client has its answer, the mail is in the box.
func serveExim(ctx context.Context, bin, conf string, as *syscall.SysProcAttr, c *net.TCPConn) {
	f, err := c.File()
	_ = c.Close()
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }()
	cmd := exec.CommandContext(ctx, bin, "-C", conf, "-bs", "-odf")
	cmd.Stdin, cmd.Stdout, cmd.SysProcAttr = f, f, as
	_ = cmd.Run()
}

// A lock, a release and a start failure arrive as mail in a Debian Exim, signed in over STARTTLS; a refused recipient does not keep the mail
// from the other one.
func TestV34_T17_RealEximWithSTARTTLS(t *testing.T) {
	addr, box, ca, stop := exim(t)
	s := Spec{
		Name: "soc-mail", Type: TypeMail, URL: "smtp://" + addr, AllowPrivate: true, CAPEM: ca, From: "cordon@contoso.test", User: "cordon",
		To: []string{"soc@contoso.test", "nobody@contoso.test"}, HostAlerts: true, StartFailures: true, Secret: func() (string, error) { return "canary-password", nil },
	}
	sink, err := s.Open(Host{"console", "1.4", 42}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	failure := soc.AuditEntry{Action: ActionStartFailed, Result: soc.ResultFailed, Target: "contoso", Detail: "the credentials were refused"}
	for i, e := range []soc.AuditEntry{samples()["lock"], samples()["unlock"], failure} {
		m := told(t, e)
		m.ID = fmt.Sprintf("evt_%d_ab", i)
		if n, err := sink.Deliver(t.Context(), []Message{m}); n != 1 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
	}
	if notice := sink.(*mailer).Notice(); !strings.Contains(notice, "nobody@contoso.test") {
		t.Errorf("notice %q", notice)
	}
	wrongKeys(t, s)
	stop()
	text, err := os.ReadFile(box)
	mails := strings.Split(string(text), "\nFrom cordon@contoso.test ")
	if err != nil || len(mails) != 3 {
		log, _ := os.ReadFile(filepath.Join(filepath.Dir(box), "mainlog"))
		t.Fatalf("%d mails arrived, %v; Exim says:\n%s", len(mails), err, log)
	}
	for i, want := range []string{"[cordon PROD] ws-1 is isolated", "[cordon PROD] ws-1 is released", "[cordon] contoso could not be started"} {
		_, text, _ := strings.Cut(mails[i], "\n")
		m, err := mail.ReadMessage(bufio.NewReader(strings.NewReader(text)))
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Header.Get("Subject"); got != want || m.Header.Get("Message-Id") != fmt.Sprintf("<evt_%d_ab@contoso.test>", i) ||
			m.Header.Get("Envelope-To") != "soc@contoso.test" || !strings.Contains(m.Header.Get("Received"), "esmtpsa") {
			t.Errorf("mail %d: %v", i, m.Header)
		}
	}
}

// wrongKeys are the negative controls of the mail server: it is the password and the certificate that let mail through.
func wrongKeys(t *testing.T, s Spec) {
	t.Helper()
	s.Secret = func() (string, error) { return "wrong", nil }
	if n, err := post(t, s, told(t, samples()["lock"])); n != 0 || err == nil || !strings.Contains(err.Error(), "535") {
		t.Errorf("with a wrong password: %d, %v", n, err)
	}
	s.CAPEM, s.Secret = "", func() (string, error) { return "canary-password", nil }
	if n, err := post(t, s, told(t, samples()["lock"])); n != 0 || err == nil {
		t.Errorf("with an unknown certificate: %d, %v", n, err)
	}
}
