package soc

import (
	"strings"
	"time"
)

// Host is a machine as Defender describes it. It has no isolation field: Defender has none; see Isolation. (API: resource machine)
type Host struct {
	Key HostKey `json:"key"`

	Name            string    `json:"name"`
	MergedInto      string    `json:"mergedInto,omitempty"`
	PotentialDup    bool      `json:"potentialDup,omitempty"`
	Excluded        bool      `json:"excluded,omitempty"`
	ExclusionReason string    `json:"exclusionReason,omitempty"`
	FirstSeen       time.Time `json:"firstSeen,omitzero"`
	LastSeen        time.Time `json:"lastSeen,omitzero"` // last full daily report, not a heartbeat (D-09)
	OSPlatform      string    `json:"osPlatform,omitempty"`
	OSVersion       string    `json:"osVersion,omitempty"`
	Version         string    `json:"version,omitempty"`
	OSBuild         int64     `json:"osBuild,omitempty"`
	OSArchitecture  string    `json:"osArchitecture,omitempty"`
	AgentVersion    string    `json:"agentVersion,omitempty"`
	LastIP          string    `json:"lastIp,omitempty"`
	LastExternalIP  string    `json:"lastExternalIp,omitempty"`
	IPs             []IPInfo  `json:"ips,omitempty"`
	Health          string    `json:"health,omitempty"`
	Onboarding      string    `json:"onboarding,omitempty"`
	Risk            string    `json:"risk,omitempty"`
	Exposure        string    `json:"exposure,omitempty"`
	DeviceValue     string    `json:"deviceValue,omitempty"`
	GroupID         string    `json:"groupId,omitempty"`
	Group           string    `json:"group,omitempty"`
	AADJoined       bool      `json:"aadJoined,omitempty"`
	AADDeviceID     string    `json:"aadDeviceId,omitempty"`
	Tags            []string  `json:"tags,omitempty"`
	ManagedBy       string    `json:"managedBy,omitempty"`
	AVStatus        string    `json:"avStatus,omitempty"`
	VMProvider      string    `json:"vmProvider,omitempty"`
	ProductName     string    `json:"productName,omitempty"`

	// Users are the accounts that logged on; UsersAt is zero until they were fetched, UsersErr says why they could not be (role missing).
	Users    []LogonUser `json:"users,omitempty"`
	UsersAt  time.Time   `json:"usersAt,omitzero"`
	UsersErr string      `json:"usersErr,omitempty"`

	// FetchedAt is when this record came from Defender; the age that every screen shows.
	FetchedAt time.Time `json:"fetchedAt"`
	// Gone is true when Defender no longer knows the id (404 twice); the data is the last known.
	Gone bool `json:"gone,omitempty"`
}

// IPInfo is one network interface.
type IPInfo struct {
	IP     string `json:"ip"`
	MAC    string `json:"mac,omitempty"`
	Type   string `json:"type,omitempty"`
	Status string `json:"status,omitempty"`
}

// LogonUser is an account seen on a host. (API: resource user)
type LogonUser struct {
	Name        string    `json:"name"`
	Domain      string    `json:"domain,omitempty"`
	SID         string    `json:"sid,omitempty"`
	FirstSeen   time.Time `json:"firstSeen,omitzero"`
	LastSeen    time.Time `json:"lastSeen,omitzero"`
	LogonTypes  string    `json:"logonTypes,omitempty"`
	DomainAdmin bool      `json:"domainAdmin,omitempty"`
	OnlyNetwork bool      `json:"onlyNetwork,omitempty"`
}

// Onboarded reports whether Defender can act on the host at all (Z-02).
func (h Host) Onboarded() bool { return strings.EqualFold(h.Onboarding, "Onboarded") }

// Reachable reports whether the command channel should answer within minutes; a host that is Inactive or Impaired keeps an action Pending
// (defender-api 3.4). An unknown health counts as reachable but is worth a warning.
func (h Host) Reachable() bool {
	switch strings.ToLower(h.Health) {
	case "inactive", "impairedcommunication", "nosensordataimpairedcommunication":
		return false
	}
	return true
}

// Server reports whether the operating system is a server or the host looks like one to Defender.
func (h Host) Server() bool { return strings.Contains(strings.ToLower(h.OSPlatform), "server") }

// HasTag reports whether the host carries the tag, ignoring case.
func (h Host) HasTag(tag string) bool {
	for _, t := range h.Tags {
		if strings.EqualFold(t, tag) {
			return true
		}
	}
	return false
}

// Protected reports why isolating this host needs the typed name (settlement 1 of the lockdown dialog): a domain controller or server by
// OS, tag or group, a device of value High. Empty means an ordinary host.
func (h Host) Protected() string {
	if roleOf(h) == "domain controller" {
		return "domain controller"
	}
	if strings.EqualFold(h.DeviceValue, "High") {
		return "device value High"
	}
	if h.Server() {
		return "server"
	}
	return ""
}

// Role is what the host seems to be: "domain controller", "server", "workstation" or "" for an unknown platform.
func (h Host) Role() string { return roleOf(h) }

func roleOf(h Host) string {
	marks := append([]string{h.Group}, h.Tags...)
	for _, m := range marks {
		l := strings.ToLower(m)
		if strings.Contains(l, "domain controller") || strings.Contains(l, "domaincontroller") || l == "dc" || strings.Contains(l, "tier0") || strings.Contains(l, "tier 0") {
			return "domain controller"
		}
	}
	switch {
	case h.Server():
		return "server"
	case h.OSPlatform == "":
		return ""
	}
	return "workstation"
}
