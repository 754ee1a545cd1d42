package report

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cordon/store/soc"
)

// send makes the alert of a report that waits. An order whose answer is not known is looked for first.
func (s *Service) send(ctx context.Context, tenant Tenant, id soc.IntegrationID, t soc.Threat) (soc.Threat, error) {
	if !t.AskedAt.IsZero() {
		found, err := s.lookUp(ctx, tenant, t)
		switch {
		case err != nil:
			return t, err
		case found != "":
			return s.sent(ctx, t.Key, found, "found in Defender after a lost answer")
		case s.o.Now().Before(t.AskedAt.Add(settle)):
			return s.later(ctx, t.Key, t.AskedAt.Add(settle))
		}
	}
	host, why, err := s.match(ctx, tenant, t.Device)
	if err != nil {
		return t, err
	}
	if why != "" {
		return s.unmatched(ctx, t, why)
	}
	t.Host = soc.HostKey{Integration: id, MachineID: host.Key.MachineID}
	event, why, err := s.event(ctx, tenant, t)
	if err != nil {
		return t, err
	}
	if why != "" {
		return s.unmatched(ctx, t, why)
	}
	return s.create(ctx, tenant, t, event)
}

// match finds the device, by the best name that the sender gave. why says that there is none, or more than one.
func (s *Service) match(ctx context.Context, tenant Tenant, d soc.ThreatDevice) (h soc.Host, why string, err error) {
	switch {
	case d.MachineID != "":
		h, err = tenant.Machine(ctx, d.MachineID)
		if err == nil && h.MergedInto != "" {
			h, err = tenant.Machine(ctx, h.MergedInto)
		}
	case d.AADDeviceID != "":
		h, err = tenant.MachineByAAD(ctx, d.AADDeviceID)
	default:
		h, err = tenant.MachineNamed(ctx, d.Name)
	}
	switch soc.KindOf(err) {
	case soc.KindNotFound, soc.KindAmbiguous, soc.KindInvalid:
		if err != nil {
			var e *soc.Error
			errors.As(err, &e)
			return h, e.What, nil
		}
	}
	if err != nil {
		return h, "", err
	}
	if h.Key.MachineID == "" {
		return h, "Defender's answer names no device", nil
	}
	return h, "", nil
}

// event is what the alert is tied to: the sender's, else the newest of the device.
func (s *Service) event(ctx context.Context, tenant Tenant, t soc.Threat) (ev soc.EventRef, why string, err error) {
	if t.Event != nil {
		return *t.Event, "", nil
	}
	ev.Time, ev.ReportID, err = tenant.LastEvent(ctx, t.Host.MachineID)
	const needs = "Defender ties every alert to an event of the device, and the report names none"
	switch soc.KindOf(err) {
	case soc.KindNotFound:
		return ev, needs + "; hunting found none either", nil
	case soc.KindDenied:
		return ev, needs + "; cordon may not look for one: grant AdvancedQuery.Read.All, or let the sender name an event", nil
	}
	return ev, "", err
}

// create sends the order, after it is stored that it was sent.
func (s *Service) create(ctx context.Context, tenant Tenant, t soc.Threat, ev soc.EventRef) (soc.Threat, error) {
	stop := false
	asked, err := s.change(ctx, t.Key, func(now *soc.Threat) []soc.AuditEntry {
		if stop = !now.ResolvedAt.IsZero(); stop {
			return nil // it ended meanwhile
		}
		now.AskedAt, now.Host = s.o.Now(), t.Host
		return []soc.AuditEntry{}
	})
	if err != nil || stop {
		return asked, err
	}
	alert, err := tenant.CreateAlertByReference(ctx, reference(asked, ev))
	switch {
	case err == nil:
		return s.sent(ctx, t.Key, alert, "sent to Defender")
	case soc.KindOf(err) == soc.KindUnknownOutcome, soc.KindOf(err) == soc.KindInternal:
		return asked, err // AskedAt stays: look before sending again
	}
	return s.refused(ctx, asked, err)
}

// refused clears what was asked, since nothing happened, and decides what a definite refusal means.
func (s *Service) refused(ctx context.Context, t soc.Threat, cause error) (soc.Threat, error) {
	t, err := s.change(ctx, t.Key, func(t *soc.Threat) []soc.AuditEntry {
		t.AskedAt = time.Time{}
		if t.State == soc.ThreatResolving { // it ended while the order was under way
			t.State, t.Reason = soc.ThreatResolved, "resolved on the device; Defender never took the report"
		}
		return []soc.AuditEntry{}
	})
	if err != nil || t.State == soc.ThreatResolved {
		return t, err
	}
	switch soc.KindOf(cause) {
	case soc.KindNotFound:
		return s.unmatched(ctx, t, soc.Clean(cause.Error()))
	case soc.KindRefused, soc.KindInvalid:
		return s.change(ctx, t.Key, func(t *soc.Threat) []soc.AuditEntry {
			t.State, t.Reason = soc.ThreatFailed, soc.Clean(cause.Error())
			return []soc.AuditEntry{line(soc.Service("reports"), *t, "send-threat", soc.ResultFailed, t.Reason)}
		})
	}
	return t, cause
}

// sent notes the alert that stands for a report. If the threat ended meanwhile the alert must follow.
func (s *Service) sent(ctx context.Context, key, alert, how string) (soc.Threat, error) {
	now := s.o.Now()
	return s.change(ctx, key, func(t *soc.Threat) []soc.AuditEntry {
		t.AlertID, t.SentAt, t.AskedAt, t.Tries, t.NextTry = alert, now, time.Time{}, 0, time.Time{}
		t.State, t.Reason = soc.ThreatSent, ""
		if !t.ResolvedAt.IsZero() {
			t.State = soc.ThreatResolving
		}
		return []soc.AuditEntry{line(soc.Service("reports"), *t, "send-threat", soc.ResultOK, how+" as alert "+alert)}
	})
}

// later puts a report off without counting it as a failure.
func (s *Service) later(ctx context.Context, key string, at time.Time) (soc.Threat, error) {
	return s.change(ctx, key, func(t *soc.Threat) []soc.AuditEntry {
		t.NextTry = at
		return []soc.AuditEntry{}
	})
}

// unmatched keeps a report visible that Defender can not take, and tries again when the device may be known.
func (s *Service) unmatched(ctx context.Context, t soc.Threat, why string) (soc.Threat, error) {
	now := s.o.Now()
	return s.change(ctx, t.Key, func(t *soc.Threat) []soc.AuditEntry {
		if !t.ResolvedAt.IsZero() {
			return nil
		}
		said := t.State == soc.ThreatUnmatched && t.Reason == why
		t.State, t.Reason, t.NextTry, t.Host, t.AskedAt = soc.ThreatUnmatched, why, now.Add(again), soc.HostKey{}, time.Time{}
		if said {
			return []soc.AuditEntry{}
		}
		return []soc.AuditEntry{line(soc.Service("reports"), *t, "send-threat", soc.ResultRefused, why)}
	})
}

// lookUp searches the device's alerts for the one that a lost answer was about; "" when it is not there.
func (s *Service) lookUp(ctx context.Context, tenant Tenant, t soc.Threat) (string, error) {
	list, err := tenant.MachineAlerts(ctx, t.Host.MachineID)
	if err != nil {
		return "", fmt.Errorf("looking for the alert: %w", err)
	}
	for _, a := range list {
		if ours(a.Alert, t.Key) {
			return a.Alert.ID, nil
		}
	}
	return "", nil
}
