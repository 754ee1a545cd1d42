package report

import (
	"context"
	"errors"
	"strings"
	"time"

	"cordon/store/soc"
)

// follow brings the alert of a threat that ended on its device up to date (M-08): once, also when an answer was lost.
func (s *Service) follow(ctx context.Context, tenant Tenant, t soc.Threat) (soc.Threat, error) {
	if t.AlertID == "" {
		return s.followLost(ctx, tenant, t)
	}
	if !t.AskedAt.IsZero() { // asked before, answer lost
		a, err := tenant.Alert(ctx, t.AlertID)
		switch {
		case errors.Is(err, soc.ErrNotFound):
			return s.synced(ctx, t.Key, "the alert is gone from Defender")
		case err != nil:
			return t, err
		case strings.EqualFold(string(a.Alert.Status), string(soc.StatusResolved)):
			return s.synced(ctx, t.Key, "the alert is resolved in Defender")
		}
	}
	asked, err := s.change(ctx, t.Key, func(t *soc.Threat) []soc.AuditEntry {
		t.AskedAt = s.o.Now()
		return []soc.AuditEntry{}
	})
	if err != nil {
		return t, err
	}
	status, comment := soc.StatusResolved, "Resolved on the device at "+asked.ResolvedAt.UTC().Format(time.RFC3339)+" ("+mark(t.Key)+")"
	_, err = tenant.UpdateAlert(ctx, t.AlertID, soc.AlertUpdate{Status: &status, Comment: &comment})
	switch {
	case err == nil:
		return s.synced(ctx, t.Key, "the alert is resolved in Defender")
	case soc.KindOf(err) == soc.KindUnknownOutcome:
		return asked, err
	case errors.Is(err, soc.ErrNotFound):
		return s.synced(ctx, t.Key, "the alert is gone from Defender")
	}
	t, cerr := s.change(ctx, t.Key, func(t *soc.Threat) []soc.AuditEntry {
		t.AskedAt = time.Time{}
		return []soc.AuditEntry{}
	})
	return t, errors.Join(err, cerr)
}

// followLost looks for the alert of a threat that ended while the answer about it was lost.
func (s *Service) followLost(ctx context.Context, tenant Tenant, t soc.Threat) (soc.Threat, error) {
	found, err := s.lookUp(ctx, tenant, t)
	switch {
	case err != nil:
		return t, err
	case found != "":
		if t, err = s.sent(ctx, t.Key, found, "found in Defender after a lost answer"); err != nil {
			return t, err
		}
		return s.follow(ctx, tenant, t)
	case s.o.Now().Before(t.AskedAt.Add(settle)):
		return s.later(ctx, t.Key, t.AskedAt.Add(settle))
	}
	return s.synced(ctx, t.Key, "resolved on the device; the report never arrived in Defender")
}

// synced ends a report.
func (s *Service) synced(ctx context.Context, key, how string) (soc.Threat, error) {
	now := s.o.Now()
	return s.change(ctx, key, func(t *soc.Threat) []soc.AuditEntry {
		t.State, t.Reason, t.AskedAt, t.Tries, t.NextTry = soc.ThreatResolved, how, time.Time{}, 0, time.Time{}
		if t.AlertID != "" {
			t.SyncedAt = now
		}
		return []soc.AuditEntry{line(soc.Service("reports"), *t, "resolve-threat", soc.ResultOK, how)}
	})
}

// found tells whether the inventory now shows a device that was not found, and makes those reports due.
func (s *Service) found(ctx context.Context) (bool, error) {
	list, err := s.o.Store.Threats(ctx, soc.ThreatQuery{States: []soc.ThreatState{soc.ThreatUnmatched}, Count: 1 << 30})
	if err != nil {
		return false, err
	}
	any := false
	for _, t := range list {
		ch, err := s.o.Store.Channel(ctx, t.Channel)
		if err != nil || !s.known(ctx, ch.Tenant, t) {
			continue
		}
		any = true
		if _, err := s.later(ctx, t.Key, time.Time{}); err != nil {
			return any, err
		}
	}
	return any, nil
}

// known tells whether a record of the device came after the report was last looked at.
func (s *Service) known(ctx context.Context, id soc.IntegrationID, t soc.Threat) bool {
	looked := t.NextTry.Add(-again)
	if t.Device.MachineID != "" {
		h, err := s.o.Store.Host(ctx, soc.HostKey{Integration: id, MachineID: t.Device.MachineID})
		return err == nil && h.FetchedAt.After(looked)
	}
	hosts, err := s.o.Store.HostsNamed(ctx, id, t.Device.Name)
	if err != nil || t.Device.Name == "" {
		return false
	}
	for _, h := range hosts {
		same := strings.EqualFold(h.Name, t.Device.Name)
		if aad := t.Device.AADDeviceID; aad != "" {
			same = strings.EqualFold(h.AADDeviceID, aad)
		}
		if same && h.FetchedAt.After(looked) {
			return true
		}
	}
	return false
}
