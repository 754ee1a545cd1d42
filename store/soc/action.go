package soc

import (
	"strings"
	"time"
)

// ActionType is the kind of a machine action; an open set.
type ActionType string

// Kinds that cordon uses by name.
const (
	ActionIsolate    ActionType = "Isolate"
	ActionUnisolate  ActionType = "Unisolate"
	ActionScan       ActionType = "RunAntiVirusScan"
	ActionRestrict   ActionType = "RestrictCodeExecution"
	ActionUnrestrict ActionType = "UnrestrictCodeExecution"
	ActionCollect    ActionType = "CollectInvestigationPackage"
)

// ActionStatus is Defender's word for how far an action got; an open set.
type ActionStatus string

// Statuses that Defender documents.
const (
	ActionPending    ActionStatus = "Pending"
	ActionInProgress ActionStatus = "InProgress"
	ActionSucceeded  ActionStatus = "Succeeded"
	ActionFailed     ActionStatus = "Failed"
	ActionTimeOut    ActionStatus = "TimeOut"
	ActionCancelled  ActionStatus = "Cancelled"
)

// Final reports whether the status can not change any more. An unknown word is not final (F38).
func (s ActionStatus) Final() bool {
	switch s {
	case ActionSucceeded, ActionFailed, ActionTimeOut, ActionCancelled:
		return true
	}
	return false
}

// MachineAction is one order to a host and how it went. (API: resource machineAction)
type MachineAction struct {
	ID            string        `json:"id"`
	Integration   IntegrationID `json:"integration"`
	Type          ActionType    `json:"type"`
	Status        ActionStatus  `json:"status"`
	MachineID     string        `json:"machineId"`
	HostName      string        `json:"hostName,omitempty"`
	Requestor     string        `json:"requestor,omitempty"`
	Comment       string        `json:"comment,omitempty"`
	Source        string        `json:"source,omitempty"` // Portal or PublicApi
	Scope         string        `json:"scope,omitempty"`  // Full or Selective for Isolate
	Created       time.Time     `json:"created"`
	Updated       time.Time     `json:"updated"`
	CancelledBy   string        `json:"cancelledBy,omitempty"`
	CancelComment string        `json:"cancelComment,omitempty"`
	CancelledAt   time.Time     `json:"cancelledAt,omitzero"`
	ErrorHResult  int64         `json:"errorHResult,omitempty"`
	ExternalID    string        `json:"externalId,omitempty"`
	Troubleshoot  string        `json:"troubleshoot,omitempty"`
	Title         string        `json:"title,omitempty"`
}

// Host returns the key of the action's machine.
func (a MachineAction) Host() HostKey { return HostKey{a.Integration, a.MachineID} }

// Is reports whether the action is of the kind, ignoring case.
func (a MachineAction) Is(t ActionType) bool { return strings.EqualFold(string(a.Type), string(t)) }

// IsolationWord says what a host's isolation is, as derived from its machine actions. Defender has no such field (D-20).
type IsolationWord string

// The states that DeriveIsolation returns (table in the API reference, section 3.5).
const (
	NotIsolated     IsolationWord = "not isolated"
	Isolating       IsolationWord = "isolating"                          // order open, still connected
	Isolated        IsolationWord = "isolated"                           // enforced
	IsolatedQueued  IsolationWord = "isolated, duplicate isolate queued" // will be isolated again after a release (C-01)
	ReleasingNow    IsolationWord = "releasing"                          // release order open, still isolated
	ReleaseFailed   IsolationWord = "release failed"                     // still isolated
	IsolateFailed   IsolationWord = "isolation failed"                   // not isolated, last try failed
	IsolationUnsure IsolationWord = "unknown"                            // no action list yet
)

// Isolation is the derived state of one host with its evidence and age.
type Isolation struct {
	Key      HostKey       `json:"key"`
	HostName string        `json:"hostName,omitempty"`
	Word     IsolationWord `json:"word"`
	// Action is the action that decided; Open is the one still under way, if any.
	Action MachineAction  `json:"action,omitzero"`
	Open   *MachineAction `json:"open,omitempty"`
	// AsOf is when the action list was read; the state is never newer than this.
	AsOf time.Time `json:"asOf"`
}

// InForce reports whether the host is cut off as far as the actions tell.
func (i Isolation) InForce() bool {
	switch i.Word {
	case Isolated, IsolatedQueued, ReleasingNow, ReleaseFailed:
		return true
	}
	return false
}
