package connect

import (
	"context"
	"fmt"
	"time"

	"cordon/client"
	"cordon/client/lockdown"
	"cordon/client/poll"
	"cordon/store/soc"
)

// Remote carries orders to one tenant.
type Remote = lockdown.Remote

// Wiring are the parts that every connection to Defender shares.
type Wiring struct {
	Store   poll.Store
	Version string
	Now     func() time.Time
	// Limits is the registry of call budgets; one per process.
	Limits *client.Limits
	OnCall func(client.Call)
	// Heard is told what a tenant's answers say about the time, see client.Config.OnDate; nil is allowed.
	Heard func(tenant string, date time.Time, took time.Duration)
	// Changed is called whenever a condition may have changed; it must not block.
	Changed func()
	// Tune may change the rhythm of the pollers, for demonstrations and tests.
	Tune func(*poll.Options)
}

// Defender returns the Dial of the real client and the real poller.
func Defender(w Wiring) Dial {
	if w.Limits == nil {
		w.Limits = client.NewLimits(client.DefaultQuota())
	}
	return func(in soc.Integration, secret func(context.Context) (string, error)) (Link, error) {
		o := client.Config{Integration: in, Secret: secret, Version: w.Version, Now: w.Now, Limits: w.Limits, OnCall: w.OnCall}
		if w.Heard != nil {
			o.OnDate = func(date time.Time, took time.Duration) { w.Heard(string(in.ID), date, took) }
		}
		c, err := client.New(o)
		if err != nil {
			return Link{}, err
		}
		p := poll.Options{Integration: in, API: c, Store: w.Store, Now: w.Now, Changed: w.Changed}
		if w.Tune != nil {
			w.Tune(&p)
		}
		return Link{API: c, Remote: c, Poller: poll.New(p)}, nil
	}
}

// Budget says how many calls of the tenant's application are used; "" when that is unknown.
func (s *Service) Budget(id soc.IntegrationID) string {
	l, err := s.line(id)
	if err != nil {
		return ""
	}
	c := l.link.Poller.Status()
	if c.MinuteLimit == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d calls this minute, %d of %d this hour", c.MinuteUsed, c.MinuteLimit, c.HourUsed, c.HourLimit)
}
