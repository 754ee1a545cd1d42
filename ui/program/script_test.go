package program

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.etcd.io/bbolt"

	"cordon/client/sim"
	"cordon/store"
	"cordon/store/soc"
	"cordon/ui/cli"
)

// asCordon in the environment makes the test binary behave as the program: for processes that the program starts of itself.
const asCordon = "CORDON_TEST_RUN"

func TestMain(m *testing.M) {
	if os.Getenv(asCordon) != "" {
		os.Exit(Run("0.1.0-dev", os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	if err := os.Setenv(asCordon, "1"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// TestScript runs testdata/script: the command line as people and scripts see it. Besides the usual commands there are
//
//	exits CODE cordon …    run and want this exit code
//	tenant                 serve a simulated tenant; $API $TENANT $APP $SECRET $CA and tenant.json tell how to reach it
//	poll                   let the background client fetch the alerts
//	isolate [pending]      let it also isolate the host of an alert, with an hour on its clock, or only order that; $HOST is its name
//	tamper SEQ             change a record of the audit history behind the program's back
//	newsecret TEXT         change the tenant's secret
//	await FILE             wait until a file is there
func TestScript(t *testing.T) {
	t.Parallel()
	bin := t.TempDir()
	// Without the race detector, under which every start of the program takes half a second. The end-to-end tests run it with the detector.
	if out, err := exec.Command("go", "build", "-o", filepath.Join(bin, "cordon"), "cordon").CombinedOutput(); err != nil {
		t.Fatalf("building cordon: %v\n%s", err, out)
	}
	testscript.Run(t, testscript.Params{
		Dir: "../../testdata/script", RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Values[tenantKey{}] = quickTenant()
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("PATH", bin+string(os.PathListSeparator)+e.Getenv("PATH"))
			e.Setenv("TERM", "xterm-256color")
			e.Setenv("DATA", dataOf(e.WorkDir))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "tenant": serveTenant, "poll": pollOnce, "isolate": isolateOne, "tamper": tamper, "await": await,
			"newsecret": newSecret, "scramble": scramble, "attachprinted": attachPrinted, "firstid": firstID,
		},
	})
}

func dataOf(home string) string { return filepath.Join(home, ".local", "state", "cordon") }

func exits(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND")
	}
	err, got := ts.Exec(args[1], args[2:]...), 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if fmt.Sprint(got) != args[0] {
		ts.Fatalf("exit code = %d, want %s", got, args[0])
	}
}

func quickTenant() *sim.Tenant {
	now := sim.Delay{}
	return sim.New(sim.Options{EventEvery: -1, Delays: map[string]sim.Delay{"Isolate": now, "Unisolate": now}})
}

// tenantKey finds the simulated tenant of a script.
type tenantKey struct{}

func tenantOf(ts *testscript.TestScript) *sim.Tenant { return ts.Value(tenantKey{}).(*sim.Tenant) }

func newSecret(ts *testscript.TestScript, _ bool, args []string) { tenantOf(ts).SetSecret(args[0]) }

func serveTenant(ts *testscript.TestScript, _ bool, _ []string) {
	ctx, stop := context.WithCancel(context.Background())
	s, err := sim.Serve(ctx, "127.0.0.1:0", tenantOf(ts))
	ts.Check(err)
	ts.Defer(func() { stop(); s.Close() })
	c, ca := s.Connection(), ts.MkAbs("ca.pem")
	ts.Check(errors.Join(c.WriteFile(ts.MkAbs("tenant.json")), os.WriteFile(ca, s.CAPEM, 0o600)))
	for k, v := range map[string]string{"API": c.API, "TENANT": c.TenantID, "APP": c.AppID, "SECRET": c.Secret, "CA": ca} {
		ts.Setenv(k, v)
	}
	ts.Check(os.WriteFile(ts.MkAbs("secret"), []byte(c.AppID+"/"+c.Secret+"\n"), 0o600))
}

// background works with the client that a console or daemon runs, on the folder of the script.
func background(ts *testscript.TestScript, fn func(ctx context.Context, p *parts) error) {
	home := ts.Getenv("WORK")
	empty := filepath.Join(home, "no-config.yaml")
	ts.Check(os.WriteFile(empty, nil, 0o600))
	p, err := version("0.1.0-dev").open(cli.Options{Config: empty, Flags: map[string]string{"data": dataOf(home)}}, store.Options{})
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ts.Check(p.work(ctx, func(ctx context.Context) error { return fn(ctx, p) }))
}

func pollOnce(ts *testscript.TestScript, _ bool, _ []string) {
	background(ts, func(ctx context.Context, p *parts) error {
		key, err := p.someHost(ctx)
		if err != nil {
			return err
		}
		h, err := p.store.Host(ctx, key)
		ts.Setenv("HOST", h.Name)
		return err
	})
}

func isolateOne(ts *testscript.TestScript, _ bool, args []string) {
	background(ts, func(ctx context.Context, p *parts) error {
		l, err := p.isolateSome(ctx, time.Hour)
		ts.Setenv("HOST", l.HostName)
		if err != nil || slices.Contains(args, "pending") {
			return err
		}
		_, err = p.isolated(ctx, l.ID)
		return err
	})
}

// someHost waits for alerts and returns the host of the newest, once all is known about it.
func (p *parts) someHost(ctx context.Context) (key soc.HostKey, err error) {
	err = p.until(ctx, func() (bool, error) {
		page, err := p.store.Alerts(ctx, soc.Query{Now: time.Now(), Count: 1, Sort: []soc.SortKey{{Field: "time", Desc: true}}})
		if err != nil || len(page.Rows) == 0 {
			return false, err
		}
		key = soc.HostKey{Integration: page.Rows[0].Key.Integration, MachineID: page.Rows[0].MachineID}
		p.engine.Tenants.WantHost(key, false)
		return true, nil
	})
	if err != nil {
		return key, err
	}
	return key, p.until(ctx, func() (bool, error) {
		_, _, err := p.store.Actions(ctx, key)
		_, herr := p.store.Host(ctx, key)
		ps, perr := p.store.PollState(ctx, key.Integration)
		return errors.Join(err, herr, perr) == nil && ps.FirstDone && !ps.LastOK.IsZero(), nil
	})
}

func (p *parts) isolateSome(ctx context.Context, period time.Duration) (soc.Lockdown, error) {
	key, err := p.someHost(ctx)
	if err != nil {
		return soc.Lockdown{}, err
	}
	return p.engine.Lockdowns.Isolate(ctx, session(p.cfg, "tty"), soc.IsolateRequest{
		Host: key, Period: period, Reason: "seen in a test", SeenAt: time.Now(),
	})
}

// isolated waits until Defender has confirmed a lockdown.
func (p *parts) isolated(ctx context.Context, id soc.LockdownID) (l soc.Lockdown, err error) {
	err = p.until(ctx, func() (bool, error) {
		l, err = p.store.Lockdown(ctx, id)
		return l.Phase == soc.PhaseIsolated, err
	})
	return l, err
}

// until asks after every change of the store.
func (p *parts) until(ctx context.Context, ok func() (bool, error)) error {
	w := p.store.Watch()
	defer w.Close()
	for {
		if done, err := ok(); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.C():
			w.Take()
		}
	}
}

func tamper(ts *testscript.TestScript, _ bool, args []string) {
	seq, err := strconv.ParseUint(args[0], 10, 64)
	ts.Check(err)
	db, err := bbolt.Open(filepath.Join(dataOf(ts.Getenv("WORK")), "cordon.db"), 0o600, &bbolt.Options{Timeout: time.Second})
	ts.Check(err)
	ts.Check(errors.Join(db.Update(func(tx *bbolt.Tx) error {
		key := binary.BigEndian.AppendUint64(nil, seq)
		b := tx.Bucket([]byte("audit"))
		v := bytes.Clone(b.Get(key))
		v[len(v)/2] ^= 1
		return b.Put(key, v)
	}), db.Close()))
}

func await(ts *testscript.TestScript, _ bool, args []string) {
	tick, late := time.NewTicker(20*time.Millisecond), time.After(20*time.Second)
	defer tick.Stop()
	for {
		if b, err := os.ReadFile(ts.MkAbs(args[0])); err == nil && len(b) > 0 {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			ts.Fatalf("%s did not appear", args[0])
		}
	}
}

// scramble copies a file with random bytes, always the same ones, after its first two pages.
func scramble(ts *testscript.TestScript, _ bool, args []string) {
	b := []byte(ts.ReadFile(args[0]))
	dice := rand.New(rand.NewPCG(1, 2))
	for i := 2 * os.Getpagesize(); i < len(b); i++ {
		b[i] = byte(dice.Uint32())
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b, 0o600))
}

// attachPrinted does what the sentence of `cordon simulate` tells a person to type.
func attachPrinted(ts *testscript.TestScript, _ bool, args []string) {
	file := ts.MkAbs(args[0])
	c, err := sim.ReadConnection(file)
	ts.Check(err)
	var told strings.Builder
	c.Describe(&told, file+".ca.pem")
	_, command, ok := strings.Cut(told.String(), "attach it in another terminal:")
	if !ok {
		ts.Fatalf("no command in %q", told.String())
	}
	ts.Check(ts.Exec("sh", "-c", command))
}

// firstID puts the id of the first alert of the last --json listing into $ID.
func firstID(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(ts.Exec("cordon", "alerts", "list", "--json", "--limit", "1"))
	var doc struct{ Alerts []struct{ ID string } }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &doc))
	ts.Setenv("ID", doc.Alerts[0].ID)
}
