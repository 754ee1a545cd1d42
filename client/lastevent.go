package client

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"cordon/store/soc"
)

// rolesHunt are the roles for advanced hunting.
var rolesHunt = []string{"AdvancedQuery.Read.All"}

// LastEvent finds the newest event of a machine by advanced hunting, which reaches back 30 days: what an alert made by reference can be tied
// to. Errors: KindNotFound when the machine has none, KindDenied without the role AdvancedQuery.Read.All, and those of Machines.
func (c *Client) LastEvent(ctx context.Context, machineID string) (at time.Time, reportID string, err error) {
	seg, err := segment("machine", machineID)
	if err != nil {
		return at, "", err
	}
	if strings.ContainsAny(machineID, `'"\`) { // it goes into a query
		return at, "", invalid("machine", "the machine id "+quoted(machineID)+" is not usable", "")
	}
	for _, table := range []string{"DeviceEvents", "DeviceInfo"} { // the second is written every hour, whatever happens
		query := table + " | where DeviceId == '" + seg + "' | top 1 by Timestamp desc | project Timestamp, DeviceId, ReportId"
		if at, reportID, err = c.hunt(ctx, query, machineID); err != nil || reportID != "" {
			return at, reportID, err
		}
	}
	return at, "", &soc.Error{Kind: soc.KindNotFound, Code: "no-event", What: "Defender has no event of this machine in the last 30 days"}
}

// hunt runs a query that gives one event at most; reportID is empty when there is none.
func (c *Client) hunt(ctx context.Context, query, machineID string) (at time.Time, reportID string, err error) {
	type row struct {
		Timestamp time.Time
		DeviceID  flexString `json:"DeviceId"`
		ReportID  json.Number
	}
	cl := call{
		api: "advancedqueries/run", method: http.MethodPost, path: "advancedqueries/run", body: map[string]string{"Query": query}, prio: PriorityRead,
		needs: rolesHunt, doing: "hunting for an event", target: "this query",
	}
	rows, err := object(ctx, c, cl, func(raw json.RawMessage) (list []row, err error) {
		var answer struct{ Results []row }
		err = json.Unmarshal(raw, &answer)
		return answer.Results, err
	})
	for _, r := range rows {
		if strings.EqualFold(string(r.DeviceID), machineID) && r.ReportID != "" && !r.Timestamp.IsZero() {
			return r.Timestamp, r.ReportID.String(), nil
		}
	}
	return at, "", err
}
