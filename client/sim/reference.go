package sim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// referenceFields are all required (defender-api 2.3).
func referenceFields() []string {
	return []string{"machineId", "severity", "title", "description", "recommendedAction", "eventTime", "reportId", "category"}
}

// referenceCategories are accepted on create (defender-api 3.1).
func referenceCategories() []string {
	return []string{
		"General", "CommandAndControl", "Collection", "CredentialAccess", "DefenseEvasion", "Discovery", "Exfiltration", "Exploit", "Execution",
		"InitialAccess", "LateralMovement", "Malware", "Persistence", "PrivilegeEscalation", "Ransomware", "SuspiciousActivity",
	}
}

// createAlert makes an alert about an event that Defender has of a machine.
func (t *Tenant) createAlert(c *call) {
	fields, ok := c.readBody()
	if !ok {
		return
	}
	in, at, problem := readReference(fields)
	if problem != nil {
		c.fail(http.StatusBadRequest, problem.code, problem.message)
		return
	}
	var e enc
	missing := ""
	t.mu.Lock()
	switch host, found := t.hosts.findID(in["machineId"]); {
	case !found:
		missing = "Machine " + in["machineId"]
	case !t.knowsEvent(host, at, in["reportId"]):
		missing = "Event with report id " + in["reportId"] + " at the given time"
	default:
		h := t.openAlert(host, in["title"])
		if h < 0 {
			h = t.layReference(host, in)
		}
		t.refer(h, at)
		c.effect("")
		if c.post != nil {
			c.post.MachineID = in["machineId"]
		}
		t.alertEntity(&e, c, t.alerts.full[h])
	}
	t.mu.Unlock()
	if missing != "" {
		c.fail(http.StatusNotFound, "ResourceNotFound", clip(missing, 300)+" was not found")
		return
	}
	c.send(http.StatusOK, jsonType, e.b)
}

// readReference checks keys and values letter by letter.
func readReference(fields map[string]json.RawMessage) (in map[string]string, at time.Time, problem *wrong) {
	in = map[string]string{}
	for _, key := range referenceFields() {
		v, ok := text(fields, key)
		if _, there := fields[key]; there && !ok {
			return nil, at, bad("The field '" + key + "' must be a string.")
		}
		if strings.TrimSpace(v) == "" {
			return nil, at, &wrong{"MissingRequiredParameter", "The field '" + key + "' is required."}
		}
		in[key] = v
	}
	for key := range fields {
		if in[key] == "" {
			return nil, at, bad("The field '" + clip(key, 100) + "' is not part of the request.")
		}
	}
	at, err := time.Parse(time.RFC3339Nano, in["eventTime"])
	switch {
	case err != nil:
		return nil, at, bad("The value of eventTime is not valid.")
	case !slices.Contains([]string{"Low", "Medium", "High"}, in["severity"]):
		return nil, at, bad("The value of severity is not valid.")
	case !slices.Contains(referenceCategories(), in["category"]):
		return nil, at, bad("The value of category is not valid.")
	}
	return in, at, nil
}

// openAlert finds the newest open alert of a machine with this title, -1 for
// none. The caller holds the lock.
func (t *Tenant) openAlert(host int32, title string) int32 {
	var scratch Alert
	for _, h := range slices.Backward(t.alerts.byCreated) {
		if row := t.alerts.rows[h]; row.host == host && row.status != statusResolved && t.viewAlert(h, &scratch, false).Title == title {
			return h
		}
	}
	return -1
}

// layReference adds the alert of a reference. Defender starts an automatic
// investigation of it.
func (t *Tenant) layReference(host int32, in map[string]string) int32 {
	now := t.now()
	h := t.alerts.add(alertRow{
		created: tickOf(now), updated: tickOf(now), host: host,
		severity: nameIndex(severityNames(), in["severity"]), status: statusNew,
	})
	name := t.hostName(host)
	d := newDice(t.opt.Seed, saltAlert, int64(h)+1<<40)
	a := &Alert{
		ID: t.alerts.madeID(h), IncidentID: 4000 + int64(h)/3, InvestigationID: 900 + int64(h), InvestigationState: "Queued",
		Severity: in["severity"], Status: "New", DetectionSource: "CustomerTI", DetectorID: d.guid(), Category: in["category"],
		Title: in["title"], Description: in["description"], RecommendedAction: in["recommendedAction"],
		AlertCreationTime: now, LastUpdateTime: now, MachineID: t.hostID(host), ComputerDNSName: name, RbacGroupName: groupOf(name),
	}
	t.alerts.ids[a.ID], t.alerts.full[h] = h, a
	return h
}

// refer enters the event into a new or an open alert.
func (t *Tenant) refer(h int32, at time.Time) {
	a := t.own(h)
	if a.FirstEventTime.IsZero() || at.Before(a.FirstEventTime) {
		a.FirstEventTime = at
	}
	a.LastEventTime = latest(a.LastEventTime, at)
	a.LastUpdateTime = t.now()
	t.changed(h)
}
