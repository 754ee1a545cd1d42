package report

import (
	"context"
	"fmt"
	"time"

	"cordon/store/soc"
)

// Tallied is how a way in is doing.
type Tallied struct {
	LastSend time.Time // when Defender last took something that came in here (M-14)
	Waiting  uint64
	Problem  string // what keeps the oldest from being sent; empty if nothing does
}

// newest is in how many of the newest reports the last one that was sent is looked for.
const newest = 500

// Tally counts what came in through a channel.
func Tally(ctx context.Context, store Store, ch soc.Channel) (Tallied, error) {
	if ch.Type == soc.ChannelProbes {
		return tallyPushed(ctx, store, ch.ID)
	}
	var out Tallied
	list, err := store.Threats(ctx, soc.ThreatQuery{Channel: ch.ID, States: unsent(), Count: 1 << 30})
	if err != nil {
		return out, fmt.Errorf("counting the reports of %s: %w", ch.Name, err)
	}
	for _, t := range list {
		out.Waiting++
		if t.Reason != "" && t.Reason != following && t.State != soc.ThreatUnmatched { // an unknown device is no fault of the way
			out.Problem = t.Reason
		}
		out.sent(t.SentAt)
	}
	told := []soc.ThreatState{soc.ThreatSent, soc.ThreatResolved}
	if list, err = store.Threats(ctx, soc.ThreatQuery{Channel: ch.ID, States: told, Count: newest}); err != nil {
		return out, fmt.Errorf("looking for the last report of %s: %w", ch.Name, err)
	}
	for _, t := range list {
		out.sent(t.SentAt)
		out.sent(t.SyncedAt)
	}
	return out, nil
}

func tallyPushed(ctx context.Context, store Store, id soc.ChannelID) (out Tallied, err error) {
	list, err := store.Pushed(ctx)
	if err != nil {
		return out, fmt.Errorf("counting the indicators: %w", err)
	}
	for _, p := range list {
		if p.Channel != id {
			continue
		}
		out.sent(p.Submitted)
		if p.State == soc.PushedWaiting {
			out.Waiting++
			if p.Tries > 0 {
				out.Problem = p.Reason
			}
		}
	}
	return out, nil
}

func (t *Tallied) sent(at time.Time) {
	if at.After(t.LastSend) {
		t.LastSend = at
	}
}
