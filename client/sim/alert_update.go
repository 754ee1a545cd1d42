package sim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// alertPatch is a checked update; nil fields stay as they are.
type alertPatch struct {
	status, assignedTo, classification, determination, comment *string
}

func (t *Tenant) patchAlert(c *call) {
	fields, ok := c.readBody()
	if !ok {
		return
	}
	patch, problem := t.readPatch(fields, "")
	if problem != "" {
		c.fail(http.StatusBadRequest, "InvalidRequestBody", problem)
		return
	}
	var e enc
	t.mu.Lock()
	h, found := t.alerts.find(c.args[0])
	if found {
		a := t.own(h)
		if t.behave.StalePatch {
			t.alertEntity(&e, c, a)
		}
		t.applyPatch(h, a, patch, c.app)
		c.effect("")
		if e.b == nil {
			t.alertEntity(&e, c, a)
		}
	}
	t.mu.Unlock()
	if !found {
		c.notFound("Alert", c.args[0])
		return
	}
	c.send(http.StatusOK, jsonType, e.b)
}

func (t *Tenant) batchUpdate(c *call) {
	fields, ok := c.readBody()
	if !ok {
		return
	}
	var ids []string
	if err := json.Unmarshal(fields["alertIds"], &ids); err != nil || len(ids) == 0 {
		c.fail(http.StatusBadRequest, "InvalidRequestBody", "The field alertIds is required.")
		return
	}
	patch, problem := t.readPatch(fields, "alertIds")
	if problem != "" {
		c.fail(http.StatusBadRequest, "InvalidRequestBody", problem)
		return
	}
	t.mu.Lock()
	handles := make([]int32, 0, len(ids))
	missing := ""
	for _, id := range ids {
		h, found := t.alerts.find(id)
		if !found {
			missing = id
			break
		}
		handles = append(handles, h)
	}
	if missing == "" {
		for _, h := range handles {
			t.applyPatch(h, t.own(h), patch, c.app)
		}
		c.effect("")
	}
	t.mu.Unlock()
	if missing != "" {
		c.notFound("Alert", missing)
		return
	}
	c.send(http.StatusOK, "", nil)
}

// readPatch checks keys and values letter by letter, as the API does.
func (t *Tenant) readPatch(fields map[string]json.RawMessage, extra string) (p alertPatch, problem string) {
	targets := map[string]**string{
		"status": &p.status, "assignedTo": &p.assignedTo, "classification": &p.classification,
		"determination": &p.determination, "comment": &p.comment,
	}
	for key := range fields {
		target, ok := targets[key]
		if !ok {
			if key == extra {
				continue
			}
			return p, "The field '" + clip(key, 100) + "' is not part of the request."
		}
		value, ok := text(fields, key)
		if !ok {
			return p, "The field '" + key + "' must be a string."
		}
		*target = &value
	}
	return p, t.judgePatch(p)
}

func (t *Tenant) judgePatch(p alertPatch) string {
	t.mu.Lock()
	refused := t.behave.RefuseDetermination
	t.mu.Unlock()
	switch {
	case p == alertPatch{}:
		return "At least one field is required."
	case p.status != nil && !slices.Contains([]string{"New", "InProgress", "Resolved"}, *p.status):
		return "The value of status is not valid."
	case p.classification != nil && !slices.Contains([]string{"TruePositive", "InformationalExpectedActivity", "FalsePositive", "Unknown"}, *p.classification):
		return "The value of classification is not valid."
	case p.determination != nil && (!slices.Contains(determinations(), *p.determination) || slices.Contains(refused, *p.determination)):
		return "The value of determination is not valid."
	}
	return ""
}

// determinations are both spellings of every pair; RefuseDetermination picks
// what one tenant does not take.
func determinations() []string {
	return []string{
		"MultiStagedAttack", "MaliciousUserActivity", "CompromisedUser", "CompromisedAccount", "Malware", "Phishing",
		"UnwantedSoftware", "SecurityTesting", "LineOfBusinessApplication", "ConfirmedActivity", "ConfirmedUserActivity",
		"NotMalicious", "Clean", "InsufficientData", "NotEnoughDataToValidate", "Other",
	}
}

// applyPatch changes an owned alert; the caller holds the lock.
func (t *Tenant) applyPatch(h int32, a *Alert, p alertPatch, by string) {
	set := func(field, value *string) {
		if value != nil {
			*field = *value
		}
	}
	set(&a.Status, p.status)
	set(&a.AssignedTo, p.assignedTo)
	set(&a.Classification, p.classification)
	set(&a.Determination, p.determination)
	if p.status != nil {
		a.ResolvedTime = time.Time{}
		if *p.status == "Resolved" {
			a.ResolvedTime = t.now()
		}
	}
	if p.comment != nil {
		a.Comments = append(a.Comments, Comment{Text: *p.comment, CreatedBy: by, Created: t.now()})
	}
	a.LastUpdateTime = t.now()
	t.changed(h)
}

// own makes an alert changeable: from now on it is stored, not made.
func (t *Tenant) own(h int32) *Alert {
	if a := t.alerts.full[h]; a != nil {
		return a
	}
	a := new(Alert)
	t.makeAlert(h, a, true)
	a.Evidence = slices.Clone(a.Evidence)
	t.alerts.full[h] = a
	return a
}

// changed brings row and order in line with a stored alert.
func (t *Tenant) changed(h int32) {
	a, row := t.alerts.full[h], &t.alerts.rows[h]
	row.severity = nameIndex(severityNames(), a.Severity)
	row.status = nameIndex(statusNames(), a.Status)
	t.alerts.touch(h, tickOf(a.LastUpdateTime))
}

// nameIndex finds a known name in any letter case; unknown names are 0.
func nameIndex(names []string, name string) uint8 {
	for i, n := range names {
		if strings.EqualFold(n, name) {
			return uint8(i)
		}
	}
	return 0
}
