package soc

import "time"

// LockdownID names a lockdown: "LK-" and eight base-32 characters, short enough to read aloud, carried in Defender's Comment (K-12).
type LockdownID string

// Phase is where a lockdown is in its life. The machine that moves it is in plan.go; the picture is in docs/reliability.md.
type Phase string

// The phases. Released, Failed, Cancelled and Superseded are final: such a record never changes again (I7).
const (
	PhaseRequested        Phase = "requested"         // intent stored, nothing sent
	PhaseSubmitting       Phase = "submitting"        // attempt stored, outcome unknown until answered or reconciled
	PhasePending          Phase = "pending"           // Defender accepted; waiting for the device
	PhaseIsolated         Phase = "isolated"          // enforced; the clock runs
	PhaseReleaseRequested Phase = "release_requested" // release owed, not sent yet
	PhaseReleasing        Phase = "releasing"         // release sent or accepted, not confirmed
	PhaseReleaseBlocked   Phase = "release_blocked"   // release owed and failing: loud, retried for ever (K-08)
	PhaseReleased         Phase = "released"
	PhaseFailed           Phase = "failed"
	PhaseCancelled        Phase = "cancelled"
	PhaseSuperseded       Phase = "superseded"  // somebody else took over, with proof
	PhaseNeedsHuman       Phase = "needs_human" // reconcile can not decide; the obligation stays
)

// Final reports whether the phase ends the lockdown.
func (p Phase) Final() bool {
	switch p {
	case PhaseReleased, PhaseFailed, PhaseCancelled, PhaseSuperseded:
		return true
	}
	return false
}

// Phases lists all phases, in the order of a life.
func Phases() []Phase {
	return []Phase{
		PhaseRequested, PhaseSubmitting, PhasePending, PhaseIsolated, PhaseReleaseRequested, PhaseReleasing, PhaseReleaseBlocked,
		PhaseReleased, PhaseFailed, PhaseCancelled, PhaseSuperseded, PhaseNeedsHuman,
	}
}

// Mode says who ordered a lockdown: a person or a rule (V-17).
type Mode string

// The modes.
const (
	ModeManual Mode = "manual"
	ModeAuto   Mode = "auto"
)

// Cause says why a lockdown ended or was released; each has its own word in the audit history (V-23).
type Cause string

// The causes.
const (
	CauseUser       Cause = "user"       // a person released it
	CauseTimer      Cause = "timer"      // its time ran out
	CauseExternal   Cause = "external"   // released outside, in Defender
	CauseSuperseded Cause = "superseded" // the newest isolate is somebody else's (K-05)
	CauseRefused    Cause = "refused"    // Defender refused for good
	CauseCancelled  Cause = "cancelled"  // taken back before it was enforced
	CauseExpired    Cause = "expired"    // Defender gave up waiting for the device, nothing was enforced
	CauseHandover   Cause = "handover"   // a named person closed it with a reason (K-08)
)

// IsolationType is what kind of isolation is asked for. (API: isolate, IsolationType)
type IsolationType string

// The types that cordon asks for.
const (
	IsolationFull      IsolationType = "Full"
	IsolationSelective IsolationType = "Selective"
)

// Verb is what a request to Defender does.
type Verb string

// The verbs of attempts.
const (
	VerbIsolate Verb = "isolate"
	VerbRelease Verb = "release"
	VerbCancel  Verb = "cancel"
)

// Attempt is one POST, stored before its first byte is sent (I8). Token is unique to the attempt and travels in the Comment, so that after
// a crash the action can be found and adopted instead of posted again.
type Attempt struct {
	N        int       `json:"n"`
	Verb     Verb      `json:"verb"`
	Token    string    `json:"token"`
	SentAt   time.Time `json:"sentAt"`
	ActionID string    `json:"actionId,omitempty"` // once known
	// Outcome is "" while unknown, else accepted, refused, absent (proved that nothing was created) or adopted.
	Outcome string    `json:"outcome,omitempty"`
	Error   string    `json:"error,omitempty"`
	DoneAt  time.Time `json:"doneAt,omitzero"` // when the outcome was settled; while it is unknown, when the call ended
	// Absent counts the reconciling list reads that did not show the attempt's action.
	Absent int `json:"absent,omitempty"`
	// AbsentAt is when the last of them began; Watched is the time between them that counts towards the settle window.
	AbsentAt time.Time     `json:"absentAt,omitzero"`
	Watched  time.Duration `json:"watched,omitempty"`
	// RetryAt is the earliest time for the next attempt of the same verb: capped back-off, or what Defender's Retry-After asked for.
	RetryAt time.Time `json:"retryAt,omitzero"`
}

// Outcomes of an attempt.
const (
	OutcomeUnknown  = ""
	OutcomeAccepted = "accepted"
	OutcomeRefused  = "refused"
	OutcomeAbsent   = "absent"
	OutcomeAdopted  = "adopted"
)

// Lockdown is an isolation with a deadline. The clock starts at confirmed isolation, not at the order (K-02).
type Lockdown struct {
	ID       LockdownID `json:"id"`
	Key      HostKey    `json:"key"`
	HostName string     `json:"hostName"`
	HostIP   string     `json:"hostIp,omitempty"`
	Mode     Mode       `json:"mode"`
	By       Actor      `json:"by"`
	Reason   string     `json:"reason"`
	Ticket   string     `json:"ticket,omitempty"`
	AlertID  string     `json:"alertId,omitempty"`
	Rule     string     `json:"rule,omitempty"`

	Type       IsolationType `json:"type"`
	Period     time.Duration `json:"period"`
	PendingTTL time.Duration `json:"pendingTtl,omitempty"` // 0 = wait as long as Defender does

	Phase    Phase  `json:"phase"`
	Revision uint64 `json:"revision"` // set by the store; a stale one is refused

	RequestedAt time.Time `json:"requestedAt"`
	// FreshUntil ends the life of an order that was not sent: later it is dropped as stale, never fired (C-16, N-12). Zero = no limit.
	FreshUntil time.Time `json:"freshUntil,omitzero"`
	AcceptedAt time.Time `json:"acceptedAt,omitzero"`
	EnforcedAt time.Time `json:"enforcedAt,omitzero"` // the action's own lastUpdate time (F07)
	Deadline   time.Time `json:"deadline,omitzero"`   // EnforcedAt+Period, or as extended; zero until enforced
	EndedAt    time.Time `json:"endedAt,omitzero"`

	// Due is sticky: once the deadline was judged passed, a clock that steps back can not un-due it (I10).
	Due bool `json:"due,omitempty"`
	// ReleaseCause, ReleaseBy and ReleaseReason are set when the release is owed.
	ReleaseCause    Cause     `json:"releaseCause,omitempty"`
	ReleaseBy       Actor     `json:"releaseBy,omitzero"`
	ReleaseReason   string    `json:"releaseReason,omitempty"`
	ReleaseAskedAt  time.Time `json:"releaseAskedAt,omitzero"`
	ActionID        string    `json:"actionId,omitempty"`        // the isolate action that is ours
	ReleaseActionID string    `json:"releaseActionId,omitempty"` // the current unisolate action
	CancelWanted    bool      `json:"cancelWanted,omitempty"`
	CancelledBy     Actor     `json:"cancelledBy,omitzero"`

	Attempts []Attempt `json:"attempts,omitempty"`
	Failures int       `json:"failures,omitempty"` // of the release, in a row
	// GoneSince is when Defender began to answer every release with "no such machine" (F29); it stays when that ended the lockdown.
	GoneSince time.Time `json:"goneSince,omitzero"`
	Trouble   string    `json:"trouble,omitempty"` // what is wrong now, for people
	// RemoteStatus is the last status seen on the action that matters now, raw, with its age.
	RemoteStatus ActionStatus `json:"remoteStatus,omitempty"`
	SeenAt       time.Time    `json:"seenAt,omitzero"`
	// RemoteAt is that action's own last update; an older answer never overwrites a newer one (F39).
	RemoteAt time.Time `json:"remoteAt,omitzero"`
	// TakenOver marks a record that exists only to release an isolation from outside, on a person's order (K-04). It is no lockdown of ours.
	TakenOver bool `json:"takenOver,omitempty"`
	// RecoveredAt is set on a record that was rebuilt from the tenant after the database was lost (K-12).
	RecoveredAt time.Time `json:"recoveredAt,omitzero"`
	// Crashes counts how often handling this record failed by a panic; at the third it is set aside as needs_human (F19).
	Crashes int `json:"crashes,omitempty"`

	// Wake is when the reconciler must look again; stored with every change (I3). Zero only on final records without a watch.
	Wake time.Time `json:"wake,omitzero"`
	// WatchUntil keeps a final record under observation: a stray isolate may still strike (C-01, N-02).
	WatchUntil time.Time `json:"watchUntil,omitzero"`

	Cause Cause  `json:"cause,omitempty"` // of the end
	Note  string `json:"note,omitempty"`
}

// Left returns the time until the deadline, negative when overdue. It is the period until the host is isolated.
func (l Lockdown) Left(now time.Time) time.Duration {
	if l.Deadline.IsZero() {
		return l.Period
	}
	return l.Deadline.Sub(now)
}

// Word is the state word of the tables: PENDING, ISOLATED, RELEASING, RELEASED, OVERDUE, FAILED, …; never a promise that Defender did not
// make (C-06).
func (l Lockdown) Word(now time.Time) string {
	switch l.Phase {
	case PhaseRequested, PhaseSubmitting, PhasePending:
		return "PENDING"
	case PhaseIsolated:
		if l.Left(now) < 0 {
			return "OVERDUE"
		}
		return "ISOLATED"
	case PhaseReleaseRequested, PhaseReleasing:
		if !l.Deadline.IsZero() && l.Left(now) < -time.Minute {
			return "OVERDUE"
		}
		return "RELEASING"
	case PhaseReleaseBlocked:
		return "OVERDUE"
	case PhaseReleased:
		return "RELEASED"
	case PhaseFailed:
		return "FAILED"
	case PhaseCancelled:
		return "CANCELLED"
	case PhaseSuperseded:
		return "DRIFT"
	}
	return "UNKNOWN"
}

// IsolateRequest asks for a lockdown of one host by exact id.
type IsolateRequest struct {
	Host   HostKey
	Period time.Duration
	Type   IsolationType
	Reason string
	Ticket string
	Alert  string // id of the alert that led here, if any
	// Confirm is the device name as typed; needed for protected hosts (K-16).
	Confirm string
	// SeenAt is when the facts that the person decided on were read; older than the policy allows means "look again" (C-16, N-12).
	SeenAt time.Time
}

// ReleaseRequest asks for the release of a host.
type ReleaseRequest struct {
	Host    HostKey
	Reason  string
	Confirm string // device name as typed; needed for an isolation from outside (K-04)
}

// PeriodRequest changes the end of a running lockdown; Period counts from its start (K-06).
type PeriodRequest struct {
	ID       LockdownID
	Revision uint64
	Period   time.Duration
	Reason   string
}

// Act is something a person may want to do; Verdict answers whether they may.
type Act string

// The acts that the one door judges.
const (
	ActIsolate Act = "isolate"
	ActRelease Act = "release"
	ActPeriod  Act = "period"  // extend or shorten
	ActCancel  Act = "cancel"  // take a waiting lockdown back
	ActClose   Act = "close"   // end an obligation by hand, with a reason (K-08)
	ActRecover Act = "recover" // rebuild lockdowns from the tenant (K-12)
)

// Verdict is the one answer of the one door (K-15): the UI shows it before the key is pressed, the service enforces it after.
type Verdict struct {
	Allowed bool
	// Why is the reason when not allowed: what, what it means, what to do. One line.
	Why  string
	Code string // stable word of the reason ("not-onboarded", "already-isolated", …)
	// TypeName is set when the device name must be typed, with the reason ("domain controller").
	TypeName string
	// Warnings are facts to weigh, never refusals: VPN, offline, same-name hosts, data age.
	Warnings  []string
	Presets   []time.Duration
	Default   time.Duration
	Host      Host
	State     Isolation
	Current   *Lockdown // the open lockdown on the host, if any
	SameName  []Host    // other machines with this name (C-10)
	LooksLike []Host    // machines whose name is another one that looks the same (F42)
	Budget    string    // calls left, in words
}

// Threatened reports an ended lockdown whose host may be isolated again by a late order of it, or is: somebody has to take care of it still.
func (l Lockdown) Threatened() bool {
	return l.Phase.Final() && !l.WatchUntil.IsZero() && l.Trouble != ""
}

// Live reports that somebody has to take care of the lockdown: it is open, or its host is threatened.
func (l Lockdown) Live() bool { return !l.Phase.Final() || l.Threatened() }
