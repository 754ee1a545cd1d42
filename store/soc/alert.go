package soc

import (
	"strings"
	"time"
)

// Severity is Defender's word, kept as it was sent. Unknown words rank lowest and are shown raw. (API: alerts resource)
type Severity string

// Severities that Defender documents.
const (
	SeverityUnspecified   Severity = "UnSpecified"
	SeverityInformational Severity = "Informational"
	SeverityLow           Severity = "Low"
	SeverityMedium        Severity = "Medium"
	SeverityHigh          Severity = "High"
)

// Rank orders severities: 0 unknown or unspecified, 1 informational … 4 high.
func (s Severity) Rank() int {
	switch strings.ToLower(string(s)) {
	case "informational":
		return 1
	case "low":
		return 2
	case "medium":
		return 3
	case "high":
		return 4
	}
	return 0
}

// Word is the upper-case word that every table prints: HIGH, MED, LOW, INFO, or the raw word.
func (s Severity) Word() string {
	switch s.Rank() {
	case 4:
		return "HIGH"
	case 3:
		return "MED"
	case 2:
		return "LOW"
	case 1:
		return "INFO"
	}
	if s == "" || strings.EqualFold(string(s), string(SeverityUnspecified)) {
		return "UNSP"
	}
	return strings.ToUpper(string(s))
}

// AlertStatus is Defender's word, kept as it was sent.
type AlertStatus string

// Statuses that Defender documents.
const (
	StatusUnknown    AlertStatus = "Unknown"
	StatusNew        AlertStatus = "New"
	StatusInProgress AlertStatus = "InProgress"
	StatusResolved   AlertStatus = "Resolved"
)

// Word is the short word of the tables: New, InPr, Resolved, or the raw word.
func (s AlertStatus) Word() string {
	switch {
	case strings.EqualFold(string(s), string(StatusNew)):
		return "New"
	case strings.EqualFold(string(s), string(StatusInProgress)):
		return "InPr"
	case strings.EqualFold(string(s), string(StatusResolved)):
		return "Resolved"
	case s == "":
		return "Unknown"
	}
	return string(s)
}

// Open reports whether work remains: everything that is not Resolved.
func (s AlertStatus) Open() bool { return !strings.EqualFold(string(s), string(StatusResolved)) }

// Alert is one Defender alert with everything that the API says about it, plus what cordon noticed. (API: resources alert, evidence)
type Alert struct {
	Integration IntegrationID `json:"integration"`
	ID          string        `json:"id"`

	IncidentID         int64       `json:"incidentId,omitempty"`
	InvestigationID    int64       `json:"investigationId,omitempty"`
	AssignedTo         string      `json:"assignedTo,omitempty"`
	Severity           Severity    `json:"severity"`
	Status             AlertStatus `json:"status"`
	Classification     string      `json:"classification,omitempty"`
	Determination      string      `json:"determination,omitempty"`
	InvestigationState string      `json:"investigationState,omitempty"`
	DetectionSource    string      `json:"detectionSource,omitempty"`
	DetectorID         string      `json:"detectorId,omitempty"`
	Category           string      `json:"category,omitempty"`
	ThreatFamily       string      `json:"threatFamilyName,omitempty"`
	ThreatName         string      `json:"threatName,omitempty"`
	Title              string      `json:"title"`
	Description        string      `json:"description,omitempty"`
	RecommendedAction  string      `json:"recommendedAction,omitempty"`

	Created    time.Time `json:"created"`
	FirstEvent time.Time `json:"firstEvent,omitzero"`
	LastEvent  time.Time `json:"lastEvent,omitzero"`
	LastUpdate time.Time `json:"lastUpdate"`
	Resolved   time.Time `json:"resolved,omitzero"`

	MachineID string `json:"machineId,omitempty"`
	HostName  string `json:"hostName,omitempty"`
	Group     string `json:"group,omitempty"`
	TenantID  string `json:"tenantId,omitempty"`

	Techniques    []string   `json:"techniques,omitempty"`
	RelatedUser   *UserRef   `json:"relatedUser,omitempty"`
	LoggedOnUsers []UserRef  `json:"loggedOnUsers,omitempty"`
	Comments      []Comment  `json:"comments,omitempty"`
	Evidence      []Evidence `json:"evidence,omitempty"`

	// FirstSeen is when cordon first stored the alert; it never changes again (C-12).
	FirstSeen time.Time `json:"firstSeen,omitzero"`
	// ReopenedAt is when cordon saw it go from Resolved back to open; zero if it never did (C-12).
	ReopenedAt time.Time `json:"reopenedAt,omitzero"`
	// Late is true when it arrived long after it was created, so that nobody takes it for a new event (C-12).
	Late bool `json:"late,omitempty"`
}

// Key returns the alert's key.
func (a Alert) Key() AlertKey { return AlertKey{a.Integration, a.ID} }

// Host returns the key of the alert's machine; zero for an alert without one (identity, mail).
func (a Alert) Host() HostKey {
	if a.MachineID == "" {
		return HostKey{}
	}
	return HostKey{a.Integration, a.MachineID}
}

// User is the account that tables show for the alert, empty if Defender names none.
func (a Alert) User() string {
	if a.RelatedUser != nil && a.RelatedUser.Name != "" {
		return a.RelatedUser.Name
	}
	if len(a.LoggedOnUsers) > 0 {
		return a.LoggedOnUsers[0].Name
	}
	return ""
}

// UserRef is an account as alerts name it.
type UserRef struct {
	Name   string `json:"name"`
	Domain string `json:"domain,omitempty"`
}

func (u UserRef) String() string {
	if u.Domain == "" {
		return u.Name
	}
	return u.Domain + `\` + u.Name
}

// Comment is one remark on an alert; Defender never edits or deletes them.
type Comment struct {
	Text string    `json:"text"`
	By   string    `json:"by"`
	At   time.Time `json:"at,omitzero"`
}

// Evidence is one record of what was seen. EntityType says which fields are filled; it is an open set (User, Process, File, Ip, Url,
// Registry, …).
type Evidence struct {
	EntityType        string    `json:"entityType"`
	Created           time.Time `json:"created,omitzero"`
	SHA1              string    `json:"sha1,omitempty"`
	SHA256            string    `json:"sha256,omitempty"`
	FileName          string    `json:"fileName,omitempty"`
	FilePath          string    `json:"filePath,omitempty"`
	ProcessID         int64     `json:"processId,omitempty"`
	CommandLine       string    `json:"commandLine,omitempty"`
	ProcessCreated    time.Time `json:"processCreated,omitzero"`
	ParentProcessID   int64     `json:"parentProcessId,omitempty"`
	ParentCreated     time.Time `json:"parentCreated,omitzero"`
	ParentFileName    string    `json:"parentFileName,omitempty"`
	ParentFilePath    string    `json:"parentFilePath,omitempty"`
	IPAddress         string    `json:"ipAddress,omitempty"`
	URL               string    `json:"url,omitempty"`
	RegistryKey       string    `json:"registryKey,omitempty"`
	RegistryHive      string    `json:"registryHive,omitempty"`
	RegistryValueType string    `json:"registryValueType,omitempty"`
	RegistryValueName string    `json:"registryValueName,omitempty"`
	RegistryValue     string    `json:"registryValue,omitempty"`
	AccountName       string    `json:"accountName,omitempty"`
	DomainName        string    `json:"domainName,omitempty"`
	UserSID           string    `json:"userSid,omitempty"`
	AADUserID         string    `json:"aadUserId,omitempty"`
	UserPrincipalName string    `json:"userPrincipalName,omitempty"`
	DetectionStatus   string    `json:"detectionStatus,omitempty"`
}

// AlertUpdate changes an alert; nil fields stay as they are (the vendor asks for changed fields only).
type AlertUpdate struct {
	Status         *AlertStatus
	AssignedTo     *string
	Classification *string
	Determination  *string
	Comment        *string
}

// AlertRow is an alert as lists show it: what the queue index keeps in memory.
type AlertRow struct {
	Key        AlertKey
	Severity   Severity
	Status     AlertStatus
	Title      string
	HostName   string
	MachineID  string
	Owner      string
	User       string
	Technique  string
	Category   string
	Evidence   int
	Created    time.Time
	LastUpdate time.Time
	Reopened   bool
	Late       bool
}

// AlertPage answers a windowed read of the queue.
type AlertPage struct {
	Rows     []AlertRow
	From     int    // index of Rows[0] within the matches
	Matched  int    // alerts that the filter lets through
	Total    int    // alerts in all; Total-Matched is the hidden count that every view shows
	Revision uint64 // of the index; a caller that pins it sees held rows instead of moving ones
	Newer    int    // matches that arrived after the pinned revision (Query.Pin), not in Rows
	Building bool   // the index is still being loaded at start-up; counts are of what is known so far
	Facets   Facets // filled when Query.Facets is set
}

// Facets are counts per value over the matches of the rest of the filter.
type Facets struct {
	Severity map[Severity]int
	Status   map[AlertStatus]int
	Owner    map[string]int // "" = unassigned
	Category map[string]int
}
