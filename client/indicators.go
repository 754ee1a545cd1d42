package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"cordon/store/soc"
)

// Names of endpoints with a smaller budget of their own.
const (
	apiIndicatorImport = "indicators/import"
	apiReference       = "alerts/CreateAlertByReference"
)

const (
	// IndicatorCap is how many active indicators a tenant may hold; Defender does not extend it.
	IndicatorCap = 15_000
	// maxImport is how many indicators one import may carry.
	maxImport = 500
)

// rolesIndicators: the first sees every indicator, the second only those that the application itself made.
var rolesIndicators = []string{"Ti.ReadWrite.All", "Ti.ReadWrite"}

// Indicators reads all indicators that the application may see. Partial says why some may be missing. Errors: KindDenied, KindThrottled,
// KindUnauthorized, KindUnavailable.
func (c *Client) Indicators(ctx context.Context) (soc.IndicatorList, error) {
	list := soc.IndicatorList{Cap: IndicatorCap}
	var err error
	if list.Indicators, err = c.indicators(ctx, ""); err != nil {
		return soc.IndicatorList{}, err
	}
	if have := c.tokens.peek(); have.Known && !hasAny(have.Roles, rolesIndicators[:1]) {
		list.Partial = "the application has the role Ti.ReadWrite, not Ti.ReadWrite.All: it sees only indicators that it made itself"
	}
	return list, nil
}

// IndicatorByValue reads the indicators of one type and value: usually none or one, more when they differ in device groups. Errors as
// Indicators, and KindInvalid for a value that the type can not have.
func (c *Client) IndicatorByValue(ctx context.Context, kind, value string) ([]soc.Indicator, error) {
	value, err := indicatorValue(kind, strings.TrimSpace(value))
	if err != nil {
		return nil, err
	}
	all, err := c.indicators(ctx, and("indicatorType eq "+odataText(kind), "indicatorValue eq "+odataText(value)))
	if err != nil {
		return nil, err
	}
	mine := all[:0]
	for _, i := range all {
		if strings.EqualFold(i.Type, kind) && strings.EqualFold(i.Value, value) { // never trust a filter with what is then deleted
			mine = append(mine, i)
		}
	}
	return mine, nil
}

func (c *Client) indicators(ctx context.Context, filter string) ([]soc.Indicator, error) {
	cl := call{
		api: "indicators", path: "indicators", query: listQuery(filter, "", 0), prio: PriorityRead, needs: rolesIndicators,
		doing: "reading indicators", target: "these indicators",
	}
	return walk(ctx, c, cl, 0, 0, false, func(i soc.Indicator) string { return i.ID }, c.decodeIndicator)
}

func (c *Client) decodeIndicator(raw json.RawMessage) (soc.Indicator, error) {
	return decodeIndicator(c.in.ID, raw)
}

// SubmitIndicator writes one indicator, once, and returns it as Defender took it. The same type and value again updates the indicator that
// is there. Errors: KindInvalid before anything is sent, KindRefused, KindDenied, KindThrottled, KindUnauthorized and KindUnavailable
// changed nothing; KindUnknownOutcome may have: look it up by its value.
func (c *Client) SubmitIndicator(ctx context.Context, i soc.Indicator) (soc.Indicator, error) {
	i, err := CheckIndicator(i)
	if err != nil {
		return soc.Indicator{}, err
	}
	cl := call{
		api: "indicator submit", method: http.MethodPost, path: "indicators", body: bodyOfIndicator(i), prio: PriorityFollowUp, write: true,
		needs: rolesIndicators, doing: "submitting the indicator", target: "this indicator",
	}
	return object(ctx, c, cl, func(raw json.RawMessage) (soc.Indicator, error) {
		got, err := c.decodeIndicator(raw)
		if err == nil && !(strings.EqualFold(got.Type, i.Type) && strings.EqualFold(got.Value, i.Value)) {
			err = fmt.Errorf("it is about the indicator %s, not %s", clip(got.Value, 80), clip(i.Value, 80))
		}
		return got, err
	})
}

// ImportIndicators writes many indicators, 500 in a call, and says for each what became of it, in the order given: an answer of 200 means
// nothing by itself. Those that Defender can not take are left out and named. At the first call that fails it stops with the error; the
// items of that call say what is known, those after it say that they were not sent.
func (c *Client) ImportIndicators(ctx context.Context, list []soc.Indicator) ([]soc.ItemResult, error) {
	results, checked := make([]soc.ItemResult, len(list)), make([]soc.Indicator, len(list))
	var fit []int
	for n, i := range list {
		var err error
		checked[n], err = CheckIndicator(i)
		results[n].Item = checked[n].Value
		if err != nil {
			results[n].Reason = what(err)
			continue
		}
		results[n].Reason = "not sent"
		fit = append(fit, n)
	}
	for len(fit) > 0 {
		batch := fit[:min(len(fit), maxImport)]
		if err := c.importBatch(ctx, checked, batch, results); err != nil {
			return results, err
		}
		fit = fit[len(batch):]
	}
	return results, nil
}

// importBatch sends the indicators of one call and enters their results.
func (c *Client) importBatch(ctx context.Context, checked []soc.Indicator, batch []int, results []soc.ItemResult) error {
	bodies := make([]indicatorBody, 0, len(batch))
	for _, n := range batch {
		bodies = append(bodies, bodyOfIndicator(checked[n]))
	}
	cl := call{
		api: apiIndicatorImport, method: http.MethodPost, path: "indicators/import", prio: PriorityFollowUp, write: true, needs: rolesIndicators,
		body:  map[string]any{"Indicators": bodies},
		doing: "importing indicators", target: "these indicators",
	}
	told, err := object(ctx, c, cl, func(raw json.RawMessage) (map[string]soc.ItemResult, error) { return decodeItems(raw) })
	for _, n := range batch {
		switch r, ok := told[strings.ToLower(results[n].Item)]; {
		case err != nil:
			results[n].Reason = what(err)
		case !ok:
			results[n].Reason = "Defender's answer does not say what became of it"
		default:
			results[n].OK, results[n].Reason = r.OK, r.Reason
		}
	}
	return err
}

// decodeItems reads the results of a batch, by value in lower case. An item that does not say isFailed is no success.
func decodeItems(raw []byte) (map[string]soc.ItemResult, error) {
	var answer struct {
		Value flexList[wireItem] `json:"value"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, err
	}
	out := map[string]soc.ItemResult{}
	for _, w := range answer.Value {
		r := soc.ItemResult{Item: word(w.Indicator), OK: w.IsFailed != nil && !bool(*w.IsFailed)}
		if !r.OK {
			r.Reason = orDefault(text(w.FailureReason), "Defender refused it without a reason")
		}
		out[strings.ToLower(r.Item)] = r
	}
	return out, nil
}

// DeleteIndicator removes an indicator by Defender's id. One that is gone already is KindNotFound. Other errors as SubmitIndicator.
func (c *Client) DeleteIndicator(ctx context.Context, id string) error {
	seg, err := segment("indicator", id)
	if err != nil {
		return err
	}
	cl := call{
		api: "indicator delete", method: http.MethodDelete, path: "indicators/" + seg, prio: PriorityFollowUp, write: true, empty: true,
		needs: rolesIndicators, doing: "deleting the indicator", target: "this indicator",
	}
	return c.run(ctx, cl, nil)
}
