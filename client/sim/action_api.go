package sim

import (
	"net/http"
	"strings"
)

// The action properties that a filter may name (defender-api 2.5).
const (
	actionID = iota
	actionStatus
	actionMachine
	actionType
	actionRequestor
	actionCreated
	actionUpdated
)

func actionSchema() schema {
	return schema{
		"id": {actionID, kindString}, "status": {actionStatus, kindString}, "machineid": {actionMachine, kindString},
		"type": {actionType, kindString}, "requestor": {actionRequestor, kindString},
		"creationdatetimeutc": {actionCreated, kindTime}, "lastupdatedatetimeutc": {actionUpdated, kindTime},
	}
}

func actionValue(a *machineAction, id int) value {
	switch id {
	case actionID:
		return stringValue(a.ID)
	case actionStatus:
		return stringValue(a.Status)
	case actionMachine:
		return stringValue(a.MachineID)
	case actionType:
		return stringValue(a.Type)
	case actionRequestor:
		return stringValue(a.Requestor)
	case actionCreated:
		return timeValue(a.Created)
	}
	return timeValue(a.Updated)
}

// listActions lists newest first unless asked otherwise. A young action is
// missing while the list lags.
func (t *Tenant) listActions(c *call) {
	q, ok := t.listQuery(c, actionSchema())
	if !ok {
		return
	}
	t.mu.Lock()
	var all []*machineAction
	for i := len(t.actions.all) - 1; i >= 0; i-- {
		a := t.actions.all[i]
		if a.visible.After(t.now()) || !q.filter.matches(func(id int) value { return actionValue(a, id) }) {
			continue
		}
		all = append(all, a)
	}
	sortBy(all, q.order, actionValue)
	t.mu.Unlock()
	window := page(q, all)
	t.sendRows(c, q, rows{set: "MachineActions", total: len(all), page: len(window), write: func(e *enc, i int) {
		e.action(&window[i].Action)
	}})
}

func (t *Tenant) getAction(c *call) {
	var e enc
	if t.withAction(c, func(a *machineAction) { e.actionEntity(c, &a.Action) }) {
		c.send(http.StatusOK, jsonType, e.b)
	}
}

func (t *Tenant) withAction(c *call, f func(a *machineAction)) bool {
	t.mu.Lock()
	a := t.actions.byID[strings.ToLower(c.args[0])]
	ok := a != nil && !a.known.After(t.now())
	if ok {
		f(a)
	}
	t.mu.Unlock()
	if !ok {
		c.notFound("Machine action", c.args[0])
	}
	return ok
}

// packageURI answers 404 until the package is there, then a text that carries
// its own quotes (quirk 11).
func (t *Tenant) packageURI(c *call) {
	var e enc
	ok := t.withAction(c, func(a *machineAction) {
		if a.Type != "CollectInvestigationPackage" || a.Status != "Succeeded" {
			return
		}
		e.open('{')
		e.str("@odata.context", c.base()+"/api/$metadata#Edm.String")
		e.str("value", `"https://userrequests-us.securitycenter.example/safedownload/`+a.ID+`/package.zip?token=`+a.MachineID[:12]+`"`)
		e.close('}')
	})
	switch {
	case !ok:
	case e.b == nil:
		c.fail(http.StatusNotFound, "ResourceNotFound", "The investigation package is not ready.")
	default:
		c.send(http.StatusOK, jsonType, e.b)
	}
}

// cancelAction needs the role of the action itself, not just any action role.
func (t *Tenant) cancelAction(c *call) {
	fields, ok := c.readBody()
	if !ok {
		return
	}
	comment, ok := text(fields, "Comment")
	if !ok || comment == "" {
		c.fail(http.StatusBadRequest, "MissingRequiredParameter", "The parameter Comment is required.")
		return
	}
	granted, failure := t.authorize(c)
	if failure != nil {
		c.refuseToken(failure)
		return
	}
	var e enc
	missing := ""
	found := t.withAction(c, func(a *machineAction) {
		role := roleOf(a.Type)
		switch {
		case !holdsAny(granted.roles, []string{role}):
			missing = role
		case t.cancel(a, c.app, comment):
			c.effect(a.ID)
			e.actionEntity(c, &a.Action)
		}
	})
	switch {
	case !found:
	case missing != "":
		c.fail(http.StatusForbidden, "Forbidden", missingRoles([]string{missing}, granted.roles))
	case e.b == nil:
		c.fail(http.StatusBadRequest, "BadRequest", "The machine action cannot be cancelled any more.")
	default:
		c.send(http.StatusOK, jsonType, e.b)
	}
}

func roleOf(kind string) string {
	for _, o := range orders() {
		if o.kind == kind {
			return o.role
		}
	}
	return "Machine.ReadWrite.All"
}

// cancel ends an action that nobody has started on; false when it is too late.
func (t *Tenant) cancel(a *machineAction, by, comment string) bool {
	if a.Final() || a.Status == "InProgress" && !t.behave.CancelRunning {
		return false
	}
	a.CancelRequestor, a.CancelComment = by, comment
	a.Cancelled, a.Updated = t.now(), t.now()
	t.finish(a, "Cancelled", hresultAborted)
	return true
}
