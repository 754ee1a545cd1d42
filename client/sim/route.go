package sim

import (
	"net/http"
	"strings"
	"time"
)

// endpoint is one row of defender-api 2.3 to 2.5: who may call it, how often,
// and what serves it.
type endpoint struct {
	name    string // quota class and key of Calls
	method  string
	path    []string // "{}" stands for one variable segment, "x(" for x(…)
	roles   []string // any one of them
	perMin  int
	perHour int
	serve   func(*Tenant, *call)
}

const (
	rateMinute = 100
	rateHour   = 1500
)

func route(name, method, path string, serve func(*Tenant, *call), roles ...string) endpoint {
	return endpoint{
		name: name, method: method, path: strings.Split(path, "/"), roles: roles,
		perMin: rateMinute, perHour: rateHour, serve: serve,
	}
}

func (e endpoint) rate(perMin, perHour int) endpoint {
	e.perMin, e.perHour = perMin, perHour
	return e
}

func endpoints() []endpoint {
	list := alertEndpoints()
	list = append(list, machineEndpoints()...)
	list = append(list, indicatorEndpoints()...)
	return append(list, actionEndpoints()...)
}

func alertEndpoints() []endpoint {
	read := []string{"Alert.Read.All", "Alert.ReadWrite.All"}
	const write = "Alert.ReadWrite.All"
	return []endpoint{
		route("alerts.list", "GET", "alerts", (*Tenant).listAlerts, read...),
		route("alerts.get", "GET", "alerts/{}", (*Tenant).getAlert, read...),
		route("alerts.update", "PATCH", "alerts/{}", (*Tenant).patchAlert, write),
		route("alerts.batchUpdate", "POST", "alerts/batchUpdate", (*Tenant).batchUpdate, write).rate(10, 500),
		route("alerts.create", "POST", "alerts/CreateAlertByReference", (*Tenant).createAlert, write).rate(15, rateHour),
		route("hunting.run", "POST", "advancedqueries/run", (*Tenant).runHunting, "AdvancedQuery.Read.All").rate(45, rateHour),
		route("alerts.machine", "GET", "alerts/{}/machine", (*Tenant).alertMachine, machineRead()...),
		route("alerts.user", "GET", "alerts/{}/user", (*Tenant).alertUser, "User.Read.All"),
		route("alerts.files", "GET", "alerts/{}/files", (*Tenant).alertFiles, "File.Read.All"),
		route("alerts.ips", "GET", "alerts/{}/ips", (*Tenant).alertIPs, "Ip.Read.All"),
		route("alerts.domains", "GET", "alerts/{}/domains", (*Tenant).alertDomains, "Url.Read.All"),
	}
}

func machineRead() []string { return []string{"Machine.Read.All", "Machine.ReadWrite.All"} }

func machineEndpoints() []endpoint {
	alertRead := []string{"Alert.Read.All", "Alert.ReadWrite.All"}
	const write = "Machine.ReadWrite.All"
	return []endpoint{
		route("machines.list", "GET", "machines", (*Tenant).listMachines, machineRead()...),
		route("machines.findByIP", "GET", "machines/findbyip(", (*Tenant).findByIP, machineRead()...),
		route("machines.get", "GET", "machines/{}", (*Tenant).getMachine, machineRead()...),
		route("machines.update", "PATCH", "machines/{}", (*Tenant).patchMachine, write),
		route("machines.logonUsers", "GET", "machines/{}/logonusers", (*Tenant).logonUsers, "User.Read.All"),
		route("machines.alerts", "GET", "machines/{}/alerts", (*Tenant).machineAlerts, alertRead...),
		route("machines.alertCount", "GET", "machines/{}/alerts/$count", (*Tenant).machineAlertCount, alertRead...),
		route("machines.tags", "POST", "machines/{}/tags", (*Tenant).tagMachine, write),
		route("machines.value", "POST", "machines/{}/setDeviceValue", (*Tenant).setDeviceValue, write),
	}
}

func actionEndpoints() []endpoint {
	all := make([]string, 0, len(orders()))
	list := []endpoint{
		route("actions.list", "GET", "machineactions", (*Tenant).listActions, machineRead()...),
		route("actions.get", "GET", "machineactions/{}", (*Tenant).getAction, machineRead()...),
		route("actions.packageURI", "GET", "machineactions/{}/getPackageUri", (*Tenant).packageURI, machineRead()...).rate(2, 120),
	}
	for _, o := range orders() {
		serve := func(t *Tenant, c *call) { t.order(c, o) }
		list = append(list, route("machines."+o.path, "POST", "machines/{}/"+o.path, serve, o.role))
		all = append(all, o.role)
	}
	return append(list, route("actions.cancel", "POST", "machineactions/{}/cancel", (*Tenant).cancelAction, all...))
}

// match finds the endpoint of a path below /api. found says whether the path
// exists for some other method.
func (t *Tenant) match(method string, path []string) (ep *endpoint, args []string, found bool) {
	for i := range t.routes {
		args, ok := t.routes[i].matches(path)
		if !ok {
			continue
		}
		if t.routes[i].method == method {
			return &t.routes[i], args, true
		}
		found = true
	}
	return nil, nil, found
}

func (e *endpoint) matches(path []string) (args []string, ok bool) {
	if len(path) != len(e.path) {
		return nil, false
	}
	for i, want := range e.path {
		switch got := path[i]; {
		case want == "{}":
			args = append(args, got)
		case strings.HasSuffix(want, "("):
			if len(got) <= len(want) || !strings.EqualFold(got[:len(want)], want) || got[len(got)-1] != ')' {
				return nil, false
			}
			args = append(args, got[len(want):len(got)-1])
		case !strings.EqualFold(got, want):
			return nil, false
		}
	}
	return args, true
}

// serveAPI checks token, role and quota in that order; only then the resource
// is looked up, so a caller without the role cannot learn which ids exist.
func (t *Tenant) serveAPI(c *call) {
	ep, args, found := t.match(c.r.Method, c.path[1:])
	granted, failure := t.authorize(c)
	switch {
	case failure != nil:
		c.refuseToken(failure)
		return
	case ep == nil && found:
		c.fail(http.StatusMethodNotAllowed, "MethodNotAllowed", "The requested resource does not support http method '"+c.r.Method+"'.")
		return
	case ep == nil:
		c.fail(http.StatusNotFound, "NotFound", "No HTTP resource was found that matches the request URI.")
		return
	case !holdsAny(granted.roles, ep.roles):
		c.fail(http.StatusForbidden, "Forbidden", missingRoles(ep.roles, granted.roles))
		return
	}
	c.args, c.app, c.roles = args, granted.app, granted.roles
	if wait, text := t.spend(ep); wait > 0 {
		c.throttle(wait, text)
		return
	}
	c.q = c.r.URL.Query()
	ep.serve(t, c)
}

func missingRoles(need, have []string) string {
	return "Missing application roles. API required roles: " + strings.Join(need, ",") +
		", application roles: " + strings.Join(have, ",") + "."
}

func holdsAny(have, need []string) bool {
	for _, h := range have {
		for _, n := range need {
			if strings.EqualFold(h, n) {
				return true
			}
		}
	}
	return false
}

// now is the time that the world has reached; callers hold the lock.
func (t *Tenant) now() time.Time { return t.at }
