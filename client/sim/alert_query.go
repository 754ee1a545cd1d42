package sim

import "slices"

// The alert properties that a filter may name (defender-api 2.3).
const (
	alertID = iota
	alertCreated
	alertUpdated
	alertStatus
	alertSeverity
	alertCategory
	alertSource
	alertAssigned
	alertIncident
	alertInvestigation
	alertLastEvent
)

func alertSchema() schema {
	return schema{
		"id":                {alertID, kindString},
		"alertcreationtime": {alertCreated, kindTime},
		"lastupdatetime":    {alertUpdated, kindTime},
		"lasteventtime":     {alertLastEvent, kindTime},
		"status":            {alertStatus, kindString},
		"severity":          {alertSeverity, kindString},
		"category":          {alertCategory, kindString},
		"detectionsource":   {alertSource, kindString},
		"assignedto":        {alertAssigned, kindString},
		"incidentid":        {alertIncident, kindNumber},
		"investigationid":   {alertInvestigation, kindNumber},
	}
}

// alertReader reads properties of alerts without building their texts where
// the row or the template knows them.
type alertReader struct {
	t        *Tenant
	severity []string
	status   []string
	scratch  Alert
}

func (t *Tenant) alertReader() *alertReader {
	return &alertReader{t: t, severity: severityNames(), status: statusNames()}
}

func (r *alertReader) value(h int32, id int) value {
	row := &r.t.alerts.rows[h]
	switch id {
	case alertCreated:
		return value{kind: kindTime, n: int64(row.created)}
	case alertUpdated:
		return value{kind: kindTime, n: int64(row.updated)}
	case alertStatus:
		return value{kind: kindString, s: r.status[row.status]}
	case alertSeverity:
		return value{kind: kindString, s: r.severity[row.severity]}
	case alertID:
		return value{kind: kindString, s: r.t.alerts.id(h)}
	}
	a := r.t.alerts.full[h]
	if a == nil && id == alertCategory {
		return stringValue(r.t.names.all[row.template].category)
	}
	if a == nil && id == alertSource {
		return stringValue(r.t.names.all[row.template].source)
	}
	if a == nil {
		r.t.makeAlert(h, &r.scratch, false)
		a = &r.scratch
	}
	switch id {
	case alertCategory:
		return stringValue(a.Category)
	case alertSource:
		return stringValue(a.DetectionSource)
	case alertAssigned:
		return stringValue(a.AssignedTo)
	case alertIncident:
		return optNumber(a.IncidentID)
	case alertInvestigation:
		return optNumber(a.InvestigationID)
	}
	return timeValue(a.LastEventTime)
}

// selectAlerts returns the handles of one page and the number of all matches;
// the number is only complete when it is needed. The caller holds the lock.
func (t *Tenant) selectAlerts(q query, keep func(int32) bool) (pageOf []int32, total int) {
	s := &t.alerts
	created := q.filter.bounds(alertCreated, everything())
	updated := q.filter.bounds(alertUpdated, everything())
	if lag := t.behave.AlertLag; lag > 0 {
		updated.hi = min(updated.hi, tickOf(t.now().Add(-lag)))
	}
	byCreated := between(s.byCreated, created, func(h int32) tick { return s.rows[h].created })
	byUpdated := between(s.byUpdated, updated, func(h int32) tick { return s.rows[h].updated })

	r := t.alertReader()
	var current int32
	get := func(id int) value { return r.value(current, id) }
	match := func(h int32) bool {
		current = h
		return s.rows[h].updated <= updated.hi && (keep == nil || keep(h)) && q.filter.matches(get)
	}
	if list, desc, ok := ordered(q.order, byCreated, byUpdated); ok && len(list) <= 4*min(len(byCreated), len(byUpdated)) {
		simple := q.filter == nil && keep == nil && t.behave.AlertLag == 0
		return walk(q, list, desc, simple, match)
	}
	return t.sortedAlerts(q, shorter(byCreated, byUpdated), match, r)
}

// ordered picks the index that already has the asked order. Without $orderby
// the service lists the newest first.
func ordered(keys []orderKey, byCreated, byUpdated []int32) (list []int32, desc, ok bool) {
	switch {
	case len(keys) == 0:
		return byCreated, true, true
	case len(keys) > 1:
		return nil, false, false
	case keys[0].prop.id == alertCreated:
		return byCreated, keys[0].desc, true
	case keys[0].prop.id == alertUpdated:
		return byUpdated, keys[0].desc, true
	}
	return nil, false, false
}

func shorter(a, b []int32) []int32 {
	if len(b) < len(a) {
		return b
	}
	return a
}

// walk takes the window out of an ordered list. Without conditions it is found
// by position; otherwise it stops as soon as the page is full and the next link
// is decided.
func walk(q query, list []int32, desc, simple bool, match func(int32) bool) ([]int32, int) {
	at := func(i int) int32 {
		if desc {
			return list[len(list)-1-i]
		}
		return list[i]
	}
	var out []int32
	if simple {
		for i := q.skip; i < min(q.skip+q.top, len(list)); i++ {
			out = append(out, at(i))
		}
		return out, len(list)
	}
	total := 0
	for i := range list {
		h := at(i)
		if !match(h) {
			continue
		}
		total++
		if total > q.skip && len(out) < q.top {
			out = append(out, h)
		} else if total > q.skip && !q.count {
			break // one more than the page: enough to know that there is more
		}
	}
	return out, total
}

func (t *Tenant) sortedAlerts(q query, candidates []int32, match func(int32) bool, r *alertReader) ([]int32, int) {
	var all []int32
	for _, h := range candidates {
		if match(h) {
			all = append(all, h)
		}
	}
	keys := q.order
	if len(keys) == 0 {
		keys = []orderKey{{prop: property{alertCreated, kindTime}, desc: true}}
	}
	slices.SortFunc(all, t.alerts.compareCreated)
	sortBy(all, keys, r.value)
	return page(q, all), len(all)
}
