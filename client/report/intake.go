package report

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"cordon/store/soc"
)

// unsent are the states in which a report still has a way to go.
func unsent() []soc.ThreatState {
	return []soc.ThreatState{soc.ThreatWaiting, soc.ThreatUnmatched, soc.ThreatResolving}
}

// Report takes a threat report in, or what is new about one that is known: the same id in the same channel is the same threat. Repeating a
// report changes nothing. It returns once the report is stored; Defender hears of it later.
//
// Errors: KindInvalid ("bad-field", names it), KindDenied ("no-right"), KindNotFound ("no-channel", or "no-threat" for the end of a threat
// that was never reported), KindRefused ("wrong-channel", "channel-off"), KindConflict ("id-used": the id stands for another device or
// vendor), KindThrottled ("queue-full").
func (s *Service) Report(ctx context.Context, by soc.Session, channel soc.ChannelID, in soc.ThreatInput) (soc.Threat, error) {
	if err := s.may(ctx, by, soc.RightAlertsEdit, "report-threat", soc.Clean(in.ID), ""); err != nil {
		return soc.Threat{}, err
	}
	ch, err := s.way(ctx, channel, soc.ChannelThreats)
	if err != nil {
		return soc.Threat{}, err
	}
	if err := s.may(ctx, by, soc.RightAlertsEdit, "report-threat", soc.Clean(in.ID), ch.Tenant); err != nil {
		return soc.Threat{}, err
	}
	now := s.o.Now()
	if in, err = in.Checked(now); err != nil {
		return soc.Threat{}, err
	}
	for {
		t, err := s.report(ctx, by.Actor, ch, in, now)
		if !errors.Is(err, soc.ErrConflict) || errors.Is(err, &soc.Error{Kind: soc.KindConflict, Code: "id-used"}) || ctx.Err() != nil {
			return t, err
		}
	}
}

// report is one try; a conflict of the store means that somebody else wrote the same record meanwhile.
func (s *Service) report(ctx context.Context, by soc.Actor, ch soc.Channel, in soc.ThreatInput, now time.Time) (soc.Threat, error) {
	old, err := s.o.Store.Threat(ctx, soc.ThreatKey(ch.ID, in.ID))
	switch {
	case errors.Is(err, soc.ErrNotFound):
		return s.take(ctx, by, ch, in, now)
	case err != nil:
		return old, fmt.Errorf("looking for the report: %w", err)
	case differs(old, in):
		return old, &soc.Error{
			Kind: soc.KindConflict, Code: "id-used", What: "the id " + in.ID + " stands for another device or vendor in this channel",
			Means: "nothing was stored", Next: "give every threat an id of its own, or every sender a channel of its own",
		}
	}
	t, what := renewed(old, in, ch, now)
	if what == "" {
		return old, nil
	}
	if t, err = s.o.Store.SaveThreat(ctx, t, line(by, t, "report-threat", soc.ResultAccepted, what)); err != nil {
		return old, fmt.Errorf("storing the report: %w", err)
	}
	return t, nil
}

// differs tells whether the report is about something else than the record. What a short note of the end leaves out does not count.
func differs(old soc.Threat, in soc.ThreatInput) bool {
	for _, pair := range [][2]string{
		{old.Vendor, in.Vendor},
		{old.Device.ID, in.Device.ID},
		{old.Device.Name, in.Device.Name},
		{old.Device.AADDeviceID, in.Device.AADDeviceID},
		{old.Device.MachineID, in.Device.MachineID},
	} {
		if pair[0] != "" && pair[1] != "" && !strings.EqualFold(pair[0], pair[1]) {
			return true
		}
	}
	return false
}

// renewed is the record with what the report adds: the end of the threat, or a higher level of one that was not sent yet.
func renewed(t soc.Threat, in soc.ThreatInput, ch soc.Channel, now time.Time) (soc.Threat, string) {
	if !in.ResolvedAt.IsZero() {
		if !t.ResolvedAt.IsZero() {
			return t, ""
		}
		return over(t, in.ResolvedAt, now), "resolved on the device"
	}
	if unasked(t) && in.Level.Rank() > t.Level.Rank() {
		old := t.Level
		t.Level = in.Level
		judge(&t, ch)
		return t, fmt.Sprintf("level %s, was %s; %s", t.Level, old, t.State)
	}
	return t, ""
}

// unasked tells whether nothing about the threat ever left, so that it may still change.
func unasked(t soc.Threat) bool {
	return t.AlertID == "" && t.AskedAt.IsZero() && t.State != soc.ThreatResolved && t.State != soc.ThreatFailed
}

// take stores a report that is new.
func (s *Service) take(ctx context.Context, by soc.Actor, ch soc.Channel, in soc.ThreatInput, now time.Time) (soc.Threat, error) {
	if in.Level == "" || in.Title == "" {
		return soc.Threat{}, &soc.Error{
			Kind: soc.KindNotFound, Code: "no-threat", What: "no threat with the id " + in.ID + " was reported in this channel", Means: "nothing was stored",
			Next: "report it with level, vendor, title and device",
		}
	}
	t := soc.Threat{
		Key: soc.ThreatKey(ch.ID, in.ID), Channel: ch.ID, Sender: by.Name, ID: in.ID, Level: in.Level, Vendor: in.Vendor, Title: in.Title,
		Description: in.Description, Category: in.Category, Device: soc.ThreatDevice(in.Device), User: in.User, Forensics: in.Forensics,
		OccurredAt: in.OccurredAt, ReceivedAt: now, Event: in.Event,
	}
	if t.OccurredAt.IsZero() {
		t.OccurredAt = now
	}
	judge(&t, ch)
	if !in.ResolvedAt.IsZero() {
		t = over(t, in.ResolvedAt, now)
	}
	if err := s.room(ctx, ch, weight(t)); err != nil {
		return soc.Threat{}, err
	}
	saved, err := s.o.Store.SaveThreat(ctx, t, line(by, t, "report-threat", soc.ResultAccepted, fmt.Sprintf("%s, %s", t.Level, t.State)))
	if err != nil {
		return soc.Threat{}, fmt.Errorf("storing the report: %w", err)
	}
	s.count(ch.ID, weight(t))
	return saved, nil
}

// judge holds the level against the limit of the channel: the limit itself is sent (K-10, M-02).
func judge(t *soc.Threat, ch soc.Channel) {
	least := ch.AtLeast
	if least.Rank() < 0 {
		least = soc.ThreatCritical // M-03
	}
	t.State, t.Reason = soc.ThreatWaiting, ""
	if t.Level.Rank() < least.Rank() {
		t.State = soc.ThreatSuppressed
		t.Reason = fmt.Sprintf("%s is below the limit of %s: %s", t.Level, ch.Name, least.Filter())
	}
}

// following is the reason of a report whose alert is to be resolved: all is well with it.
const following = "resolved on the device; the alert in Defender follows"

// over marks a threat as resolved on its device. What was not sent will not be; what was, or may have been, must follow in Defender.
func over(t soc.Threat, at, now time.Time) soc.Threat {
	t.ResolvedAt = at
	if at.IsZero() || at.After(now) {
		t.ResolvedAt = now
	}
	t.Tries, t.NextTry = 0, time.Time{}
	switch {
	case t.AlertID != "", !t.AskedAt.IsZero():
		t.State, t.Reason = soc.ThreatResolving, following
	case t.State == soc.ThreatSuppressed:
		t.State = soc.ThreatResolved
	default:
		t.State, t.Reason = soc.ThreatResolved, "resolved on the device before it was sent; nothing was sent"
	}
	return t
}

// ResolveThreat marks a threat as resolved on its device, by the word of a person (M-08). Errors: KindDenied, KindNotFound; one that is
// resolved already is returned as it is.
func (s *Service) ResolveThreat(ctx context.Context, by soc.Session, key string) (soc.Threat, error) {
	var tenant soc.IntegrationID
	if t, err := s.o.Store.Threat(ctx, key); err == nil {
		tenant, _ = s.tenantOf(ctx, t) // without a channel it leads nowhere
	}
	if err := s.may(ctx, by, soc.RightAlertsEdit, "resolve-threat", key, tenant); err != nil {
		return soc.Threat{}, err
	}
	return s.change(ctx, key, func(t *soc.Threat) []soc.AuditEntry {
		if !t.ResolvedAt.IsZero() {
			return nil
		}
		now := s.o.Now()
		*t = over(*t, now, now)
		return []soc.AuditEntry{line(by.Actor, *t, "resolve-threat", soc.ResultAccepted, string(t.State))}
	})
}

// Threats lists reports, newest first.
func (s *Service) Threats(ctx context.Context, q soc.ThreatQuery) ([]soc.Threat, error) {
	return s.o.Store.Threats(ctx, q)
}

// change applies fn to a report as it is stored now, again when somebody else changed it meanwhile. Without entries nothing is written.
func (s *Service) change(ctx context.Context, key string, fn func(*soc.Threat) []soc.AuditEntry) (soc.Threat, error) {
	for {
		t, err := s.o.Store.Threat(ctx, key)
		if err != nil {
			return t, fmt.Errorf("reading the report: %w", err)
		}
		before := t.Revision
		entries := fn(&t)
		if entries == nil {
			return t, nil
		}
		t.Revision = before
		saved, err := s.o.Store.SaveThreat(ctx, t, entries...)
		if err == nil {
			return saved, nil
		}
		if !errors.Is(err, &soc.Error{Kind: soc.KindConflict, Code: "stale-revision"}) || ctx.Err() != nil {
			return t, fmt.Errorf("storing the report: %w", err)
		}
	}
}
