package program

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"cordon/client/connect"
	"cordon/client/lockdown"
	"cordon/config"
	"cordon/store/soc"
	"cordon/ui/httpapi"
	"cordon/ui/httpapi/meter"
)

// web is the HTTP interface of a server. It runs beside the timers, supervised like them: what goes wrong with it never ends the process.
type web struct {
	cfg   config.Config
	log   *slog.Logger
	parts *parts            // set before run
	first *httpapi.Listener // opened before the store, so that a person who starts a server is told at once what is wrong
	url   string            // of first
	from  time.Time
}

// newWeb opens the address, or returns nil when there is none to open. A background process has nobody to tell, and its timers must not
// wait for an address: it tries later, and again.
func newWeb(ctx context.Context, cfg config.Config, background bool) (*web, error) {
	if cfg.HTTP == "" {
		return nil, nil
	}
	w := &web{cfg: cfg, from: time.Now()}
	if background {
		return w, nil
	}
	var err error
	if w.first, err = w.listen(ctx); err != nil {
		return nil, err
	}
	w.url = w.first.URL()
	return w, nil
}

func (w *web) listen(ctx context.Context) (*httpapi.Listener, error) {
	o := w.cfg.HTTPOptions
	return httpapi.Listen(ctx, httpapi.Address{Listen: w.cfg.HTTP, AllowRemote: o.AllowRemote, Cert: o.Cert, Key: o.Key, ClientCA: o.ClientCA})
}

// join makes the interface one of the loops of the background client. Without an interface it does nothing.
func (w *web) join(p *connect.Parts) {
	if w != nil {
		w.log = p.Log
		p.Loops = append(p.Loops, connect.Loop{Name: "http", Run: w.run})
	}
}

// serves says what the interface is about.
func (w *web) serves(p *parts) {
	if w != nil {
		w.parts = p
	}
}

// tell says where the interface is.
func (w *web) tell(out io.Writer) {
	if w != nil && w.url != "" {
		fmt.Fprintf(out, "HTTP interface on %s\n", w.url)
	}
}

// close gives the address back when nothing was started.
func (w *web) close() {
	if w != nil && w.first != nil {
		_ = w.first.Close()
	}
}

func (w *web) run(ctx context.Context) error {
	l := w.first
	if w.first = nil; l == nil {
		var err error
		if l, err = w.listen(ctx); err != nil {
			return err
		}
	}
	p := w.parts
	m, err := meter.New(ctx, meter.Options{
		Store: p.store, Conns: p.engine.Tenants.Conns, Sinks: letters{p}.measured, Troubles: p.troubles, Version: string(p.version), Log: w.log,
	})
	if err != nil {
		_ = l.Close()
		return err
	}
	o := w.cfg.HTTPOptions
	return httpapi.New(httpapi.Options{
		Store: p.store, Intake: p.reports, Ready: w.ready, Metrics: m, OpenMetrics: o.OpenMetrics && !l.Remote, Hosts: strings.Split(o.Hosts, ","),
		Remote: l.Remote, ReadOnly: w.cfg.ReadOnly, Observe: m.Observe, Log: w.log,
	}).Serve(ctx, l)
}

// measured is how far each sink and channel got, for the metrics. One that is switched off is not down.
func (l letters) measured(ctx context.Context) ([]meter.Sink, error) {
	list, err := l.sinks(ctx)
	if err != nil {
		return nil, err
	}
	var out []meter.Sink
	for _, s := range list {
		out = append(out, meter.Sink{Name: s.Name, Lag: s.Backlog, Dead: s.State.GivenUp, Up: s.Off || s.State.Since.IsZero()})
	}
	return out, nil
}

// ready lists the conditions under which this process does what it is there for.
func (w *web) ready(ctx context.Context) []httpapi.Check {
	mark, now := lockdown.ReadMark(alive(w.cfg)), time.Now()
	age, known := mark.Age(lockdown.SystemClocks())
	known = known && mark.PID == os.Getpid()
	return []httpapi.Check{
		check("store", storeWell(w.parts)),
		check("sealed", sealedWell(w.parts)),
		check("timers", timersWell(age, known, now.Sub(w.from))),
		check("tenants", tenantsWell(w.parts.engine.Tenants.Conns(ctx), now)),
	}
}

func check(name, wrong string) httpapi.Check {
	return httpapi.Check{Name: name, OK: wrong == "", Reason: wrong}
}

// storeWell says why the store does not keep what it is given, "" when it does.
func storeWell(p *parts) string {
	if err := p.store.LostErr(); err != nil {
		return err.Error()
	}
	for _, t := range p.store.Troubles() {
		if t.Level == soc.LevelBad {
			return t.What
		}
	}
	if err := p.store.CanIsolate(); err != nil {
		return err.Error()
	}
	return ""
}

// sealedWell says why nothing can be released, "" when the credentials are open.
func sealedWell(p *parts) string {
	if err := p.ring.Locked(); err != nil {
		return err.Error()
	}
	return ""
}

// timersWell judges the sign of life of the loop that releases. It is left within seconds of a start.
func timersWell(age time.Duration, known bool, up time.Duration) string {
	switch {
	case known && age < lockdown.MarkStale:
		return ""
	case up < lockdown.MarkStale:
		return "the timers have just been started"
	case !known:
		return "the timers have left no sign of life"
	}
	return "the last sign of life of the timers is " + age.Round(time.Second).String() + " old"
}

// Times after which a tenant that does not answer makes a server not ready: three polls, but one lost answer of a quick poll is no reason.
const stalePolls, staleLeast = 3, 2 * time.Minute

// tenantsWell names the tenants of which nothing fresh is known.
func tenantsWell(conns []soc.Conn, now time.Time) string {
	var wrong []string
	for _, c := range conns {
		if c.LastOK.IsZero() || now.Sub(c.LastOK) > max(stalePolls*c.Interval, staleLeast) {
			why := c.Problem
			if why == "" {
				why = c.State
			}
			wrong = append(wrong, c.Integration.Name+": "+why)
		}
	}
	return strings.Join(wrong, "; ")
}
