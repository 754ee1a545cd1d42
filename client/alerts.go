package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"cordon/store/soc"
)

// Names of endpoints, for the budget.
const (
	apiAlerts      = "alerts"
	apiBatchUpdate = "alerts/batchUpdate"
)

// Roles that a call needs, one of each list.
var (
	rolesAlertRead   = []string{"Alert.Read.All", "Alert.ReadWrite.All"}
	rolesAlertWrite  = []string{"Alert.ReadWrite.All"}
	rolesMachineRead = []string{"Machine.Read.All", "Machine.ReadWrite.All"}
	rolesIsolate     = []string{"Machine.Isolate"}
	rolesUserRead    = []string{"User.Read.All"}
)

// maxEvidencePage is the largest page with evidence; Defender fails on much larger answers.
const maxEvidencePage = 1000

// AlertsQuery selects one page of alerts.
type AlertsQuery struct {
	Filter   string // OData
	OrderBy  string // undocumented, and refused or ignored by some tenants
	Top      int    // 0 = 1,000; with evidence at most 1,000
	Skip     int
	Evidence bool // without it, list items have none
}

// Alerts reads one page. Errors: KindDenied, KindThrottled, KindUnauthorized, KindUnavailable, KindRefused for a filter that Defender does
// not take.
func (c *Client) Alerts(ctx context.Context, q AlertsQuery) ([]soc.RawAlert, error) {
	alerts, _, err := c.alerts(ctx, q)
	return alerts, err
}

// alerts reads one page and tells whether it was full, counting the items that could not be read too.
func (c *Client) alerts(ctx context.Context, q AlertsQuery) (page []soc.RawAlert, full bool, err error) {
	top, limit := q.Top, maxPageSize
	if top <= 0 {
		top = maxEvidencePage
	}
	cl := alertsCall()
	cl.query = listQuery(q.Filter, q.OrderBy, q.Skip)
	if q.Evidence {
		cl.query.Set("$expand", "evidence")
		limit = maxEvidencePage
	}
	top = min(top, limit)
	cl.query.Set("$top", strconv.Itoa(top))
	items, next, err := c.page(ctx, cl, false)
	if err != nil {
		return nil, false, err
	}
	page, err = decodeAll(c, cl, items, false, c.decodeAlert)
	return page, len(items) >= top || next != "", err
}

func alertsCall() call {
	return call{api: apiAlerts, path: "alerts", prio: PriorityRead, needs: rolesAlertRead, doing: "reading alerts", target: "these alerts"}
}

func (c *Client) decodeAlert(raw json.RawMessage) (soc.RawAlert, error) {
	return decodeAlert(c.in.ID, raw)
}

// AlertsUpdated reads a page of the alerts whose last update lies in [from, until), with evidence; a zero until is open. They come oldest
// first if the tenant keeps an order at all: it is undocumented, some refuse it, some ignore it. full tells that there may be more.
func (c *Client) AlertsUpdated(ctx context.Context, from, until time.Time, top, skip int) (page []soc.RawAlert, full bool, err error) {
	return c.alertsBetween(ctx, "lastUpdateTime", "", from, until, top, skip)
}

// AlertsOpen reads a page of the unresolved alerts that were created in [from, until), as AlertsUpdated does.
func (c *Client) AlertsOpen(ctx context.Context, from, until time.Time, top, skip int) (page []soc.RawAlert, full bool, err error) {
	return c.alertsBetween(ctx, "alertCreationTime", "status ne 'Resolved'", from, until, top, skip)
}

func (c *Client) alertsBetween(ctx context.Context, property, filter string, from, until time.Time, top, skip int) (page []soc.RawAlert, full bool, err error) {
	q := AlertsQuery{Filter: and(filter, between(property, from, until)), Top: top, Skip: skip, Evidence: true}
	if !c.noOrder.Load() {
		q.OrderBy = property + " asc"
		if page, full, err = c.alerts(ctx, q); soc.KindOf(err) != soc.KindRefused {
			return page, full, err
		}
		q.OrderBy = ""
	}
	if page, full, err = c.alerts(ctx, q); err == nil {
		c.noOrder.Store(true)
	}
	return page, full, err
}

// Alert reads one alert with its evidence. Errors as Alerts, and KindNotFound.
func (c *Client) Alert(ctx context.Context, id string) (soc.RawAlert, error) {
	seg, err := segment("alert", id)
	if err != nil {
		return soc.RawAlert{}, err
	}
	cl := call{
		api: "alert", method: http.MethodGet, path: "alerts/" + seg, prio: PriorityRead, needs: rolesAlertRead,
		doing: "reading an alert", target: "this alert",
	}
	return object(ctx, c, cl, c.decodeAlert)
}

// object reads one object.
func object[T any](ctx context.Context, c *Client, cl call, decode func(json.RawMessage) (T, error)) (T, error) {
	var out T
	err := c.run(ctx, cl, func(r io.Reader) error {
		body, err := readObject(r)
		if err != nil {
			return err
		}
		out, err = decode(body)
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return out, nil
}

// updateBody carries the changed fields only.
type updateBody struct {
	AlertIDs       []string         `json:"alertIds,omitempty"`
	Status         *soc.AlertStatus `json:"status,omitempty"`
	AssignedTo     *string          `json:"assignedTo,omitempty"`
	Classification *string          `json:"classification,omitempty"`
	Determination  *string          `json:"determination,omitempty"`
	Comment        *string          `json:"comment,omitempty"`
}

func bodyOf(u soc.AlertUpdate) (updateBody, error) {
	b := updateBody{
		Status: u.Status, AssignedTo: u.AssignedTo, Classification: u.Classification, Determination: u.Determination, Comment: u.Comment,
	}
	if b.Status == nil && b.AssignedTo == nil && b.Classification == nil && b.Determination == nil && b.Comment == nil {
		return b, invalid("update", "nothing would change", "choose a new value first")
	}
	return b, nil
}

// UpdateAlert changes one alert and returns it as Defender now shows it, which may still be the old state for a moment. It is not
// repeated: KindUnknownOutcome means read it again. Other errors as Alert.
func (c *Client) UpdateAlert(ctx context.Context, id string, u soc.AlertUpdate) (soc.RawAlert, error) {
	seg, err := segment("alert", id)
	if err != nil {
		return soc.RawAlert{}, err
	}
	body, err := bodyOf(u)
	if err != nil {
		return soc.RawAlert{}, err
	}
	cl := call{
		api: "alert update", method: http.MethodPatch, path: "alerts/" + seg, body: body, prio: PriorityFollowUp, write: true,
		needs: rolesAlertWrite, doing: "changing an alert", target: "this alert",
	}
	return object(ctx, c, cl, func(raw json.RawMessage) (soc.RawAlert, error) {
		a, err := c.decodeAlert(raw)
		if err == nil && a.Alert.ID != id {
			err = fmt.Errorf("it is about alert %s, not %s", a.Alert.ID, id)
		}
		return a, err
	})
}

// maxBatch is how many alerts one batch update may name; Defender documents no maximum.
const maxBatch = 100

// UpdateAlerts changes several alerts in the same way, in batches of 100. It stops at the first error; the batches before it took effect.
func (c *Client) UpdateAlerts(ctx context.Context, ids []string, u soc.AlertUpdate) error {
	for _, id := range ids {
		if _, err := segment("alert", id); err != nil {
			return err
		}
	}
	for len(ids) > 0 {
		n := min(len(ids), maxBatch)
		body, err := bodyOf(u)
		if err != nil {
			return err
		}
		body.AlertIDs = ids[:n]
		cl := call{
			api: apiBatchUpdate, method: http.MethodPost, path: "alerts/batchUpdate", body: body, prio: PriorityFollowUp, write: true,
			empty: true, needs: rolesAlertWrite, doing: "changing alerts", target: "one of these alerts",
		}
		if err := c.run(ctx, cl, nil); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}
