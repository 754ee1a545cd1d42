package program

import (
	"context"
	"errors"
	"time"

	"cordon/client"
	"cordon/client/connect"
	"cordon/client/report"
	"cordon/store/soc"
)

const reportsName = "reports"

// reportsOf makes the door for threat reports and indicators. The engine of p is asked late, because the loop of reports is a part of it.
func reportsOf(p *parts) *report.Service {
	return report.New(report.Options{
		Store: p.store, Check: client.CheckIndicator, Now: time.Now,
		Tenant: func(id soc.IntegrationID) (report.Tenant, error) { return p.engine.Tenants.Reporting(id) },
		Roles:  p.granted,
		Room:   func() error { return roomFor(p.store.CanIsolate()) },
	})
}

// roomFor lets through only what is wrong with the disk: from the level on at which no host is isolated any more, nothing is taken in either.
func roomFor(why error) error {
	for _, code := range []string{"disk-low", "disk-scarce"} {
		if errors.Is(why, &soc.Error{Kind: soc.KindRefused, Code: code}) {
			return why
		}
	}
	return nil
}

// granted are the permissions that the token of a tenant carries; known is false before one was seen.
func (p *parts) granted(ctx context.Context, id soc.IntegrationID) (roles []string, known bool) {
	r, err := p.engine.Tenants.Permissions(ctx, id)
	if err != nil || !r.Known {
		return nil, false
	}
	for _, have := range r.Permissions {
		if have.State == soc.PermissionGranted {
			roles = append(roles, have.Role)
		}
	}
	return roles, true
}

// reportsLoop tells Defender what waits, once the key of the credentials is there.
func reportsLoop(s *report.Service, opened <-chan struct{}) connect.Loop {
	return connect.Loop{Name: reportsName, Run: func(ctx context.Context) error {
		if opened != nil {
			select {
			case <-ctx.Done():
				return nil
			case <-opened:
			}
		}
		return s.Run(ctx)
	}}
}

// tally tells the list of channels how a way in is doing (M-14).
func (p *parts) tally(ctx context.Context, id soc.ChannelID) (last time.Time, waiting uint64, problem string, err error) {
	ch, err := p.store.Channel(ctx, id)
	if err != nil {
		return last, 0, "", err
	}
	t, err := report.Tally(ctx, p.store, ch)
	return t.LastSend, t.Waiting, t.Problem, err
}
