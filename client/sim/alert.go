package sim

import "time"

// Alert is one alert as the tenant holds it. Empty texts, zero numbers and zero
// times are null on the wire.
type Alert struct {
	ID                 string
	IncidentID         int64
	InvestigationID    int64
	AssignedTo         string
	Severity           string
	Status             string
	Classification     string
	Determination      string
	InvestigationState string
	DetectionSource    string
	DetectorID         string
	Category           string
	ThreatFamilyName   string
	ThreatName         string
	Title              string
	Description        string
	RecommendedAction  string // the key is absent when empty
	AlertCreationTime  time.Time
	FirstEventTime     time.Time
	LastEventTime      time.Time
	LastUpdateTime     time.Time
	ResolvedTime       time.Time
	MachineID          string
	ComputerDNSName    string
	RbacGroupName      string
	MitreTechniques    []string
	RelatedUser        *Account
	LoggedOnUsers      []Account
	Comments           []Comment
	Evidence           []Evidence

	// Raw, when set, is sent instead of everything above: for wrong types,
	// missing keys and other shapes that the fields cannot express. Filters and
	// order still use the fields.
	Raw string
}

// Account is a user named inside an alert.
type Account struct{ Name, Domain string }

// Comment is one entry of an alert's comment list.
type Comment struct {
	Text      string
	CreatedBy string
	Created   time.Time
}

// Evidence is one flat evidence record.
type Evidence struct {
	EntityType            string
	Created               time.Time
	SHA1, SHA256          string
	FileName, FilePath    string
	ProcessID             int64
	ProcessCommandLine    string
	ProcessCreated        time.Time
	ParentProcessID       int64
	ParentProcessCreated  time.Time
	ParentProcessFileName string
	ParentProcessFilePath string
	IPAddress, URL        string
	RegistryKey           string
	RegistryHive          string
	RegistryValueType     string
	RegistryValue         string
	AccountName           string
	DomainName            string
	UserSID               string
	AadUserID             string
	UserPrincipalName     string
	DetectionStatus       string
}

// alert writes a as the service does; without withEvidence the list is empty,
// which is what the alert list sends when $expand is missing.
func (e *enc) alert(a *Alert, tenantID string, withEvidence bool) {
	if a.Raw != "" {
		e.comma()
		e.b = append(e.b, a.Raw...)
		return
	}
	e.open('{')
	e.alertBody(a, tenantID, withEvidence)
	e.close('}')
}

func (e *enc) alertBody(a *Alert, tenantID string, withEvidence bool) {
	e.str("id", a.ID)
	e.optNum("incidentId", a.IncidentID)
	e.optNum("investigationId", a.InvestigationID)
	e.opt("assignedTo", a.AssignedTo)
	e.str("severity", a.Severity)
	e.str("status", a.Status)
	e.opt("classification", a.Classification)
	e.opt("determination", a.Determination)
	e.opt("investigationState", a.InvestigationState)
	e.str("detectionSource", a.DetectionSource)
	e.opt("detectorId", a.DetectorID)
	e.str("category", a.Category)
	e.opt("threatFamilyName", a.ThreatFamilyName)
	e.str("title", a.Title)
	e.str("description", a.Description)
	if a.RecommendedAction != "" {
		e.str("recommendedAction", a.RecommendedAction)
	}
	e.time("alertCreationTime", a.AlertCreationTime)
	e.time("firstEventTime", a.FirstEventTime)
	e.time("lastEventTime", a.LastEventTime)
	e.time("lastUpdateTime", a.LastUpdateTime)
	e.time("resolvedTime", a.ResolvedTime)
	e.opt("machineId", a.MachineID)
	e.opt("computerDnsName", a.ComputerDNSName)
	e.opt("rbacGroupName", a.RbacGroupName)
	e.str("aadTenantId", tenantID)
	e.opt("threatName", a.ThreatName)
	e.strings("mitreTechniques", a.MitreTechniques)
	e.alertPeople(a)
	e.key("comments")
	e.b = append(e.b, '[')
	for i := range a.Comments {
		e.comment(&a.Comments[i])
	}
	e.b = append(e.b, ']')
	e.key("evidence")
	e.b = append(e.b, '[')
	if withEvidence {
		for i := range a.Evidence {
			e.evidence(&a.Evidence[i])
		}
	}
	e.b = append(e.b, ']')
}

func (e *enc) alertPeople(a *Alert) {
	if a.RelatedUser == nil {
		e.null("relatedUser")
	} else {
		e.key("relatedUser")
		e.open('{')
		e.str("userName", a.RelatedUser.Name)
		e.opt("domainName", a.RelatedUser.Domain)
		e.close('}')
	}
	e.key("loggedOnUsers")
	e.b = append(e.b, '[')
	for _, u := range a.LoggedOnUsers {
		e.open('{')
		e.str("accountName", u.Name)
		e.opt("domainName", u.Domain)
		e.close('}')
	}
	e.b = append(e.b, ']')
}

func (e *enc) comment(c *Comment) {
	e.open('{')
	e.str("comment", c.Text)
	e.str("createdBy", c.CreatedBy)
	e.time("createdTime", c.Created)
	e.close('}')
}

func (e *enc) evidence(v *Evidence) {
	e.open('{')
	e.str("entityType", v.EntityType)
	e.time("evidenceCreationTime", v.Created)
	e.opt("sha1", v.SHA1)
	e.opt("sha256", v.SHA256)
	e.opt("fileName", v.FileName)
	e.opt("filePath", v.FilePath)
	e.optNum("processId", v.ProcessID)
	e.opt("processCommandLine", v.ProcessCommandLine)
	e.time("processCreationTime", v.ProcessCreated)
	e.optNum("parentProcessId", v.ParentProcessID)
	e.time("parentProcessCreationTime", v.ParentProcessCreated)
	e.opt("parentProcessFileName", v.ParentProcessFileName)
	e.opt("parentProcessFilePath", v.ParentProcessFilePath)
	e.opt("ipAddress", v.IPAddress)
	e.opt("url", v.URL)
	e.opt("registryKey", v.RegistryKey)
	e.opt("registryHive", v.RegistryHive)
	e.opt("registryValueType", v.RegistryValueType)
	e.opt("registryValue", v.RegistryValue)
	e.opt("accountName", v.AccountName)
	e.opt("domainName", v.DomainName)
	e.opt("userSid", v.UserSID)
	e.opt("aadUserId", v.AadUserID)
	e.opt("userPrincipalName", v.UserPrincipalName)
	e.opt("detectionStatus", v.DetectionStatus)
	e.close('}')
}
