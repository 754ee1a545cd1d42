package report

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cordon/store/soc"
)

// What waits is read into memory as a whole at every pass, so it is bounded by number and by size, and the disk that lockdowns are written
// to is never filled from outside (SC41).

const (
	// waitingBytes is how much text the reports of one channel that wait may hold together.
	waitingBytes = 32 << 20
	// recount is how often a full queue is counted again.
	recount = 10 * time.Second
)

// backlog is how much of a channel waits: at least as much as did when it was counted.
type backlog struct {
	n, bytes int
	at       time.Time
}

func (b backlog) full(more, most int) bool { return b.n >= most || b.bytes+more > waitingBytes }

// room refuses what is new when too much of the channel waits, or when the disk is filling up.
func (s *Service) room(ctx context.Context, ch soc.Channel, size int) error {
	if err := s.o.Room(); err != nil {
		no := &soc.Error{
			Kind: soc.KindUnavailable, Code: "no-room", What: "nothing new is taken now: " + soc.Clean(err.Error()), Means: "nothing was stored",
			Next: "send it again later", After: time.Minute, Err: err,
		}
		var e *soc.Error
		if errors.As(err, &e) {
			no.What = "nothing new is taken now: " + e.What
		}
		return no
	}
	s.mu.Lock()
	have, known := s.waiting[ch.ID]
	s.mu.Unlock()
	now := s.o.Now()
	if !known || have.full(size, s.o.Queue) && now.Sub(have.at) >= recount {
		var err error
		if have, err = s.recounted(ctx, ch); err != nil {
			return fmt.Errorf("counting what waits: %w", err)
		}
		have.at = now
		s.mu.Lock()
		s.waiting[ch.ID] = have
		s.mu.Unlock()
	}
	if !have.full(size, s.o.Queue) {
		return nil
	}
	noun := "reports"
	if ch.Type == soc.ChannelProbes {
		noun = "indicators"
	}
	return &soc.Error{
		Kind: soc.KindThrottled, Code: "queue-full", What: fmt.Sprintf("%d %s of %s wait already", have.n, noun, ch.Name), Means: "nothing was stored",
		Next: "send it again later", After: time.Minute,
	}
}

// recounted counts what waits in the store.
func (s *Service) recounted(ctx context.Context, ch soc.Channel) (b backlog, err error) {
	if ch.Type == soc.ChannelProbes {
		list, err := s.o.Store.Pushed(ctx)
		for _, p := range list {
			if p.Channel == ch.ID && p.State == soc.PushedWaiting {
				b.n, b.bytes = b.n+1, b.bytes+weightOf(p)
			}
		}
		return b, err
	}
	list, err := s.o.Store.Threats(ctx, soc.ThreatQuery{Channel: ch.ID, States: unsent(), Count: s.o.Queue + 1})
	for _, t := range list {
		b.n, b.bytes = b.n+1, b.bytes+weight(t)
	}
	return b, err
}

// count adds what was taken.
func (s *Service) count(id soc.ChannelID, size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.waiting[id]
	b.n, b.bytes = b.n+1, b.bytes+size
	s.waiting[id] = b
}

// weight is about how much memory the texts of a report need.
func weight(t soc.Threat) int {
	n := len(t.ID) + len(t.Title) + len(t.Description) + len(t.Category) + len(t.Vendor) + len(t.User) + len(t.Reason)
	for name, value := range t.Forensics {
		n += len(name) + len(value)
	}
	return n
}

// weightOf is weight for indicators.
func weightOf(p soc.Pushed) int {
	return len(p.Key) + len(p.Indicator.Value) + len(p.Indicator.Title) + len(p.Indicator.Description) + len(p.Test) + len(p.Reason)
}
