package meter

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"cordon/store/soc"
)

// state measures when it is asked, so that no figure is older than the scrape.
type state struct {
	o      Options
	late   *lateness
	errors *prometheus.CounterVec
	desc   descs
}

type descs struct {
	pollLag, pollOK, budgetUsed, budgetLimit, alerts, unresolved, lockdowns, overdue, sinkLag, sinkDead, sinkUp, troubles *prometheus.Desc
}

func newState(o Options, late *lateness) *state {
	d := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("cordon_"+name, help, labels, nil)
	}
	return &state{o: o, late: late, errors: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "cordon_scrape_errors_total", Help: "Figures that could not be read and are missing.",
	}, []string{"part"}), desc: descs{
		pollLag:     d("poll_lag_seconds", "Since the last good answer of the tenant's alert list.", "tenant"),
		pollOK:      d("poll_ok", "1 when the tenant answers and what is known of it is fresh.", "tenant"),
		budgetUsed:  d("api_calls_used", "Calls to the tenant's API in the current window.", "tenant", "window"),
		budgetLimit: d("api_calls_limit", "Calls that the tenant's API allows in the window.", "tenant", "window"),
		alerts:      d("alerts", "Alerts in the store."),
		unresolved:  d("queue_alerts", "Alerts in the queue that are not resolved."),
		lockdowns:   d("lockdowns", "Open lockdowns.", "state"),
		overdue:     d("release_overdue_seconds", "How late the latest release is that is still owed; 0 when none is."),
		sinkLag:     d("notification_lag_entries", "Entries of the history that wait for the receiver.", "sink"),
		sinkDead:    d("notification_dead_letters_total", "Messages that the receiver refused for good.", "sink"),
		sinkUp:      d("notification_up", "1 while the receiver takes messages.", "sink"),
		troubles:    d("troubles", "What is wrong with the machinery now.", "level"),
	}}
}

// Describe is prometheus.Collector.
func (s *state) Describe(ch chan<- *prometheus.Desc) {
	d := s.desc
	for _, one := range []*prometheus.Desc{
		d.pollLag, d.pollOK, d.budgetUsed, d.budgetLimit, d.alerts, d.unresolved, d.lockdowns, d.overdue, d.sinkLag, d.sinkDead, d.sinkUp, d.troubles,
	} {
		ch <- one
	}
	s.errors.Describe(ch)
}

// Collect is prometheus.Collector.
func (s *state) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
	defer cancel()
	for name, part := range map[string]func(context.Context, sender) error{
		"tenants": s.tenants, "queue": s.queue, "lockdowns": s.lockdowns, "notifications": s.sinks, "troubles": s.troubles,
		"lateness": func(ctx context.Context, _ sender) error { return s.late.follow(ctx) },
	} {
		if err := contained(func() error { return part(ctx, sender{ch}) }); err != nil {
			s.errors.WithLabelValues(name).Inc()
			s.o.Log.Warn("measuring "+name, "error", soc.Clean(err.Error()))
		}
	}
	s.errors.Collect(ch)
}

// contained turns a panic into an error of that part. The library would drop all numbers of a collector that panics, those of the timers too.
func contained(part func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return part()
}

type sender struct{ ch chan<- prometheus.Metric }

func (s sender) gauge(d *prometheus.Desc, v float64, labels ...string) {
	s.ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func (s *state) tenants(ctx context.Context, out sender) error {
	if s.o.Conns == nil {
		return nil
	}
	for _, c := range s.o.Conns(ctx) {
		name := c.Integration.Name
		if !c.LastOK.IsZero() {
			out.gauge(s.desc.pollLag, max(s.o.Now().Sub(c.LastOK), 0).Seconds(), name)
		}
		out.gauge(s.desc.pollOK, number(c.State == "ok" || c.State == "disabled"), name)
		for window, n := range map[string][2]int{"minute": {c.MinuteUsed, c.MinuteLimit}, "hour": {c.HourUsed, c.HourLimit}} {
			out.gauge(s.desc.budgetUsed, float64(n[0]), name, window)
			out.gauge(s.desc.budgetLimit, float64(n[1]), name, window)
		}
	}
	return nil
}

func (s *state) queue(ctx context.Context, out sender) error {
	page, err := s.o.Store.Alerts(ctx, soc.Query{Filter: "status:open", Now: s.o.Now(), Count: 1})
	if err != nil {
		return err
	}
	out.gauge(s.desc.alerts, float64(page.Total))
	out.gauge(s.desc.unresolved, float64(page.Matched))
	return nil
}

func (s *state) lockdowns(ctx context.Context, out sender) error {
	open, err := s.o.Store.Lockdowns(ctx, soc.LockdownQuery{Open: true})
	if err != nil {
		return err
	}
	n := map[soc.Phase]int{}
	for _, l := range open {
		n[l.Phase]++
	}
	for _, p := range soc.Phases() {
		if !p.Final() {
			out.gauge(s.desc.lockdowns, float64(n[p]), string(p))
		}
	}
	out.gauge(s.desc.overdue, overdue(open, s.o.Now()).Seconds())
	return nil
}

func (s *state) sinks(ctx context.Context, out sender) error {
	if s.o.Sinks == nil {
		return nil
	}
	list, err := s.o.Sinks(ctx)
	if err != nil {
		return err
	}
	for _, one := range list {
		out.gauge(s.desc.sinkLag, float64(one.Lag), one.Name)
		out.gauge(s.desc.sinkUp, number(one.Up), one.Name)
		out.ch <- prometheus.MustNewConstMetric(s.desc.sinkDead, prometheus.CounterValue, float64(one.Dead), one.Name)
	}
	return nil
}

func (s *state) troubles(_ context.Context, out sender) error {
	if s.o.Troubles == nil {
		return nil
	}
	n := map[soc.Level]int{}
	for _, t := range s.o.Troubles() {
		n[t.Level]++
	}
	for level, word := range map[soc.Level]string{soc.LevelInfo: "info", soc.LevelWarn: "warning", soc.LevelBad: "bad"} {
		out.gauge(s.desc.troubles, float64(n[level]), word)
	}
	return nil
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
