package sim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The machine properties that a filter may name (defender-api 2.4).
const (
	hostIDProp = iota
	hostDNS
	hostVersion
	hostValue
	hostAad
	hostTags
	hostLastSeen
	hostExposure
	hostOnboarding
	hostIP
	hostHealth
	hostPlatform
	hostRisk
	hostGroup
)

func machineSchema() schema {
	return schema{
		"id": {hostIDProp, kindString}, "computerdnsname": {hostDNS, kindString}, "version": {hostVersion, kindString},
		"devicevalue": {hostValue, kindString}, "aaddeviceid": {hostAad, kindString}, "machinetags": {hostTags, kindList},
		"lastseen": {hostLastSeen, kindTime}, "exposurelevel": {hostExposure, kindString},
		"onboardingstatus": {hostOnboarding, kindString}, "lastipaddress": {hostIP, kindString},
		"healthstatus": {hostHealth, kindString}, "osplatform": {hostPlatform, kindString},
		"riskscore": {hostRisk, kindString}, "rbacgroupid": {hostGroup, kindNumber},
	}
}

func machineValue(m *Machine, id int) value {
	switch id {
	case hostTags:
		return value{kind: kindList, list: m.MachineTags}
	case hostLastSeen:
		return timeValue(m.LastSeen)
	case hostGroup:
		return numberValue(m.RbacGroupID)
	}
	texts := [...]string{
		hostIDProp: m.ID, hostDNS: m.ComputerDNSName, hostVersion: m.Version, hostValue: m.DeviceValue,
		hostAad: m.AadDeviceID, hostExposure: m.ExposureLevel, hostOnboarding: m.OnboardingStatus, hostIP: m.LastIPAddress,
		hostHealth: m.HealthStatus, hostPlatform: m.OSPlatform, hostRisk: m.RiskScore,
	}
	return stringValue(texts[id])
}

func (t *Tenant) listMachines(c *call) {
	q, ok := t.listQuery(c, machineSchema())
	if !ok {
		return
	}
	t.mu.Lock()
	handles, total := t.selectMachines(q)
	empty404 := t.behave.EmptyMachines404
	t.mu.Unlock()
	if total == 0 && empty404 {
		c.fail(http.StatusNotFound, "NotFound", "No machines were found.")
		return
	}
	t.sendMachines(c, q, handles, total)
}

func (t *Tenant) sendMachines(c *call, q query, handles []int32, total int) {
	t.sendRows(c, q, rows{set: "Machines", total: total, page: len(handles), write: func(e *enc, i int) {
		e.machine(t.viewHost(handles[i]))
	}})
}

func (t *Tenant) selectMachines(q query) (window []int32, total int) {
	if q.filter == nil && len(q.order) == 0 {
		for h := int32(q.skip); h < min(int32(q.skip+q.top), t.hosts.count); h++ {
			window = append(window, h)
		}
		return window, int(t.hosts.count)
	}
	var all []int32
	for h := range t.hosts.count {
		if q.filter == nil {
			all = append(all, h)
			continue
		}
		if m := t.viewHost(h); q.filter.matches(func(id int) value { return machineValue(m, id) }) {
			all = append(all, h)
		}
	}
	sortBy(all, q.order, func(h int32, id int) value { return machineValue(t.viewHost(h), id) })
	return page(q, all), len(all)
}

// withMachine looks up the machine of the first variable segment and calls f
// with the lock held, or answers 404.
func (t *Tenant) withMachine(c *call, f func(h int32, m *Machine)) bool {
	t.mu.Lock()
	h, ok := t.findHost(c.args[0])
	if ok {
		f(h, t.viewHost(h))
	}
	t.mu.Unlock()
	if !ok {
		c.notFound("Machine", c.args[0])
	}
	return ok
}

func (t *Tenant) getMachine(c *call) {
	var e enc
	if t.withMachine(c, func(_ int32, m *Machine) { e.machineEntity(c, m) }) {
		c.send(http.StatusOK, jsonType, e.b)
	}
}

func (e *enc) machineEntity(c *call, m *Machine) {
	if m.Raw != "" {
		e.machine(m)
		return
	}
	e.open('{')
	e.str("@odata.context", c.base()+"/api/$metadata#Machines/$entity")
	e.machineBody(m)
	e.close('}')
}

func (t *Tenant) logonUsers(c *call) {
	var users []User
	ok := t.withMachine(c, func(h int32, m *Machine) {
		for _, name := range m.Users {
			users = append(users, t.user(name, h))
		}
	})
	if !ok {
		return
	}
	c.list("Users", func(e *enc) {
		for i := range users {
			e.user(&users[i])
		}
	})
}

// findByIP serves findbyip(ip='…',timestamp=…): internal addresses, at most 30
// days back.
func (t *Tenant) findByIP(c *call) {
	ip, at, ok := ipArguments(c.args[0])
	t.mu.Lock()
	tooOld := ok && at.Before(t.now().Add(-30*24*time.Hour))
	var handles []int32
	if ok && !tooOld {
		for h := range t.hosts.count {
			m := t.viewHost(h)
			if m.LastIPAddress == ip && !m.FirstSeen.After(at.Add(15*time.Minute)) {
				handles = append(handles, h)
			}
		}
	}
	t.mu.Unlock()
	switch {
	case !ok:
		c.fail(http.StatusBadRequest, "InvalidInput", "The parameters ip and timestamp are required.")
	case tooOld:
		c.fail(http.StatusBadRequest, "InvalidInput", "The timestamp must be within the last 30 days.")
	default:
		t.sendMachines(c, query{top: maxTop, topSet: true}, handles, len(handles))
	}
}

func ipArguments(text string) (ip string, at time.Time, ok bool) {
	for _, part := range strings.Split(text, ",") {
		key, v, _ := strings.Cut(part, "=")
		switch strings.TrimSpace(key) {
		case "ip":
			ip = strings.Trim(v, "'")
		case "timestamp":
			var err error
			if at, err = time.Parse(time.RFC3339Nano, v); err != nil {
				return "", at, false
			}
		}
	}
	return ip, at, ip != "" && !at.IsZero()
}

func (t *Tenant) tagMachine(c *call) {
	fields, ok := c.readBody()
	if !ok {
		return
	}
	tag, _ := text(fields, "Value")
	verb, _ := text(fields, "Action")
	if tag == "" || verb != "Add" && verb != "Remove" {
		c.fail(http.StatusBadRequest, "InvalidRequestBody", "Value and Action (Add or Remove) are required.")
		return
	}
	t.changeMachine(c, func(m *Machine) {
		tags := slices.DeleteFunc(slices.Clone(m.MachineTags), func(s string) bool { return s == tag })
		if verb == "Add" {
			tags = append(tags, tag)
		}
		m.MachineTags = tags
	})
}

func (t *Tenant) setDeviceValue(c *call) {
	fields, ok := c.readBody()
	if !ok {
		return
	}
	v, _ := text(fields, "DeviceValue")
	if !slices.Contains([]string{"Low", "Normal", "High"}, v) {
		c.fail(http.StatusBadRequest, "InvalidInput", "DeviceValue must be Low, Normal or High.")
		return
	}
	t.changeMachine(c, func(m *Machine) { m.DeviceValue = v })
}

// patchMachine replaces the whole tag list, which is why nobody should use it.
func (t *Tenant) patchMachine(c *call) {
	fields, ok := c.readBody()
	if !ok {
		return
	}
	var tags []string
	if raw, found := fields["machineTags"]; found && json.Unmarshal(raw, &tags) != nil {
		c.fail(http.StatusBadRequest, "InvalidRequestBody", "machineTags must be a list of strings.")
		return
	}
	value, hasValue := text(fields, "deviceValue")
	t.changeMachine(c, func(m *Machine) {
		if tags != nil {
			m.MachineTags = tags
		}
		if hasValue {
			m.DeviceValue = value
		}
	})
}

func (t *Tenant) changeMachine(c *call, change func(*Machine)) {
	var e enc
	ok := t.withMachine(c, func(h int32, _ *Machine) {
		m := t.ownHost(h)
		change(m)
		c.effect("")
		e.machineEntity(c, m)
	})
	if ok {
		c.send(http.StatusOK, jsonType, e.b)
	}
}

// hostOf takes the host name out of an address.
func hostOf(url string) string {
	_, rest, ok := strings.Cut(url, "://")
	if !ok {
		return ""
	}
	host, _, _ := strings.Cut(rest, "/")
	return host
}
