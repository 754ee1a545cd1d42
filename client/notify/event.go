package notify

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"cordon/store/soc"
)

// Kinds of messages.
const (
	KindEvent      = "event"      // something happened: one audit entry
	KindCheckpoint = "checkpoint" // a signed statement of where the history stands
	KindHeartbeat  = "heartbeat"  // a sign of life; its absence is the alarm
	KindTest       = "test"       // somebody wants to see whether it arrives
)

// Weight says how loud a message is and whether it may be left out.
type Weight int

// The weights. Only WeightInfo may be dropped, and only when the backlog is too long.
const (
	WeightInfo Weight = iota
	WeightNotice
	WeightWarning
	WeightError
)

// String is the word in the event.
func (w Weight) String() string { return [...]string{"info", "notice", "warning", "error"}[w] }

// WeightOf judges an audit entry: what failed is an error, what was refused a warning, whatever concerns a lockdown at least a notice.
func WeightOf(e soc.AuditEntry) Weight {
	switch {
	case e.Result == soc.ResultFailed, e.Action == "late-isolate", e.After == string(soc.PhaseReleaseBlocked), e.After == string(soc.PhaseNeedsHuman):
		return WeightError
	case e.Result == soc.ResultRefused:
		return WeightWarning
	case e.Lockdown != "" || e.Before != e.After:
		return WeightNotice
	}
	return WeightInfo
}

// Event tells of one audit entry. It is an allow-list: what is not a field here never leaves, and no field can hold a credential. ID is the
// same at every delivery and differs between histories, because it holds the entry's place in the hash chain: a receiver that drops what it
// has seen drops nothing else (F80).
type Event struct {
	Kind        string            `json:"kind"`
	ID          string            `json:"id"`
	Seq         uint64            `json:"seq"`
	Time        time.Time         `json:"time"`
	Weight      string            `json:"severity"`
	Integration soc.IntegrationID `json:"integration,omitempty"`
	Tenant      string            `json:"tenant,omitempty"` // name of the integration
	Environment string            `json:"environment,omitempty"`
	Action      string            `json:"action"`
	Result      string            `json:"result"`
	Success     bool              `json:"success"`
	WillRetry   bool              `json:"willRetry"`
	Cause       soc.Cause         `json:"cause,omitempty"`
	Host        string            `json:"host,omitempty"`   // what people call the machine
	Target      string            `json:"target,omitempty"` // what else it was about: an integration, a part of cordon
	MachineID   string            `json:"machineId,omitempty"`
	Lockdown    soc.LockdownID    `json:"lockdown,omitempty"`
	Before      string            `json:"before,omitempty"`
	After       string            `json:"after,omitempty"`
	Deadline    time.Time         `json:"deadline,omitzero"` // of the lockdown, as known when the event was sent
	Actor       string            `json:"actor"`
	Via         string            `json:"via,omitempty"`
	ActionID    string            `json:"actionId,omitempty"`
	Detail      string            `json:"detail,omitempty"`
	Version     string            `json:"version,omitempty"`
}

// NewEvent tells of an entry. l is its lockdown, in names its integration; both may be zero.
func NewEvent(e soc.AuditEntry, l soc.Lockdown, in soc.Integration) Event {
	success, retry := Verdict(e)
	ev := Event{
		Kind: KindEvent, ID: eventID(e), Seq: e.Seq, Time: e.Time, Weight: WeightOf(e).String(), Integration: e.Integration,
		Tenant: in.Name, Environment: in.Environment, Action: e.Action, Result: e.Result, Success: success, WillRetry: retry, Cause: e.Cause,
		Target: e.Target, MachineID: e.Host, Lockdown: e.Lockdown, Before: e.Before, After: e.After, Deadline: l.Deadline,
		Actor: e.Actor.Name, Via: e.Actor.Via, ActionID: e.ActionID, Detail: e.Detail, Version: e.Version,
	}
	if e.Host != "" {
		ev.Host, ev.Target = e.Target, ""
	}
	return ev
}

func eventID(e soc.AuditEntry) string { return fmt.Sprintf("evt_%d_%s", e.Seq, short(e.Hash)) }

func short(hash string) string {
	if hash == "" {
		return "unreadable"
	}
	return hash[:min(len(hash), 16)]
}

// Verdict says whether what the entry tells of worked, and if not, whether cordon tries again by itself (V-40). It is judged from the entry
// alone, so that a later delivery says the same.
func Verdict(e soc.AuditEntry) (success, willRetry bool) {
	switch e.Result {
	case soc.ResultOK, soc.ResultAccepted, soc.ResultSeen:
		return true, false
	case soc.ResultCancelled:
		return e.Action == string(soc.ActCancel), false
	}
	if e.Action == "restart" { // a supervised part starts again
		return false, true
	}
	waits := []soc.Phase{
		soc.PhaseRequested, soc.PhaseSubmitting, soc.PhasePending, soc.PhaseReleaseRequested, soc.PhaseReleasing, soc.PhaseReleaseBlocked,
	}
	return false, e.Lockdown != "" && slices.Contains(waits, soc.Phase(e.After))
}

// Message is what a sink delivers. Body is JSON without line breaks.
type Message struct {
	ID     string
	Kind   string
	Weight Weight
	Time   time.Time
	Body   []byte
	// Event is what Body says, of an event; Turn is set when it is the turn of a lockdown. Sinks with words of their own use these.
	Event *Event
	Turn  *Turn
}

// checkpoint is a soc.Checkpoint as a message.
type checkpoint struct {
	Kind       string         `json:"kind"`
	ID         string         `json:"id"`
	Checkpoint soc.Checkpoint `json:"checkpoint"`
}

func checkpointMessage(c soc.Checkpoint) (Message, error) {
	id := fmt.Sprintf("chk_%d_%s", c.N, short(c.Hash))
	return message(id, KindCheckpoint, WeightNotice, c.Time, checkpoint{KindCheckpoint, id, c})
}

func eventMessage(e Event, w Weight) (Message, error) {
	m, err := message(e.ID, KindEvent, w, e.Time, e)
	m.Event = &e
	return m, err
}

func message(id, kind string, w Weight, at time.Time, body any) (Message, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return Message{}, fmt.Errorf("writing a notification: %w", err)
	}
	return Message{ID: id, Kind: kind, Weight: w, Time: at, Body: b}, nil
}
