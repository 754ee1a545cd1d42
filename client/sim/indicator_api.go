package sim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
)

// maxBatch is how many indicators one import or batch delete takes.
const maxBatch = 500

func indicatorEndpoints() []endpoint {
	roles := []string{"Ti.ReadWrite", "Ti.ReadWrite.All"}
	return []endpoint{
		route("indicators.list", "GET", "indicators", (*Tenant).listIndicators, roles...),
		route("indicators.submit", "POST", "indicators", (*Tenant).submitIndicator, roles...),
		route("indicators.import", "POST", "indicators/import", (*Tenant).importIndicators, roles...).rate(30, rateHour),
		route("indicators.batchDelete", "POST", "indicators/BatchDelete", (*Tenant).deleteIndicators, roles...).rate(30, rateHour),
		route("indicators.delete", "DELETE", "indicators/{}", (*Tenant).deleteIndicator, roles...),
	}
}

func (t *Tenant) listIndicators(c *call) {
	q, ok := t.listQuery(c, indicatorSchema())
	if !ok {
		return
	}
	var found []*Indicator
	t.mu.Lock()
	now := t.now()
	t.indicators.expire(now)
	for _, i := range slices.Backward(t.indicators.all) {
		if t.sees(c, i) && !i.visible.After(now) && q.filter.matches(i.property) {
			kept := *i
			found = append(found, &kept)
		}
	}
	t.mu.Unlock()
	sortBy(found, q.order, (*Indicator).property)
	part := page(q, found)
	t.sendRows(c, q, rows{set: "Indicators", total: len(found), page: len(part), write: func(e *enc, n int) { e.indicator(part[n]) }})
}

func (t *Tenant) submitIndicator(c *call) {
	fields, ok := c.readBody()
	if !ok {
		return
	}
	t.mu.Lock()
	in, problem := readIndicator(fields, t.now())
	var e enc
	if problem == nil {
		var kept *Indicator
		if kept, problem = t.submit(c, in); problem == nil {
			c.effect("")
			e.open('{')
			e.str("@odata.context", c.base()+"/api/$metadata#Indicators/$entity")
			e.indicatorBody(kept)
			e.close('}')
		}
	}
	t.mu.Unlock()
	if problem != nil {
		c.fail(http.StatusBadRequest, problem.code, problem.message)
		return
	}
	c.send(http.StatusOK, jsonType, e.b)
}

// importIndicators answers 200 whatever becomes of the items.
func (t *Tenant) importIndicators(c *call) {
	fields, ok := c.readBody()
	if !ok {
		return
	}
	var items []map[string]json.RawMessage
	if json.Unmarshal(fields["Indicators"], &items) != nil || len(items) == 0 {
		c.fail(http.StatusBadRequest, "InvalidRequestBody", "The field Indicators is required.")
		return
	}
	if c.tooMany(len(items)) {
		return
	}
	var results enc
	t.mu.Lock()
	for _, item := range items {
		in, problem := readIndicator(item, t.now())
		var kept *Indicator
		if problem == nil {
			kept, problem = t.submit(c, in)
		}
		if problem == nil {
			c.effect("")
		}
		results.itemResult(kept, in.Value, problem)
	}
	t.mu.Unlock()
	c.list("Collection(microsoft.windowsDefenderATP.api.ImportIndicatorResult)", func(e *enc) { e.b = append(e.b, results.b...) })
}

func (e *enc) itemResult(kept *Indicator, v string, problem *wrong) {
	e.open('{')
	if problem == nil {
		e.str("id", kept.ID)
		e.str("indicator", kept.Value)
		e.flag("isFailed", false)
		e.null("failureReason")
	} else {
		e.null("id")
		e.opt("indicator", v)
		e.flag("isFailed", true)
		e.str("failureReason", problem.message)
	}
	e.close('}')
}

func (c *call) tooMany(n int) bool {
	if n <= maxBatch {
		return false
	}
	c.fail(http.StatusBadRequest, "MaximumBatchSizeExceeded",
		"Maximum batch size exceeded. Received: "+strconv.Itoa(n)+", allowed: "+strconv.Itoa(maxBatch)+".")
	return true
}

func (t *Tenant) deleteIndicator(c *call) {
	if !t.dropAll(c, c.args[:1]) {
		c.notFound("Indicator", c.args[0])
		return
	}
	c.send(http.StatusNoContent, "", nil)
}

func (t *Tenant) deleteIndicators(c *call) {
	fields, ok := c.readBody()
	if !ok {
		return
	}
	var ids []string
	if json.Unmarshal(fields["IndicatorIds"], &ids) != nil || len(ids) == 0 {
		c.fail(http.StatusBadRequest, "InvalidRequestBody", "The field IndicatorIds is required.")
		return
	}
	if c.tooMany(len(ids)) {
		return
	}
	for _, id := range ids {
		if _, err := strconv.ParseInt(id, 10, 64); err != nil {
			c.fail(http.StatusBadRequest, "InvalidInput", "The indicator id '"+clip(id, 100)+"' is not valid.")
			return
		}
	}
	if !t.dropAll(c, ids) {
		c.notFound("One of the indicators", "")
		return
	}
	c.send(http.StatusNoContent, "", nil)
}

// dropAll deletes all indicators with these ids, or none when one of them is
// unknown to the caller.
func (t *Tenant) dropAll(c *call, ids []string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.indicators.expire(t.now())
	for _, id := range ids {
		if i := t.indicators.find(id); i == nil || !t.sees(c, i) {
			return false
		}
	}
	t.indicators.remove(func(i *Indicator) bool { return slices.Contains(ids, i.ID) })
	c.effect("")
	return true
}
