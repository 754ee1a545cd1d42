package soc

import "time"

// Actor is who did something: the person, how they came in, and from where. It is copied into every audit record and, shortened, into
// Defender's Comment (K-12, C-23).
type Actor struct {
	Name    string `json:"name"`
	Via     string `json:"via,omitempty"`     // tty, ssh, cli, http, svc, rule
	From    string `json:"from,omitempty"`    // address or terminal
	Key     string `json:"key,omitempty"`     // key fingerprint, for SSH
	Serial  string `json:"serial,omitempty"`  // serial number of the certificate, for SSH
	Session string `json:"session,omitempty"` // session id
	Role    string `json:"role,omitempty"`
}

// Service is the actor of what cordon does by itself: name is timer, poller, reconciler or store.
func Service(name string) Actor { return Actor{Name: name, Via: "svc"} }

// Right is one thing a person may do.
type Right string

// The rights (product decision; roles are sets of these).
const (
	RightAlertsView      Right = "alerts.view"
	RightAlertsEdit      Right = "alerts.edit"
	RightSettingsView    Right = "settings.view"
	RightSettingsEdit    Right = "settings.edit"
	RightLockdownView    Right = "lockdown.view"
	RightLockdownEdit    Right = "lockdown.edit"
	RightReleaseExternal Right = "lockdown.release-external"
	RightApprove         Right = "lockdown.approve"
	RightRulesEdit       Right = "rules.edit"
	RightUsersEdit       Right = "users.edit"
)

// AllRights lists every right.
func AllRights() []Right {
	return []Right{
		RightAlertsView, RightAlertsEdit, RightSettingsView, RightSettingsEdit, RightLockdownView, RightLockdownEdit,
		RightReleaseExternal, RightApprove, RightRulesEdit, RightUsersEdit,
	}
}

// RoleRights returns the rights of a built-in role: super-admin, admin, responder, analyst, viewer; nil for an unknown role (deny by
// default). Nobody gets lockdown.release-external or lockdown.approve from a role (K-04).
func RoleRights(role string) []Right {
	view := []Right{RightAlertsView, RightSettingsView, RightLockdownView}
	switch role {
	case "super-admin", "admin":
		return append(view, RightAlertsEdit, RightSettingsEdit, RightLockdownEdit, RightRulesEdit, RightUsersEdit)
	case "responder":
		return append(view, RightAlertsEdit, RightLockdownEdit)
	case "analyst":
		return append(view, RightAlertsEdit)
	case "viewer":
		return view
	}
	return nil
}

// Session is one person's presence: who, and what they may do. It is passed by value to every command; rights are judged at the moment of
// acting, not at sign-in.
type Session struct {
	Actor    Actor
	Rights   []Right
	ReadOnly bool // --read-only: no right changes anything
	Started  time.Time
}

// Can reports whether the session holds the right. Read-only keeps the viewing rights only.
func (s Session) Can(r Right) bool {
	if s.ReadOnly && r != RightAlertsView && r != RightSettingsView && r != RightLockdownView {
		return false
	}
	for _, have := range s.Rights {
		if have == r {
			return true
		}
	}
	return false
}
