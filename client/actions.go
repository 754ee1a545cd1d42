package client

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"cordon/store/soc"
)

// ActionsQuery selects machine actions, newest first.
type ActionsQuery struct {
	MachineID string
	Types     []soc.ActionType
	Since     time.Time // created since
	Filter    string    // further OData condition
	Top       int       // page size, 0 = 10,000
	Limit     int       // stop after this many, 0 = all
}

// Actions reads machine actions, all pages. A record that can not be trusted (F37) fails the whole read: half a list is no basis for
// deciding whether a host is isolated. Errors: KindDenied, KindThrottled, KindUnauthorized, KindUnavailable, KindRefused.
func (c *Client) Actions(ctx context.Context, q ActionsQuery) ([]soc.MachineAction, error) {
	var types []string
	for _, t := range q.Types {
		types = append(types, "type eq "+odataText(string(t)))
	}
	kind := strings.Join(types, " or ")
	if len(types) > 1 {
		kind = "(" + kind + ")"
	}
	machine := ""
	if q.MachineID != "" {
		machine = "machineId eq " + odataText(q.MachineID)
	}
	cl := call{
		api: "machineactions", path: "machineactions", prio: PriorityFollowUp, needs: rolesMachineRead,
		query: listQuery(and(machine, kind, between("creationDateTimeUtc", q.Since, time.Time{}), q.Filter), "creationDateTimeUtc desc", 0),
		doing: "reading machine actions", target: "these actions",
	}
	return walk(ctx, c, cl, q.Top, q.Limit, true, func(a soc.MachineAction) string { return a.ID }, c.decodeAction)
}

func (c *Client) decodeAction(raw json.RawMessage) (soc.MachineAction, error) {
	return decodeAction(c.in.ID, raw)
}

// isolation are the types that decide whether a host is cut off.
func isolation() []soc.ActionType { return []soc.ActionType{soc.ActionIsolate, soc.ActionUnisolate} }

// IsolationActions reads every isolate and unisolate of the fleet that was created since a time.
func (c *Client) IsolationActions(ctx context.Context, since time.Time) ([]soc.MachineAction, error) {
	return c.Actions(ctx, ActionsQuery{Types: isolation(), Since: since})
}

// hostActions is how many of a host's actions are read to derive its isolation.
const hostActions = 50

// HostActions reads the newest 50 isolates and unisolates of one host. Errors as Actions; KindInvalid for an unusable id.
func (c *Client) HostActions(ctx context.Context, machineID string) ([]soc.MachineAction, error) {
	if _, err := segment("machine", machineID); err != nil {
		return nil, err
	}
	all, err := c.Actions(ctx, ActionsQuery{MachineID: machineID, Types: isolation(), Top: hostActions, Limit: hostActions})
	if err != nil {
		return nil, err
	}
	mine := all[:0]
	for _, a := range all {
		if strings.EqualFold(a.MachineID, machineID) { // never trust a filter with another host's state
			mine = append(mine, a)
		}
	}
	slices.SortStableFunc(mine, func(a, b soc.MachineAction) int { return b.Created.Compare(a.Created) })
	return mine, nil
}

// Action reads one action. A new one can be KindNotFound for a few seconds.
func (c *Client) Action(ctx context.Context, id string) (soc.MachineAction, error) {
	seg, err := segment("action", id)
	if err != nil {
		return soc.MachineAction{}, err
	}
	cl := call{
		api: "machineaction", method: http.MethodGet, path: "machineactions/" + seg, prio: PriorityFollowUp, needs: rolesMachineRead,
		doing: "reading an action", target: "this action",
	}
	return c.action(ctx, cl, func(a soc.MachineAction) string { return differs("action", a.ID, id) })
}

// action reads a single action strictly; fits says what is wrong with it for the question asked.
func (c *Client) action(ctx context.Context, cl call, fits func(soc.MachineAction) string) (soc.MachineAction, error) {
	return object(ctx, c, cl, func(raw json.RawMessage) (soc.MachineAction, error) {
		if err := shape(raw, true); err != nil {
			return soc.MachineAction{}, err
		}
		a, err := c.decodeAction(raw)
		if err != nil {
			return soc.MachineAction{}, err
		}
		if wrong := fits(a); wrong != "" {
			return soc.MachineAction{}, cl.unclear(soc.CodeMismatch, "Defender's answer does not fit what was asked: "+wrong, nil)
		}
		return a, nil
	})
}

func differs(what, got, want string) string {
	if strings.EqualFold(got, want) {
		return ""
	}
	return "it names " + what + " " + clip(orDefault(got, "(none)"), 80) + ", not " + clip(want, 80)
}

// maxComment bounds a comment; Defender's own limit is not documented.
const maxComment = 1000

// orderBody is the body of every action; the letter case of its keys matters.
type orderBody struct {
	Comment       string            `json:"Comment"`
	IsolationType soc.IsolationType `json:"IsolationType,omitempty"`
	ScanType      string            `json:"ScanType,omitempty"`
}

// comment makes a comment fit for sending: one line, clean, not empty, not too long. Cutting it could cut the token by which a lost order
// is found again, so too long is an error.
func comment(s string) (string, error) {
	s = strings.TrimSpace(soc.Clean(s))
	if s == "" {
		return "", invalid("comment", "the comment is empty", "Defender wants a reason; write one")
	}
	if len(s) >= maxComment {
		return "", invalid("comment", "the comment is too long", "keep it under 1,000 bytes")
	}
	return s, nil
}

// order sends an action to a machine, once. The answer counts only if it is an action of the kind on the machine (F21); everything else
// that is not a definite refusal is KindUnknownOutcome.
func (c *Client) order(ctx context.Context, machineID, verb string, kind soc.ActionType, prio Priority, role, doing string, body orderBody) (soc.MachineAction, error) {
	cl, err := machineCall(http.MethodPost, machineID, verb, verb)
	if err != nil {
		return soc.MachineAction{}, err
	}
	if body.Comment, err = comment(body.Comment); err != nil {
		return soc.MachineAction{}, err
	}
	cl.body, cl.prio, cl.write, cl.needs, cl.doing = body, prio, true, []string{role}, doing
	return c.action(ctx, cl, func(a soc.MachineAction) string {
		switch {
		case !usableID(a.ID):
			return "the action's id " + clip(a.ID, 60) + " is not usable"
		case !a.Is(kind):
			return differs("the action type", string(a.Type), string(kind))
		}
		return differs("machine", a.MachineID, machineID)
	})
}

// usableID accepts what an action id looks like: a GUID, or at least a long word of the same letters.
func usableID(id string) bool {
	if len(id) < 8 || len(id) > 128 {
		return false
	}
	_, err := segment("action", id)
	return err == nil
}

// Isolate orders the isolation of a machine. A success means that Defender accepted the order, not that the host is cut off. Errors:
// KindInProgress when an action is open on the host; KindRefused, KindDenied, KindNotFound, KindThrottled, KindUnauthorized and
// KindUnavailable certainly changed nothing; KindUnknownOutcome may have.
func (c *Client) Isolate(ctx context.Context, machineID string, kind soc.IsolationType, why string) (soc.MachineAction, error) {
	return c.order(ctx, machineID, "isolate", soc.ActionIsolate, PriorityIsolate, "Machine.Isolate", "isolating the host",
		orderBody{Comment: why, IsolationType: kind})
}

// Unisolate orders the release of a machine; errors as Isolate.
func (c *Client) Unisolate(ctx context.Context, machineID, why string) (soc.MachineAction, error) {
	return c.order(ctx, machineID, "unisolate", soc.ActionUnisolate, PriorityRelease, "Machine.Isolate", "releasing the host", orderBody{Comment: why})
}

// Scan orders a quick antivirus scan; errors as Isolate.
func (c *Client) Scan(ctx context.Context, machineID, why string) (soc.MachineAction, error) {
	return c.order(ctx, machineID, "runAntiVirusScan", soc.ActionScan, PriorityFollowUp, "Machine.Scan", "ordering a scan",
		orderBody{Comment: why, ScanType: "Quick"})
}

// Restrict orders that only signed code may run; errors as Isolate.
func (c *Client) Restrict(ctx context.Context, machineID, why string) (soc.MachineAction, error) {
	return c.order(ctx, machineID, "restrictCodeExecution", soc.ActionRestrict, PriorityIsolate, "Machine.RestrictExecution",
		"restricting apps on the host", orderBody{Comment: why})
}

// Unrestrict lifts Restrict; errors as Isolate.
func (c *Client) Unrestrict(ctx context.Context, machineID, why string) (soc.MachineAction, error) {
	return c.order(ctx, machineID, "unrestrictCodeExecution", soc.ActionUnrestrict, PriorityRelease, "Machine.RestrictExecution",
		"lifting the app restriction of the host", orderBody{Comment: why})
}

// Collect orders an investigation package; errors as Isolate.
func (c *Client) Collect(ctx context.Context, machineID, why string) (soc.MachineAction, error) {
	return c.order(ctx, machineID, "collectInvestigationPackage", soc.ActionCollect, PriorityFollowUp, "Machine.CollectForensics",
		"collecting an investigation package", orderBody{Comment: why})
}

// CancelAction takes an open action back. KindRefused usually means that it is final or being carried out: read it again. Other errors as
// Isolate.
func (c *Client) CancelAction(ctx context.Context, id, why string) (soc.MachineAction, error) {
	seg, err := segment("action", id)
	if err != nil {
		return soc.MachineAction{}, err
	}
	if why, err = comment(why); err != nil {
		return soc.MachineAction{}, err
	}
	cl := call{
		api: "cancel", method: http.MethodPost, path: "machineactions/" + seg + "/cancel", body: orderBody{Comment: why},
		prio: PriorityRelease, write: true, needs: rolesIsolate, doing: "cancelling the action", target: "this action",
	}
	return c.action(ctx, cl, func(a soc.MachineAction) string { return differs("action", a.ID, id) })
}
