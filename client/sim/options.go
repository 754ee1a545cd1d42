package sim

import (
	"context"
	"crypto/rsa"
	"time"
)

// Options describe a tenant. The zero value is a working story world on the
// wall clock.
type Options struct {
	Seed uint64           // decides every id, name and text; 0 means 1
	Now  func() time.Time // the tenant's clock; nil means time.Now

	TenantID string   // directory id, a GUID; empty derives one from the seed
	AppID    string   // application (client) id; empty derives one
	Secret   string   // client secret value; empty derives one
	Roles    []string // application roles of Defender granted; nil means AllRoles, empty means none

	GraphRoles  []string  // application roles of Microsoft Graph granted; nil means none
	SecretUntil time.Time // when the client secret expires; zero means never

	World  World // which content; the zero value is WorldStory
	Hosts  int   // overrides the number of machines; 0 keeps it, negative means none
	Alerts int   // overrides the number of alerts at the start; 0 keeps it, negative means none

	// Indicators is the number of indicators of somebody else at the start, besides
	// the few of the story world; negative means none at all.
	Indicators int

	// EventEvery is the mean time between live events. 0 means 14 s for the
	// story world and none for the sized worlds; negative switches events off.
	EventEvery time.Duration

	TokenLife time.Duration    // life of an access token, 0 means 3,599 s
	Key       *rsa.PrivateKey  // signs access tokens; nil makes a fresh 2048-bit key
	Delays    map[string]Delay // by action type; missing types keep the default

	Behaviour Behaviour // the variants of a real tenant, see there

	// Sleep waits for a delay fault. nil waits on the wall clock.
	Sleep func(ctx context.Context, d time.Duration)
}

// Delay is how long an action of one type takes on a reachable host.
type Delay struct {
	Pickup time.Duration // Pending to InProgress
	Run    time.Duration // InProgress to its final status
}

// DuplicatePolicy says what a second request does while an action of the same
// type is open on the machine (defender-api 4.3: all four have been seen).
type DuplicatePolicy int

// The duplicate policies.
const (
	DuplicateRefused     DuplicatePolicy = iota // 400 ActiveRequestAlreadyExists with message
	DuplicateMessageOnly                        // 400 BadRequest, only the message tells
	DuplicateExisting                           // 201 with the action that is already open
	DuplicateCreated                            // 201 with a second action
)

// OrderPolicy says what $orderby does on the alert list (unverified upstream).
type OrderPolicy int

// The order policies.
const (
	OrderHonoured OrderPolicy = iota // sorted as asked
	OrderRefused                     // 400 ODataError
	OrderIgnored                     // 200, newest first all the same
)

// IndicatorPolicy says what a POST does that gives an existing value another
// action (defender-api 2.7: the semantics are murky, all three are reported).
type IndicatorPolicy int

// The indicator policies.
const (
	IndicatorRefused    IndicatorPolicy = iota // 400: the value has another action already
	IndicatorDuplicated                        // 200 with a second indicator; both are in force
	IndicatorReplaced                          // 200, the old one has the new action
)

// Behaviour holds the variants of a tenant. It can be changed while the tenant
// serves, with [Tenant.Behave]. The zero value is the most common behaviour.
type Behaviour struct {
	Duplicate DuplicatePolicy // second isolate, unisolate, scan, restrict
	// Crossing lets an unisolate in while an isolate is open, and the reverse.
	// false answers ActiveRequestAlreadyExists in the form Duplicate names.
	Crossing bool
	// StickDuplicates makes an isolate of an isolated host, or a second open
	// one, stay Pending until the host was released and run LateAfter later:
	// the order of events of C-01.
	StickDuplicates bool
	LateAfter       time.Duration // 0 means 30 s
	TimeOutAfter    time.Duration // how long Defender tries an offline host; 0 means 72 h
	CancelRunning   bool          // an InProgress action can be cancelled too

	ListLag  time.Duration // a new action is missing from the action list this long
	GetLag   time.Duration // a new action answers 404 this long
	AlertLag time.Duration // the alert list omits changes younger than this

	EmptyMachines404 bool        // the machine list answers 404 when nothing matches
	PageSize         int         // page without $top; 0 means 10,000
	AlertOrder       OrderPolicy // $orderby on alerts
	NoIn             bool        // "in (...)" in a filter answers 400
	StalePatch       bool        // PATCH answers with the values from before it
	KeepExternalID   bool        // "ExternalId" in an action body is stored

	IndicatorLag    time.Duration   // the indicator list omits new ones this long
	IndicatorCap    int             // active indicators that the tenant takes; 0 means 15,000
	IndicatorChange IndicatorPolicy // a POST with another action for a value that is there

	AnyReport bool // an alert by reference takes any report id, also of no event

	RefuseDetermination []string      // spellings answered with 400
	MaxComment          int           // longest action comment in bytes, 0 means any
	WrongAudience       int           // status for a token of another resource; 0 means 401
	RefuseAudience      []string      // resources that answer AADSTS500011, such as the first scope a client tries
	NoIdentity          bool          // the managed identity endpoint has no identity
	NoQuota             bool          // switches the call quotas off
	Skew                time.Duration // added to the Date header
}

// AllRoles returns every application role that some endpoint here asks for.
func AllRoles() []string {
	return []string{
		"Alert.ReadWrite.All", "Machine.ReadWrite.All", "Machine.Isolate",
		"Machine.RestrictExecution", "Machine.Scan", "Machine.CollectForensics",
		"Machine.StopAndQuarantine", "User.Read.All", "File.Read.All",
		"Ip.Read.All", "Url.Read.All", "Ti.ReadWrite.All", "AdvancedQuery.Read.All",
	}
}

// defaultDelays suit a demonstration; real tenants take about a minute to
// isolate and two seconds to release.
func defaultDelays() map[string]Delay {
	return map[string]Delay{
		"Isolate":                     {2 * time.Second, 4 * time.Second},
		"Unisolate":                   {time.Second, 2 * time.Second},
		"RunAntiVirusScan":            {2 * time.Second, 20 * time.Second},
		"RestrictCodeExecution":       {2 * time.Second, 3 * time.Second},
		"UnrestrictCodeExecution":     {2 * time.Second, 3 * time.Second},
		"CollectInvestigationPackage": {2 * time.Second, 15 * time.Second},
		"StopAndQuarantineFile":       {2 * time.Second, 5 * time.Second},
	}
}

func (o Options) withDefaults() Options {
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	d := newDice(o.Seed, saltTenant, 0)
	o.TenantID = orElse(o.TenantID, d.guid())
	o.AppID = orElse(o.AppID, d.guid())
	o.Secret = orElse(o.Secret, "sim8Q~"+d.hex(34))
	if o.Roles == nil {
		o.Roles = AllRoles()
	}
	if o.TokenLife == 0 {
		o.TokenLife = 3599 * time.Second
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	delays := defaultDelays()
	for kind, delay := range o.Delays {
		delays[kind] = delay
	}
	o.Delays = delays
	return o
}

func orElse(s, other string) string {
	if s != "" {
		return s
	}
	return other
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
