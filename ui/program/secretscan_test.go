package program

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"cordon/client/connect"
	"cordon/client/sim"
	"cordon/client/sim/receive"
	"cordon/config/secret"
	"cordon/store/soc"
	"cordon/ui/cli"
)

// scanner looks for secrets, in every form in which they might be written down by accident.
type scanner struct {
	forms map[string][]byte // what it is and how it is written → the bytes
	found []string
	read  int
}

func newScanner(secrets map[string]string) *scanner {
	s := &scanner{forms: map[string][]byte{}}
	for name, value := range secrets {
		quoted, _ := json.Marshal(value)
		wide := new(bytes.Buffer)
		for _, u := range utf16.Encode([]rune(value)) {
			wide.Write([]byte{byte(u), byte(u >> 8)})
		}
		for how, text := range map[string]string{
			"plain": value, "JSON": string(quoted[1 : len(quoted)-1]), "URL query": url.QueryEscape(value), "URL path": url.PathEscape(value),
			"hex": hex.EncodeToString([]byte(value)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(value))), "UTF-16": wide.String(),
		} {
			s.forms[name+" as "+how] = []byte(text)
		}
		for off, lead := range []int{0, 2, 3} { // what stands before it in the same base64 text shifts it
			for how, enc := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
				text := enc.EncodeToString(append(make([]byte, off), value...))
				if (len(value)+off)%3 != 0 {
					text = text[:len(text)-1] // shared with what follows
				}
				s.forms[fmt.Sprint(name, " as ", how, "+", off)] = []byte(text[lead:])
			}
		}
	}
	return s
}

func (s *scanner) look(where string, text []byte) {
	s.read++
	for what, form := range s.forms {
		if bytes.Contains(text, form) {
			s.found = append(s.found, what+" in "+where)
		}
	}
}

// folder looks at every file, and at its mode.
func (s *scanner) folder(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		s.look(path, text)
		if info, ierr := d.Info(); ierr == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode().Perm())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// notes is a buffer that several goroutines may write to.
type notes struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (n *notes) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.buf.Write(p)
}

// since returns what was written after the first so many bytes.
func (n *notes) since(from int) []byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	return bytes.Clone(n.buf.Bytes()[from:])
}

func (n *notes) size() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.buf.Len()
}

// scanWorld is a cordon that was given every kind of secret that there is.
type scanWorld struct {
	*sealWorld
	dir     string
	said    notes // everything that was printed, and every error
	secrets map[string]string
}

// TestSC43_SC44_SC45_P10_D12_NoSecretIsWrittenAnywhere runs the real parts with secrets of every kind, lets sign-ins fail, tells receivers,
// changes the key, makes backups and exports, runs the server as a process of its own, and looks for the secrets in all that is left behind.
func TestSC43_SC44_SC45_P10_D12_NoSecretIsWrittenAnywhere(t *testing.T) {
	w := newScanWorld(t)
	w.useParts(t)
	w.useCommands(t)
	w.useProcess(t)
	s := newScanner(w.secrets)
	s.look("what was printed", w.said.since(0))
	s.folder(t, w.dir)
	if len(s.found) > 0 {
		t.Errorf("found:\n%s", strings.Join(s.found, "\n"))
	}
	t.Logf("%d secrets in %d forms, %d places, %d bytes printed", len(w.secrets), len(s.forms), s.read, w.said.size())
	if s.read < 6 || w.said.size() < 4000 || len(w.secrets) < 6 {
		t.Errorf("the scan saw too little: %d places, %d bytes printed, %d secrets", s.read, w.said.size(), len(w.secrets))
	}
	w.control(t)
}

// control plants each secret in each form, and wants it found there.
func (w *scanWorld) control(t *testing.T) {
	t.Helper()
	dir := filepath.Join(w.dir, "planted")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s, where := newScanner(w.secrets), map[string]string{}
	for what, form := range s.forms {
		where[what] = filepath.Join(dir, fmt.Sprint(len(where)))
		if err := os.WriteFile(where[what], append(append([]byte("before "), form...), " after"...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.folder(t, dir)
	for what, path := range where {
		if !slices.Contains(s.found, what+" in "+path) {
			t.Errorf("%s was planted and not found", what)
		}
	}
	for off := range 3 { // in the middle of a longer text that is encoded as a whole
		planted := base64.StdEncoding.EncodeToString([]byte("xyz"[:off] + w.secrets["token"] + " and more"))
		s.found = nil
		s.look("encoded", []byte(planted))
		if len(s.found) == 0 {
			t.Errorf("the token was not found at offset %d of a base64 text", off)
		}
	}
}

func newScanWorld(t *testing.T) *scanWorld {
	t.Helper()
	s, err := sim.Serve(t.Context(), "127.0.0.1:0", quickTenant())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	w := &scanWorld{dir: t.TempDir()}
	data := filepath.Join(w.dir, "data")
	w.sealWorld = &sealWorld{sim: s, o: cli.Options{Flags: map[string]string{"data": data, "log.level": "trace"}}}
	signing, err := receive.NewSecret()
	if err != nil {
		t.Fatal(err)
	}
	w.secrets = map[string]string{
		"app secret": s.Connection().Secret, "wrong app secret": "Wr0ng~Value/with+signs.8Q~", "mail password": "m4il \"pass\" wörd/+&", "signing secret": signing,
		"passphrase": "a passphrase that nobody guesses",
	}
	return w
}

// note keeps what a person would see of an outcome.
func (w *scanWorld) note(values ...any) {
	for _, v := range values {
		if err, ok := v.(error); ok {
			cli.Report(&w.said, err)
			for e := err; e != nil; e = errors.Unwrap(e) {
				fmt.Fprintf(&w.said, "%v %+v\n", e, e)
			}
			continue
		}
		text, _ := json.Marshal(v)
		fmt.Fprintf(&w.said, "%+v\n%s\n", v, text)
	}
}

// useParts attaches, with failures on the way, and lets every channel send.
func (w *scanWorld) useParts(t *testing.T) {
	t.Helper()
	hooks, err := receive.NewWebhook(t.Context(), "127.0.0.1:0", receive.WebhookOptions{Secrets: []string{w.secrets["signing secret"]}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(hooks.Close)
	mail, err := receive.NewMail(t.Context(), "127.0.0.1:0", receive.MailOptions{User: "cordon", Password: w.secrets["mail password"]})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(mail.Close)
	cfg, err := load(w.o)
	if err != nil {
		t.Fatal(err)
	}
	p := w.open(t, func(p *connect.Parts) { p.Tune = connect.Lively }, logTo(cfg, &w.said))
	by, tell := session(p.cfg, "tty"), func(s soc.Step) { w.note(s) }
	draft, good := w.draft()
	for _, wrong := range []string{w.secrets["wrong app secret"], good + "x"} {
		_, err := p.engine.Tenants.Save(t.Context(), by, draft, wrong, tell)
		if err == nil {
			t.Error("a wrong secret was taken")
		}
		w.note(err)
	}
	saved, err := p.engine.Tenants.Save(t.Context(), by, draft, good, tell)
	if err != nil {
		t.Fatal(err)
	}
	w.note(saved)
	key, err := os.ReadFile(p.ring.Path())
	if err != nil {
		t.Fatal(err)
	}
	w.secrets["first key"] = strings.TrimSpace(string(key[bytes.Index(key, []byte("AGE-SECRET")):]))
	w.channels(t, p, saved.ID, hooks.URL, mail.Addr)
	err = p.work(t.Context(), func(ctx context.Context) error {
		_, err := p.engine.Tenants.Save(ctx, by, saved, w.secrets["wrong app secret"], tell)
		w.note(err, p.troubles(), p.engine.Tenants.Conns(ctx))
		got, err := hooks.Wait(ctx, 2) // the test, and something of the history
		for _, h := range got {
			if h.Problem != "" {
				t.Errorf("the receiver: %s", h.Problem)
			}
		}
		w.note(got)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	w.note(mail.All())
}

// channels makes one of each kind that has a secret, and lets it send.
func (w *scanWorld) channels(t *testing.T, p *parts, tenant soc.IntegrationID, hook, mail string) {
	t.Helper()
	by, tell := session(p.cfg, "tty"), func(s soc.Step) { w.note(s) }
	for draft, phrase := range map[*soc.Channel]string{
		{Type: soc.ChannelWebhook, Name: "Hook", Enabled: true, Out: soc.Outlet{URL: hook, Plain: true, AllowPrivate: true}}: w.secrets["signing secret"],
		{Type: soc.ChannelMail, Name: "Mail", Enabled: true, Out: soc.Outlet{
			URL: "smtp://" + mail, Plain: true, AllowPrivate: true, From: "c@x.test", To: []string{"soc@x.test"}, User: "cordon", HostAlerts: true,
		}}: w.secrets["mail password"],
		{Type: soc.ChannelThreats, Name: "Phones", Enabled: true, Tenant: tenant, AtLeast: soc.ThreatLow}: "",
	} {
		ch, err := p.channels.SaveChannel(t.Context(), by, *draft, phrase)
		if err != nil {
			t.Fatal(err)
		}
		steps, err := p.channels.TestChannel(t.Context(), by, ch, "", tell)
		w.note(ch, steps, err)
		if ch.Type == soc.ChannelThreats {
			token, value, err := p.channels.AddToken(t.Context(), by, soc.Token{Name: "phones", Scopes: []string{soc.ScopeThreats}, Channel: ch.ID})
			if err != nil {
				t.Fatal(err)
			}
			w.secrets["token"] = value
			w.note(token)
		}
	}
}

// useCommands runs commands in this process, under the passphrase.
func (w *scanWorld) useCommands(t *testing.T) {
	t.Helper()
	pass := filepath.Join(t.TempDir(), "pass") // outside of what is looked at
	if err := os.WriteFile(pass, []byte(w.secrets["passphrase"]+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	data := w.o.Flags["data"]
	w.run(t, w.secrets["passphrase"]+"\n", "key", "passphrase")
	if _, err := secret.OpenRing(data); err != nil {
		t.Fatal(err)
	}
	w.run(t, "", "config", "export")
	w.run(t, "", "config", "export", filepath.Join(w.dir, "export.yaml"))
	w.run(t, "", "config", "import", filepath.Join(w.dir, "export.yaml"), "--json")
	w.run(t, "", "config", "show")
	w.run(t, "", "backup", filepath.Join(w.dir, "backup.db"))
	w.run(t, "", "status", "--json")
	w.run(t, "", "partner", "list", "--json")
	w.run(t, "", "partner", "test") // sealed: it can not be tested
	w.run(t, "", "partner", "test", "--passphrase-file", pass)
	w.run(t, "", "notify", "list", "--json")
	w.run(t, "", "audit", "list", "--json")
	w.run(t, "", "audit", "export", "--format", "ndjson")
	w.run(t, "", "key", "show")
	w.run(t, "wrong\n", "key", "rotate", "--passphrase-file", pass)
	w.run(t, "", "doctor", "--json")
}

func (w *scanWorld) run(t *testing.T, in string, args ...string) {
	t.Helper()
	args = append(args, "--data", w.o.Flags["data"], "--log-level", "trace")
	n := w.said.size()
	code := Run("0.1.0-dev", args, strings.NewReader(in), &w.said, &w.said)
	fmt.Fprintf(&w.said, "exit %d of %s\n", code, args)
	if code != 0 && !(args[0] == "partner" && args[1] == "test") {
		t.Errorf("%s: exit %d: %s", args, code, w.said.since(n))
	}
}

// useProcess runs the server, with the passphrase through a pipe, sends it a threat report, and looks at what other users may see of it.
func (w *scanWorld) useProcess(t *testing.T) {
	t.Helper()
	r, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "serve", "--data", w.o.Flags["data"], "--log-level", "trace", "--http", "127.0.0.1:0",
		"--passphrase-file", "/dev/fd/3")
	cmd.ExtraFiles, cmd.WaitDelay = []*os.File{r}, time.Minute
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(pipe, w.secrets["passphrase"]+"\n")
	if err = errors.Join(err, pipe.Close(), r.Close()); err != nil {
		t.Fatal(err)
	}
	address := ""
	for lines := bufio.NewScanner(out); address == "" && lines.Scan(); {
		fmt.Fprintln(&w.said, lines.Text())
		if i := strings.Index(lines.Text(), "http://"); i >= 0 {
			address = strings.Fields(lines.Text()[i:])[0]
		}
	}
	if address == "" {
		t.Fatalf("the server did not start: %s", stderr.String())
	}
	for _, token := range []string{w.secrets["token"], w.secrets["token"] + "x"} {
		w.post(t, address+"/api/v1/threats", token)
	}
	w.proc(t, cmd.Process.Pid)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	w.said.Write(stderr.Bytes())
}

func (w *scanWorld) post(t *testing.T, to, token string) {
	t.Helper()
	body := `{"id":"1","level":"Critical","vendor":"v","title":"x","device":{"name":"phone"}}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	fmt.Fprintf(&w.said, "%s %v %s %v\n", res.Status, res.Header, text, err)
	if allowed := res.StatusCode < 300; allowed != (token == w.secrets["token"]) {
		t.Errorf("a report with a token of %d characters: %s %s", len(token), res.Status, text)
	}
}

// proc keeps what /proc shows of a process. Without core dumps nobody but root may read most of it.
func (w *scanWorld) proc(t *testing.T, pid int) {
	t.Helper()
	for _, name := range []string{"cmdline", "environ", "limits", "status"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
		if err != nil && !errors.Is(err, fs.ErrPermission) {
			t.Skipf("there is no /proc: %v", err)
		}
		w.said.Write(text)
		if name == "limits" && !strings.Contains(strings.Join(strings.Fields(string(text)), " "), "Max core file size 0 0") {
			t.Errorf("the process may dump core:\n%s", text)
		}
	}
}
