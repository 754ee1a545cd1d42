package soc

// PermissionState is what is known of one permission of an app registration.
type PermissionState string

// The states of a permission. A token shows only what was consented, so "requested" is what a chosen profile asks for.
const (
	PermissionGranted   PermissionState = "granted"
	PermissionRequested PermissionState = "requested, not consented"
	PermissionMissing   PermissionState = "missing"
	PermissionDelegated PermissionState = "delegated, not application" // in scp, not in roles (Z-07)
	PermissionUnknown   PermissionState = "unknown"                    // no token for that API yet
)

// Permission is one application role of one API.
type Permission struct {
	API   string // WindowsDefenderATP or Microsoft Graph (Z-06, T-07)
	Role  string // Machine.Isolate
	State PermissionState
	For   string // what cordon needs it for
}

// Profile is a named set of permissions: one of the five products', or one of cordon's own levels.
type Profile struct {
	Name        string
	Permissions []Permission
	Satisfied   bool
	// Allows says in words what this set allows with cordon; Denies what it does not, with the reason.
	Allows, Denies []string
}

// PermissionReport is everything about the permissions of one tenant's app registration.
type PermissionReport struct {
	Integration IntegrationID
	Tenant      string // name or id of the tenant that granted
	Known       bool   // false: no token was seen yet
	Delegated   bool   // a delegated token: scp and no roles (Z-07)
	Permissions []Permission
	Profiles    []Profile
	Problem     string // for people
}

// Readiness is one line of a checklist.
type Readiness struct {
	Item   string
	State  string // ok, missing, cannot verify
	Detail string
}

// IndicatorList is what a tenant's indicators look like now.
type IndicatorList struct {
	Indicators []Indicator
	Cap        int    // how many active indicators a tenant may hold: 15,000
	Partial    string // why the list may be incomplete, empty if it is whole
}

// ItemResult is what became of one item of a batch.
type ItemResult struct {
	Item   string
	OK     bool
	Reason string
}
