package sim

import (
	"fmt"
	"slices"
)

// AlertCount is the number of alerts.
func (t *Tenant) AlertCount() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.alerts.rows)
}

// Alerts returns up to n alerts, the newest first, starting at position from,
// with their evidence.
func (t *Tenant) Alerts(from, n int) []Alert {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := t.alerts.byCreated
	var out []Alert
	for i := len(list) - 1 - from; i >= 0 && len(out) < n; i-- {
		out = append(out, t.alertCopy(list[i]))
	}
	return out
}

// Alert returns one alert by its id.
func (t *Tenant) Alert(id string) (Alert, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	h, ok := t.alerts.find(id)
	if !ok {
		return Alert{}, fmt.Errorf("finding %q: %w", id, ErrNoAlert)
	}
	return t.alertCopy(h), nil
}

func (t *Tenant) alertCopy(h int32) Alert {
	var scratch Alert
	a := *t.viewAlert(h, &scratch, true)
	a.Comments, a.Evidence = slices.Clone(a.Comments), slices.Clone(a.Evidence)
	return a
}

// AddAlert adds an alert and returns its id. Missing texts get ordinary values,
// missing times the present. A LastUpdateTime in the past makes a late arrival:
// the alert becomes visible now, with an old time.
func (t *Tenant) AddAlert(a Alert) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.advance(t.clock())
	a.Severity, a.Status = orElse(a.Severity, "Medium"), orElse(a.Status, "New")
	a.Title, a.Category = orElse(a.Title, "Suspicious activity"), orElse(a.Category, "SuspiciousActivity")
	a.DetectionSource = orElse(a.DetectionSource, edr)
	if a.AlertCreationTime.IsZero() {
		a.AlertCreationTime = t.now()
	}
	if a.LastUpdateTime.IsZero() {
		a.LastUpdateTime = a.AlertCreationTime
	}
	if a.FirstEventTime.IsZero() {
		a.FirstEventTime = a.AlertCreationTime
	}
	if a.LastEventTime.IsZero() {
		a.LastEventTime = a.AlertCreationTime
	}
	row := alertRow{
		created: tickOf(a.AlertCreationTime), updated: tickOf(a.LastUpdateTime), host: -1,
		severity: nameIndex(severityNames(), a.Severity), status: nameIndex(statusNames(), a.Status),
	}
	if h, ok := t.findHost(a.MachineID); ok && a.MachineID != "" {
		row.host = h
		a.MachineID, a.ComputerDNSName = t.hostID(h), orElse(a.ComputerDNSName, t.hostName(h))
	}
	h := t.alerts.add(row)
	if a.ID == "" {
		a.ID = t.alerts.madeID(h)
	}
	t.alerts.ids[a.ID] = h
	t.alerts.full[h] = &a
	return a.ID
}

// ChangeAlert edits an alert in place and moves its LastUpdateTime to now,
// unless change set another time itself.
func (t *Tenant) ChangeAlert(id string, change func(*Alert)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.advance(t.clock())
	h, ok := t.alerts.find(id)
	if !ok {
		return fmt.Errorf("changing %q: %w", id, ErrNoAlert)
	}
	a := t.own(h)
	before := a.LastUpdateTime
	change(a)
	a.ID = id
	if a.LastUpdateTime.Equal(before) {
		a.LastUpdateTime = t.now()
	}
	t.changed(h)
	return nil
}
