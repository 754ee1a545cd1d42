package sim

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// hunt is a query that the simulator understands: the latest events of one
// device or of all. It is no query language; what it does not know it refuses,
// so that no test passes on a query that was never read.
type hunt struct {
	device map[string]string // DeviceId, DeviceName or AadDeviceId to its value
	span   span
	limit  int
	asc    bool
	latest bool // summarize arg_max(Timestamp, *) by DeviceId
	shown  []string
}

func huntingTables() []string {
	return []string{
		"DeviceEvents", "DeviceInfo", "DeviceProcessEvents", "DeviceNetworkEvents", "DeviceFileEvents", "DeviceLogonEvents", "DeviceRegistryEvents",
	}
}

func huntingColumns() []string {
	return []string{"Timestamp", "DeviceId", "DeviceName", "ReportId", "AadDeviceId", "OSPlatform"}
}

// runHunting serves advanced hunting.
func (t *Tenant) runHunting(c *call) {
	fields, ok := c.readBody()
	if !ok {
		return
	}
	query, ok := text(fields, "Query")
	if !ok || len(fields) != 1 {
		c.fail(http.StatusBadRequest, "InvalidRequestBody", "The field Query is required.")
		return
	}
	t.mu.Lock()
	now := t.now()
	t.mu.Unlock()
	h, problem := parseHunt(query, now)
	if problem != "" {
		c.fail(http.StatusBadRequest, "BadRequest", "Query error: "+clip(problem, 300))
		return
	}
	t.mu.Lock()
	body := h.table(t.hunted(h), t)
	t.mu.Unlock()
	c.send(http.StatusOK, jsonType, body)
}

func parseHunt(query string, now time.Time) (h hunt, problem string) {
	h = hunt{device: map[string]string{}, span: everything(), limit: 10_000, shown: huntingColumns()}
	stages := strings.Split(query, "|")
	if table := strings.TrimSpace(stages[0]); !slices.Contains(huntingTables(), table) {
		return h, "'" + table + "' does not refer to a known table"
	}
	for _, stage := range stages[1:] {
		words := strings.Join(strings.Fields(stage), " ")
		if !h.stage(words, now) {
			return h, "the simulator does not understand '" + words + "'"
		}
	}
	return h, ""
}

// stage reads one step of the pipe.
func (h *hunt) stage(words string, now time.Time) bool {
	verb, rest, _ := strings.Cut(words, " ")
	switch verb {
	case "where":
		for _, cond := range strings.Split(rest, " and ") {
			if !h.condition(strings.TrimSpace(cond), now) {
				return false
			}
		}
		return true
	case "take", "limit":
		return h.setLimit(rest)
	case "top":
		n, by, _ := strings.Cut(rest, " by ")
		return h.setLimit(n) && h.order(by)
	case "order", "sort":
		return h.order(strings.TrimPrefix(rest, "by "))
	case "summarize":
		h.latest = rest == "arg_max(Timestamp, *) by DeviceId" || rest == "arg_max(Timestamp, ReportId) by DeviceId"
		return h.latest
	case "project":
		h.shown = nil
		for _, column := range strings.Split(rest, ",") {
			h.shown = append(h.shown, strings.TrimSpace(column))
		}
		return !slices.ContainsFunc(h.shown, func(s string) bool { return !slices.Contains(huntingColumns(), s) })
	}
	return false
}

func (h *hunt) setLimit(text string) bool {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	h.limit = min(h.limit, max(0, n))
	return err == nil
}

func (h *hunt) order(by string) bool {
	h.asc = by == "Timestamp asc"
	return h.asc || by == "Timestamp" || by == "Timestamp desc"
}

// condition reads "DeviceId == 'x'" or a bound on Timestamp.
func (h *hunt) condition(text string, now time.Time) bool {
	m := regexp.MustCompile(`^(DeviceId|DeviceName|AadDeviceId) (?:==|=~) ['"]([^'"]*)['"]$`).FindStringSubmatch(text)
	if m != nil {
		h.device[m[1]] = m[2]
		return true
	}
	m = regexp.MustCompile(`^Timestamp (>=|>|<=|<|==) (ago|datetime)\(([^)]*)\)$`).FindStringSubmatch(text)
	if m == nil {
		return false
	}
	at, err := time.Parse(time.RFC3339Nano, m[3])
	if m[2] == "ago" {
		var back time.Duration
		back, err = ago(m[3])
		at = now.Add(-back)
	}
	if err != nil {
		return false
	}
	if m[1][0] != '<' {
		h.span.lo = max(h.span.lo, tickOf(at))
	}
	if m[1][0] != '>' {
		h.span.hi = min(h.span.hi, tickOf(at))
	}
	return true
}

// ago reads 30d, 12h or 5m.
func ago(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(text)
}

// hunted collects the rows. The caller holds the lock.
func (t *Tenant) hunted(h hunt) []deviceEvent {
	var out []deviceEvent
	each := h.limit
	if h.latest {
		each = min(each, 1)
	}
	first, last := int32(0), t.hosts.count
	if id := h.device["DeviceId"]; id != "" {
		first, last = 0, 0
		if host, ok := t.hosts.findID(id); ok {
			first, last = host, host+1
		}
	}
	for host := first; host < last; host++ {
		if len(h.device) == 0 && len(out) >= h.limit {
			break // any of the newest would do; a real tenant promises no more without an order
		}
		m := t.viewHost(host)
		is := map[string]string{"DeviceId": m.ID, "DeviceName": m.ComputerDNSName, "AadDeviceId": m.AadDeviceID}
		match := true
		for column, want := range h.device {
			match = match && strings.EqualFold(is[column], want)
		}
		if match {
			out = append(out, t.eventsOf(host, h.span, each)...)
		}
	}
	slices.SortStableFunc(out, func(a, b deviceEvent) int {
		if h.asc {
			a, b = b, a
		}
		return int(min(1, max(-1, b.at-a.at)))
	})
	return out[:min(h.limit, len(out))]
}

// table writes the answer; the caller holds the lock.
func (h hunt) table(rows []deviceEvent, t *Tenant) []byte {
	var e enc
	e.open('{')
	e.key("Schema")
	e.open('[')
	for _, column := range h.shown {
		kind := map[string]string{"Timestamp": "DateTime", "ReportId": "Int64"}[column]
		e.open('{')
		e.str("Name", column)
		e.str("Type", orElse(kind, "String"))
		e.close('}')
	}
	e.close(']')
	e.key("Results")
	e.open('[')
	for _, row := range rows {
		m := t.viewHost(row.host)
		texts := map[string]string{"DeviceId": m.ID, "DeviceName": m.ComputerDNSName, "AadDeviceId": m.AadDeviceID, "OSPlatform": m.OSPlatform}
		e.open('{')
		for _, column := range h.shown {
			switch column {
			case "Timestamp":
				e.time(column, row.at.time())
			case "ReportId":
				e.num(column, row.report)
			default:
				e.str(column, texts[column])
			}
		}
		e.close('}')
	}
	e.close(']')
	e.key("Stats")
	e.b = append(e.b, `{"ExecutionTime":0.12,"resource_usage":{}}`...)
	e.close('}')
	return json.RawMessage(e.b)
}
