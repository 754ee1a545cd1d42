package sim

import (
	"encoding/json"
	"net/http"
	"strconv"
)

func (t *Tenant) listAlerts(c *call) {
	t.mu.Lock()
	policy := t.behave.AlertOrder
	t.mu.Unlock()
	if c.q.Has("$orderby") && policy == OrderRefused {
		c.fail(http.StatusBadRequest, "ODataError", "The query specified in the URI is not valid. $orderby is not supported.")
		return
	}
	q, ok := t.listQuery(c, alertSchema())
	if !ok {
		return
	}
	if policy == OrderIgnored {
		q.order = nil
	}
	t.sendAlerts(c, q, nil)
}

func (t *Tenant) sendAlerts(c *call, q query, keep func(int32) bool) {
	t.mu.Lock()
	handles, total := t.selectAlerts(q, keep)
	t.mu.Unlock()
	var scratch Alert
	t.sendRows(c, q, rows{set: "Alerts", total: total, page: len(handles), write: func(e *enc, i int) {
		e.alert(t.viewAlert(handles[i], &scratch, q.expand), t.opt.TenantID, q.expand)
	}})
}

// viewAlert returns the alert of a handle: the stored one, or one made into
// scratch. The caller holds the lock.
func (t *Tenant) viewAlert(h int32, scratch *Alert, withEvidence bool) *Alert {
	if a := t.alerts.full[h]; a != nil {
		return a
	}
	t.makeAlert(h, scratch, withEvidence)
	return scratch
}

// withAlert looks up the alert of the first variable segment and calls f with
// the lock held, or answers 404.
func (t *Tenant) withAlert(c *call, f func(h int32, a *Alert)) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	h, ok := t.alerts.find(c.args[0])
	if ok {
		var scratch Alert
		f(h, t.viewAlert(h, &scratch, true))
	}
	return ok
}

func (t *Tenant) getAlert(c *call) {
	var e enc
	if !t.withAlert(c, func(_ int32, a *Alert) { t.alertEntity(&e, c, a) }) {
		c.notFound("Alert", c.args[0])
		return
	}
	c.send(http.StatusOK, jsonType, e.b)
}

func (t *Tenant) alertEntity(e *enc, c *call, a *Alert) {
	if a.Raw != "" {
		e.alert(a, t.opt.TenantID, true)
		return
	}
	e.open('{')
	e.str("@odata.context", c.base()+"/api/$metadata#Alerts/$entity")
	e.alertBody(a, t.opt.TenantID, true)
	e.close('}')
}

func (t *Tenant) alertMachine(c *call) {
	id := ""
	found := t.withAlert(c, func(_ int32, a *Alert) { id = a.MachineID })
	if !found || id == "" {
		c.notFound("Machine of alert", c.args[0])
		return
	}
	c.args[0] = id
	t.getMachine(c)
}

func (t *Tenant) alertUser(c *call) {
	var u *User
	t.withAlert(c, func(h int32, a *Alert) {
		if a.RelatedUser != nil {
			made := t.user(a.RelatedUser.Name, t.alerts.rows[h].host)
			u = &made
		}
	})
	if u == nil {
		c.notFound("User of alert", c.args[0])
		return
	}
	c.entity(http.StatusOK, "Users", func(e *enc) { e.userBody(u) })
}

func (t *Tenant) alertFiles(c *call) {
	t.related(c, "Files", func(v *Evidence) string { return v.SHA1 }, func(e *enc, v *Evidence) {
		e.open('{')
		e.str("sha1", v.SHA1)
		e.opt("sha256", v.SHA256)
		e.null("md5")
		e.str("fileType", "PortableExecutable")
		e.opt("filePublisher", "")
		e.str("determinationType", "Unknown")
		e.close('}')
	})
}

func (t *Tenant) alertIPs(c *call) {
	t.related(c, "Ips", func(v *Evidence) string { return v.IPAddress }, func(e *enc, v *Evidence) {
		e.open('{')
		e.str("id", v.IPAddress)
		e.close('}')
	})
}

func (t *Tenant) alertDomains(c *call) {
	t.related(c, "Domains", func(v *Evidence) string { return hostOf(v.URL) }, func(e *enc, v *Evidence) {
		e.open('{')
		e.str("host", hostOf(v.URL))
		e.close('}')
	})
}

// related lists what the evidence of one alert names, each thing once.
func (t *Tenant) related(c *call, set string, key func(*Evidence) string, write func(*enc, *Evidence)) {
	var items enc
	found := t.withAlert(c, func(_ int32, a *Alert) {
		seen := map[string]bool{"": true}
		for i := range a.Evidence {
			if k := key(&a.Evidence[i]); !seen[k] {
				seen[k] = true
				write(&items, &a.Evidence[i])
			}
		}
	})
	if !found {
		c.notFound("Alert", c.args[0])
		return
	}
	c.list(set, func(e *enc) { e.b = append(e.b, items.b...) })
}

func (t *Tenant) machineAlerts(c *call) {
	if keep, ok := t.alertsOf(c); ok {
		if q, ok := t.listQuery(c, alertSchema()); ok {
			t.sendAlerts(c, q, keep)
		}
	}
}

func (t *Tenant) machineAlertCount(c *call) {
	keep, ok := t.alertsOf(c)
	if !ok {
		return
	}
	q, ok := t.listQuery(c, alertSchema())
	if !ok {
		return
	}
	q.count = true
	t.mu.Lock()
	_, total := t.selectAlerts(q, keep)
	t.mu.Unlock()
	c.send(http.StatusOK, "text/plain", []byte(strconv.Itoa(total)))
}

// alertsOf returns the condition "about this machine".
func (t *Tenant) alertsOf(c *call) (func(int32) bool, bool) {
	t.mu.Lock()
	host, ok := t.findHost(c.args[0])
	t.mu.Unlock()
	if !ok {
		c.notFound("Machine", c.args[0])
		return nil, false
	}
	return func(h int32) bool { return t.alerts.rows[h].host == host }, true
}

// readBody decodes a JSON object with its keys as they were written: the API
// compares them case-sensitively, which the usual decoder does not.
func (c *call) readBody() (map[string]json.RawMessage, bool) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(c.body, &fields); err != nil || fields == nil {
		c.fail(http.StatusBadRequest, "InvalidRequestBody", "Request body is incorrect.")
		return nil, false
	}
	return fields, true
}

// text returns a string field; ok is false when it is missing or no string.
func text(fields map[string]json.RawMessage, key string) (s string, ok bool) {
	raw, found := fields[key]
	if !found {
		return "", false
	}
	err := json.Unmarshal(raw, &s)
	return s, err == nil && string(raw) != "null"
}
