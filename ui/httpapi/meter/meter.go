// Package meter turns what cordon knows about itself into Prometheus metrics.
//
// It promises three things. A scrape reads memory and small indexes, never a whole bucket, and two scrapes at most run at once. What can not
// be read is missing from the answer and counted in cordon_scrape_errors_total; it is never a zero that looks like good news. And no label
// holds text from outside: tenants and sinks are named by their configured names, everything else is a word of ours.
//
// The figure to alert on is cordon_release_overdue_seconds: how late the latest release is that is still owed. The lateness of those that
// were sent is a histogram, fed from the history since this process started, so that each release counts once.
package meter

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"cordon/store/soc"
)

// Store is what is measured.
type Store interface {
	Alerts(ctx context.Context, q soc.Query) (soc.AlertPage, error)
	Lockdowns(ctx context.Context, q soc.LockdownQuery) ([]soc.Lockdown, error)
	Lockdown(ctx context.Context, id soc.LockdownID) (soc.Lockdown, error)
	Audit(ctx context.Context, q soc.AuditQuery) (soc.AuditPage, error)
	AuditAfter(ctx context.Context, seq uint64, limit int) ([]soc.AuditEntry, error)
}

// Sink is how far a receiver of notifications got.
type Sink struct {
	Name string
	Lag  uint64 // entries that wait
	Dead uint64 // messages that it refused for good
	Up   bool
}

// Options are the parts of a Meter. Store is required; what is nil is not measured.
type Options struct {
	Store    Store
	Conns    func(ctx context.Context) []soc.Conn
	Sinks    func(ctx context.Context) ([]Sink, error)
	Troubles func() []soc.Trouble
	Version  string
	Log      *slog.Logger // nil discards
	Now      func() time.Time
}

// Meter holds the metrics of one process. Make it with New.
type Meter struct {
	o        Options
	handler  http.Handler
	requests *prometheus.CounterVec
	latency  *prometheus.HistogramVec
}

const scrapeTime = 10 * time.Second

// New makes a Meter with a registry of its own. The error is that of reading where the history stands.
func New(ctx context.Context, o Options) (*Meter, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	late, err := newLateness(ctx, o.Store)
	if err != nil {
		return nil, fmt.Errorf("looking where the history stands: %w", err)
	}
	m := &Meter{
		o: o,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cordon_http_requests_total", Help: "Requests to the HTTP interface.",
		}, []string{"route", "method", "code"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "cordon_http_request_seconds", Help: "Time to answer a request.", Buckets: []float64{.001, .005, .025, .1, .5, 2.5, 10},
		}, []string{"route"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "cordon_build_info", Help: "Always 1; the version is in the label.", ConstLabels: prometheus.Labels{"version": o.Version},
	})
	build.Set(1)
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(
		newState(o, late), late.histogram, m.requests, m.latency, build, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	m.handler = promhttp.HandlerFor(reg, promhttp.HandlerOpts{
		ErrorLog: logger{o.Log}, ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 2, DisableCompression: true, Timeout: scrapeTime,
	})
	return m, nil
}

// ServeHTTP answers a scrape.
func (m *Meter) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.handler.ServeHTTP(w, r) }

// Observe counts an answer of the HTTP interface.
func (m *Meter) Observe(route, method string, code int, took time.Duration) {
	m.requests.WithLabelValues(route, method, strconv.Itoa(code)).Inc()
	m.latency.WithLabelValues(route).Observe(took.Seconds())
}

// logger takes what promhttp has to say.
type logger struct{ log *slog.Logger }

// Println logs the values.
func (l logger) Println(v ...any) { l.log.Warn("metrics", "message", soc.Clean(fmt.Sprint(v...))) }
