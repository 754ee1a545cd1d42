package client

import (
	"encoding/json"
	"errors"
	"time"

	"cordon/store/soc"
)

type wireIP struct {
	IPAddress         flexString `json:"ipAddress"`
	MACAddress        flexString `json:"macAddress"`
	Type              flexString `json:"type"`
	OperationalStatus flexString `json:"operationalStatus"`
}

type wireVM struct {
	CloudProvider flexString `json:"cloudProvider"`
}

type wireMachine struct {
	ID                     flexString           `json:"id"`
	MergedIntoMachineID    flexString           `json:"mergedIntoMachineId"`
	IsPotentialDuplication flexBool             `json:"isPotentialDuplication"`
	IsExcluded             flexBool             `json:"isExcluded"`
	ExclusionReason        flexString           `json:"exclusionReason"`
	ComputerDNSName        flexString           `json:"computerDnsName"`
	FirstSeen              flexTime             `json:"firstSeen"`
	LastSeen               flexTime             `json:"lastSeen"`
	OSPlatform             flexString           `json:"osPlatform"`
	OSVersion              flexString           `json:"osVersion"`
	OSProcessor            flexString           `json:"osProcessor"`
	OSArchitecture         flexString           `json:"osArchitecture"`
	Version                flexString           `json:"version"`
	OSBuild                flexInt              `json:"osBuild"`
	AgentVersion           flexString           `json:"agentVersion"`
	LastIPAddress          flexString           `json:"lastIpAddress"`
	LastExternalIPAddress  flexString           `json:"lastExternalIpAddress"`
	IPAddresses            flexList[wireIP]     `json:"ipAddresses"`
	HealthStatus           flexString           `json:"healthStatus"`
	OnboardingStatus       flexString           `json:"onboardingStatus"`
	RiskScore              flexString           `json:"riskScore"`
	ExposureLevel          flexString           `json:"exposureLevel"`
	DeviceValue            flexString           `json:"deviceValue"`
	RBACGroupID            flexString           `json:"rbacGroupId"`
	RBACGroupName          flexString           `json:"rbacGroupName"`
	IsAADJoined            flexBool             `json:"isAadJoined"`
	AADDeviceID            flexString           `json:"aadDeviceId"`
	MachineTags            flexList[flexString] `json:"machineTags"`
	ManagedBy              flexString           `json:"managedBy"`
	DefenderAVStatus       flexString           `json:"defenderAvStatus"`
	VMMetadata             flexObject[wireVM]   `json:"vmMetadata"`
	SystemProductName      flexString           `json:"systemProductName"`
}

// decodeHost turns a machine's bytes into the vocabulary; a machine without an id is an error.
func decodeHost(in soc.IntegrationID, raw []byte, now time.Time) (soc.Host, error) {
	var w wireMachine
	if err := json.Unmarshal(raw, &w); err != nil {
		return soc.Host{}, err
	}
	h := soc.Host{
		Key:  soc.HostKey{Integration: in, MachineID: word(w.ID)},
		Name: word(w.ComputerDNSName), MergedInto: word(w.MergedIntoMachineID),
		PotentialDup: bool(w.IsPotentialDuplication), Excluded: bool(w.IsExcluded), ExclusionReason: text(w.ExclusionReason),
		FirstSeen: w.FirstSeen.Time, LastSeen: w.LastSeen.Time,
		OSPlatform: word(w.OSPlatform), OSVersion: word(w.OSVersion), Version: word(w.Version), OSBuild: int64(w.OSBuild),
		OSArchitecture: orDefault(word(w.OSArchitecture), word(w.OSProcessor)), AgentVersion: word(w.AgentVersion),
		LastIP: word(w.LastIPAddress), LastExternalIP: word(w.LastExternalIPAddress),
		Health: word(w.HealthStatus), Onboarding: word(w.OnboardingStatus), Risk: word(w.RiskScore), Exposure: word(w.ExposureLevel),
		DeviceValue: word(w.DeviceValue), GroupID: word(w.RBACGroupID), Group: word(w.RBACGroupName),
		AADJoined: bool(w.IsAADJoined), AADDeviceID: word(w.AADDeviceID), Tags: words(w.MachineTags),
		ManagedBy: word(w.ManagedBy), AVStatus: word(w.DefenderAVStatus), ProductName: word(w.SystemProductName),
		FetchedAt: now.UTC(),
	}
	if h.Key.MachineID == "" {
		return soc.Host{}, errors.New("a machine without an id")
	}
	if w.VMMetadata.v != nil {
		h.VMProvider = word(w.VMMetadata.v.CloudProvider)
	}
	for _, ip := range w.IPAddresses {
		if addr := word(ip.IPAddress); addr != "" {
			h.IPs = append(h.IPs, soc.IPInfo{IP: addr, MAC: word(ip.MACAddress), Type: word(ip.Type), Status: word(ip.OperationalStatus)})
		}
	}
	return h, nil
}

type wireLogon struct {
	AccountName       flexString `json:"accountName"`
	AccountDomain     flexString `json:"accountDomain"`
	AccountDomainName flexString `json:"accountDomainName"` // older spelling
	AccountSID        flexString `json:"accountSid"`
	FirstSeen         flexTime   `json:"firstSeen"`
	LastSeen          flexTime   `json:"lastSeen"`
	LogonTypes        flexString `json:"logonTypes"`
	IsDomainAdmin     flexBool   `json:"isDomainAdmin"`
	IsOnlyNetworkUser flexBool   `json:"isOnlyNetworkUser"`
}

func decodeLogon(raw []byte) (soc.LogonUser, error) {
	var w wireLogon
	if err := json.Unmarshal(raw, &w); err != nil {
		return soc.LogonUser{}, err
	}
	u := soc.LogonUser{
		Name: word(w.AccountName), Domain: orDefault(word(w.AccountDomain), word(w.AccountDomainName)), SID: word(w.AccountSID),
		FirstSeen: w.FirstSeen.Time, LastSeen: w.LastSeen.Time, LogonTypes: word(w.LogonTypes),
		DomainAdmin: bool(w.IsDomainAdmin), OnlyNetwork: bool(w.IsOnlyNetworkUser),
	}
	if u.Name == "" {
		return u, errors.New("a user without a name")
	}
	return u, nil
}

type wireAction struct {
	ID                    *string    `json:"id"`
	Type                  *string    `json:"type"`
	Status                *string    `json:"status"`
	MachineID             *string    `json:"machineId"`
	Title                 flexString `json:"title"`
	Requestor             flexString `json:"requestor"`
	RequestorComment      flexString `json:"requestorComment"`
	ComputerDNSName       flexString `json:"computerDnsName"`
	Created               flexTime   `json:"creationDateTimeUtc"`
	Updated               flexTime   `json:"lastUpdateDateTimeUtc"`
	UpdatedDocs           flexTime   `json:"lastUpdateTimeUtc"` // as two documentation pages spell it
	CancellationRequestor flexString `json:"cancellationRequestor"`
	CancellationComment   flexString `json:"cancellationComment"`
	Cancelled             flexTime   `json:"cancellationDateTimeUtc"`
	ErrorHResult          flexInt    `json:"errorHResult"`
	Scope                 flexString `json:"scope"`
	ExternalID            flexString `json:"externalId"`
	RequestSource         flexString `json:"requestSource"`
	TroubleshootInfo      flexString `json:"troubleshootInfo"`
}

// decodeAction is strict where it matters: id, type, status and machine must be text, the id must be there. Lockdowns are decided on it.
func decodeAction(in soc.IntegrationID, raw []byte) (soc.MachineAction, error) {
	var w wireAction
	if err := json.Unmarshal(raw, &w); err != nil {
		return soc.MachineAction{}, err
	}
	must := func(s *string) string {
		if s == nil {
			return ""
		}
		return word(flexString(*s))
	}
	updated := w.Updated.Time
	if updated.IsZero() {
		updated = w.UpdatedDocs.Time
	}
	a := soc.MachineAction{
		ID: must(w.ID), Integration: in, Type: soc.ActionType(must(w.Type)), Status: soc.ActionStatus(must(w.Status)),
		MachineID: must(w.MachineID), HostName: word(w.ComputerDNSName), Requestor: word(w.Requestor), Comment: text(w.RequestorComment),
		Source: word(w.RequestSource), Scope: word(w.Scope), Created: w.Created.Time, Updated: updated,
		CancelledBy: word(w.CancellationRequestor), CancelComment: text(w.CancellationComment), CancelledAt: w.Cancelled.Time,
		ErrorHResult: int64(w.ErrorHResult), ExternalID: word(w.ExternalID), Troubleshoot: text(w.TroubleshootInfo), Title: text(w.Title),
	}
	if a.ID == "" {
		return soc.MachineAction{}, errors.New("an action without an id")
	}
	return a, nil
}
