package client

import (
	"encoding/json"
	"errors"
	"strings"

	"cordon/store/soc"
)

// This file holds the shapes of the wire and their one way into the vocabulary. Every string passes word, text or lines here, and so
// soc.Clean; nothing else in the program decodes what Defender sent.

// word is an identifier, name or enum: cleaned, and empty for each of the service's ways to say "unset".
func word(s flexString) string {
	switch t := strings.TrimSpace(string(s)); strings.ToLower(t) {
	case "", "null", "-", "n/a":
		return ""
	default:
		return soc.Clean(t)
	}
}

// text is one line of free text.
func text(s flexString) string { return soc.Clean(string(s)) }

// lines is free text that may have several lines.
func lines(s flexString) string { return soc.CleanLines(string(s)) }

func words(list flexList[flexString]) []string {
	var out []string
	for _, s := range list {
		if w := word(s); w != "" {
			out = append(out, w)
		}
	}
	return out
}

type wireUser struct {
	UserName    flexString `json:"userName"`
	AccountName flexString `json:"accountName"`
	DomainName  flexString `json:"domainName"`
}

func (w wireUser) ref() soc.UserRef {
	name := word(w.UserName)
	if name == "" {
		name = word(w.AccountName)
	}
	return soc.UserRef{Name: name, Domain: word(w.DomainName)}
}

type wireComment struct {
	Comment     flexString `json:"comment"`
	CreatedBy   flexString `json:"createdBy"`
	CreatedTime flexTime   `json:"createdTime"`
}

type wireAlert struct {
	ID                 flexString             `json:"id"`
	IncidentID         flexInt                `json:"incidentId"`
	InvestigationID    flexInt                `json:"investigationId"`
	AssignedTo         flexString             `json:"assignedTo"`
	Severity           flexString             `json:"severity"`
	Status             flexString             `json:"status"`
	Classification     flexString             `json:"classification"`
	Determination      flexString             `json:"determination"`
	InvestigationState flexString             `json:"investigationState"`
	DetectionSource    flexString             `json:"detectionSource"`
	DetectorID         flexString             `json:"detectorId"`
	Category           flexString             `json:"category"`
	ThreatFamilyName   flexString             `json:"threatFamilyName"`
	ThreatName         flexString             `json:"threatName"`
	Title              flexString             `json:"title"`
	Description        flexString             `json:"description"`
	RecommendedAction  flexString             `json:"recommendedAction"`
	AlertCreationTime  flexTime               `json:"alertCreationTime"`
	FirstEventTime     flexTime               `json:"firstEventTime"`
	LastEventTime      flexTime               `json:"lastEventTime"`
	LastUpdateTime     flexTime               `json:"lastUpdateTime"`
	ResolvedTime       flexTime               `json:"resolvedTime"`
	MachineID          flexString             `json:"machineId"`
	ComputerDNSName    flexString             `json:"computerDnsName"`
	RBACGroupName      flexString             `json:"rbacGroupName"`
	AADTenantID        flexString             `json:"aadTenantId"`
	MitreTechniques    flexList[flexString]   `json:"mitreTechniques"`
	RelatedUser        flexObject[wireUser]   `json:"relatedUser"`
	LoggedOnUsers      flexList[wireUser]     `json:"loggedOnUsers"`
	Comments           flexList[wireComment]  `json:"comments"`
	Evidence           flexList[wireEvidence] `json:"evidence"`
}

// decodeAlert turns one alert's bytes into the vocabulary. It fails for what is no alert at all: no object, or no id.
func decodeAlert(in soc.IntegrationID, raw json.RawMessage) (soc.RawAlert, error) {
	var w wireAlert
	if err := json.Unmarshal(raw, &w); err != nil {
		return soc.RawAlert{}, err
	}
	a := soc.Alert{
		Integration: in, ID: word(w.ID),
		IncidentID: int64(w.IncidentID), InvestigationID: int64(w.InvestigationID),
		AssignedTo: word(w.AssignedTo), Severity: soc.Severity(word(w.Severity)), Status: soc.AlertStatus(word(w.Status)),
		Classification: word(w.Classification), Determination: word(w.Determination), InvestigationState: word(w.InvestigationState),
		DetectionSource: word(w.DetectionSource), DetectorID: word(w.DetectorID), Category: word(w.Category),
		ThreatFamily: word(w.ThreatFamilyName), ThreatName: word(w.ThreatName),
		Title: text(w.Title), Description: lines(w.Description), RecommendedAction: lines(w.RecommendedAction),
		Created: w.AlertCreationTime.Time, FirstEvent: w.FirstEventTime.Time, LastEvent: w.LastEventTime.Time,
		LastUpdate: w.LastUpdateTime.Time, Resolved: w.ResolvedTime.Time,
		MachineID: word(w.MachineID), HostName: word(w.ComputerDNSName), Group: word(w.RBACGroupName), TenantID: word(w.AADTenantID),
		Techniques: words(w.MitreTechniques),
	}
	if a.ID == "" {
		return soc.RawAlert{}, errors.New("an alert without an id")
	}
	if w.RelatedUser.v != nil {
		if u := w.RelatedUser.v.ref(); u.Name != "" {
			a.RelatedUser = &u
		}
	}
	for _, u := range w.LoggedOnUsers {
		if ref := u.ref(); ref.Name != "" {
			a.LoggedOnUsers = append(a.LoggedOnUsers, ref)
		}
	}
	for _, c := range w.Comments {
		a.Comments = append(a.Comments, soc.Comment{Text: lines(c.Comment), By: word(c.CreatedBy), At: c.CreatedTime.Time})
	}
	for _, e := range w.Evidence {
		a.Evidence = append(a.Evidence, e.evidence())
	}
	return soc.RawAlert{Alert: a, Raw: raw}, nil
}

type wireEvidence struct {
	Type                      flexString `json:"entityType"`
	EvidenceCreationTime      flexTime   `json:"evidenceCreationTime"`
	SHA1                      flexString `json:"sha1"`
	SHA256                    flexString `json:"sha256"`
	FileName                  flexString `json:"fileName"`
	FilePath                  flexString `json:"filePath"`
	ProcessID                 flexInt    `json:"processId"`
	ProcessCommandLine        flexString `json:"processCommandLine"`
	ProcessCreationTime       flexTime   `json:"processCreationTime"`
	ParentProcessID           flexInt    `json:"parentProcessId"`
	ParentProcessCreationTime flexTime   `json:"parentProcessCreationTime"`
	ParentProcessFileName     flexString `json:"parentProcessFileName"`
	ParentProcessFilePath     flexString `json:"parentProcessFilePath"`
	IPAddress                 flexString `json:"ipAddress"`
	URL                       flexString `json:"url"`
	RegistryKey               flexString `json:"registryKey"`
	RegistryHive              flexString `json:"registryHive"`
	RegistryValueType         flexString `json:"registryValueType"`
	RegistryValueName         flexString `json:"registryValueName"`
	RegistryValue             flexString `json:"registryValue"`
	AccountName               flexString `json:"accountName"`
	DomainName                flexString `json:"domainName"`
	UserSID                   flexString `json:"userSid"`
	AADUserID                 flexString `json:"aadUserId"`
	UserPrincipalName         flexString `json:"userPrincipalName"`
	DetectionStatus           flexString `json:"detectionStatus"`
}

func (w wireEvidence) evidence() soc.Evidence {
	return soc.Evidence{
		EntityType: word(w.Type), Created: w.EvidenceCreationTime.Time, SHA1: word(w.SHA1), SHA256: word(w.SHA256),
		FileName: word(w.FileName), FilePath: word(w.FilePath),
		ProcessID: int64(w.ProcessID), CommandLine: text(w.ProcessCommandLine), ProcessCreated: w.ProcessCreationTime.Time,
		ParentProcessID: int64(w.ParentProcessID), ParentCreated: w.ParentProcessCreationTime.Time,
		ParentFileName: word(w.ParentProcessFileName), ParentFilePath: word(w.ParentProcessFilePath),
		IPAddress: word(w.IPAddress), URL: word(w.URL),
		RegistryKey: word(w.RegistryKey), RegistryHive: word(w.RegistryHive), RegistryValueType: word(w.RegistryValueType),
		RegistryValueName: word(w.RegistryValueName), RegistryValue: text(w.RegistryValue),
		AccountName: word(w.AccountName), DomainName: word(w.DomainName), UserSID: word(w.UserSID), AADUserID: word(w.AADUserID),
		UserPrincipalName: word(w.UserPrincipalName), DetectionStatus: word(w.DetectionStatus),
	}
}
