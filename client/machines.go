package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"cordon/store/soc"
)

// MachinesQuery selects machines.
type MachinesQuery struct {
	Filter string // OData
	Top    int    // page size, 0 = 10,000
	Limit  int    // stop after this many, 0 = all
}

// Machines reads machines, all pages. Errors: KindDenied, KindThrottled, KindUnauthorized, KindUnavailable, KindRefused for the filter.
func (c *Client) Machines(ctx context.Context, q MachinesQuery) ([]soc.Host, error) {
	cl := call{
		api: "machines", path: "machines", query: listQuery(q.Filter, "", 0), prio: PriorityRead, needs: rolesMachineRead,
		doing: "reading the machine list", target: "these machines",
	}
	return walk(ctx, c, cl, q.Top, q.Limit, false, hostID, c.decodeHost)
}

func hostID(h soc.Host) string { return h.Key.MachineID }

func (c *Client) decodeHost(raw json.RawMessage) (soc.Host, error) {
	return decodeHost(c.in.ID, raw, c.now())
}

// Machine reads one machine by its id. A 404 is asked for again once, because Defender gives false ones; then it is KindNotFound. The
// answer's id may differ from the one asked for when records were merged.
func (c *Client) Machine(ctx context.Context, id string) (soc.Host, error) {
	cl, err := machineCall(http.MethodGet, id, "", "machine")
	if err != nil {
		return soc.Host{}, err
	}
	cl.needs, cl.doing = rolesMachineRead, "reading the machine"
	h, err := object(ctx, c, cl, c.decodeHost)
	if soc.KindOf(err) == soc.KindNotFound && pause(ctx, backoff(0)) {
		h, err = object(ctx, c, cl, c.decodeHost)
	}
	return h, err
}

// machineCall is a call on one machine, or on something below it.
func machineCall(method, id, below, api string) (call, error) {
	seg, err := segment("machine", id)
	if err != nil {
		return call{}, err
	}
	if below != "" {
		below = "/" + below
	}
	return call{api: api, method: method, path: "machines/" + seg + below, prio: PriorityRead, target: "this machine"}, nil
}

// MachinesByIP reads the machines that had an internal address around a time, at most 30 days back.
func (c *Client) MachinesByIP(ctx context.Context, ip string, at time.Time) ([]soc.Host, error) {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return nil, invalid("ip", "the address "+soc.Clean(clip(ip, 60))+" is not an IP address", "give one like 10.1.2.3")
	}
	cl := call{
		api: "machines/findbyip", path: "machines/findbyip(ip='" + strings.ReplaceAll(addr.String(), ":", "%3A") + "',timestamp=" + at.UTC().Format("2006-01-02T15:04:05Z") + ")",
		prio: PriorityRead, needs: rolesMachineRead, doing: "looking for an address", target: "this address",
	}
	return onePage(ctx, c, cl, c.decodeHost)
}

// onePage reads a collection that has no pages.
func onePage[T any](ctx context.Context, c *Client, cl call, decode func(json.RawMessage) (T, error)) ([]T, error) {
	items, _, err := c.page(ctx, cl, false)
	if err != nil {
		return nil, err
	}
	return decodeAll(c, cl, items, false, decode)
}

// LogonUsers reads the accounts that logged on to a machine. It needs the role User.Read.All, which many tenants do not grant: KindDenied.
func (c *Client) LogonUsers(ctx context.Context, machineID string) ([]soc.LogonUser, error) {
	cl, err := machineCall(http.MethodGet, machineID, "logonusers", "logonusers")
	if err != nil {
		return nil, err
	}
	cl.needs, cl.doing = rolesUserRead, "reading logged-on users"
	return onePage(ctx, c, cl, func(raw json.RawMessage) (soc.LogonUser, error) { return decodeLogon(raw) })
}

// MachineAlerts reads the alerts of one machine.
func (c *Client) MachineAlerts(ctx context.Context, machineID string) ([]soc.RawAlert, error) {
	cl, err := machineCall(http.MethodGet, machineID, "alerts", "machine alerts")
	if err != nil {
		return nil, err
	}
	cl.needs, cl.doing = rolesAlertRead, "reading the machine's alerts"
	return onePage(ctx, c, cl, c.decodeAlert)
}
