package sim

import "time"

// Action is one machine action as the tenant holds it.
type Action struct {
	ID               string
	Type             string // Isolate, Unisolate, RunAntiVirusScan, …
	Requestor        string // application id or user principal name
	RequestorComment string
	Status           string // Pending InProgress Succeeded Failed TimeOut Cancelled
	MachineID        string
	ComputerDNSName  string
	Created          time.Time
	Updated          time.Time

	CancelRequestor string
	CancelComment   string
	Cancelled       time.Time

	ErrorHResult  int64
	Scope         string
	ExternalID    string
	RequestSource string // PublicApi or Portal
	FileHash      string // SHA-1 of StopAndQuarantineFile
}

// Final says whether the status cannot change any more.
func (a *Action) Final() bool {
	return a.Status != "Pending" && a.Status != "InProgress"
}

func (e *enc) action(a *Action) {
	e.open('{')
	e.actionBody(a)
	e.close('}')
}

func (e *enc) actionBody(a *Action) {
	e.str("id", a.ID)
	e.str("type", a.Type)
	e.null("title")
	e.str("requestor", a.Requestor)
	e.str("requestorComment", a.RequestorComment)
	e.str("status", a.Status)
	e.str("machineId", a.MachineID)
	e.opt("computerDnsName", a.ComputerDNSName)
	e.time("creationDateTimeUtc", a.Created)
	e.time("lastUpdateDateTimeUtc", a.Updated)
	e.opt("cancellationRequestor", a.CancelRequestor)
	e.opt("cancellationComment", a.CancelComment)
	e.time("cancellationDateTimeUtc", a.Cancelled)
	e.num("errorHResult", a.ErrorHResult)
	e.opt("scope", a.Scope)
	e.opt("externalId", a.ExternalID)
	e.str("requestSource", a.RequestSource)
	if a.FileHash == "" {
		e.null("relatedFileInfo")
	} else {
		e.key("relatedFileInfo")
		e.open('{')
		e.str("fileIdentifier", a.FileHash)
		e.str("fileIdentifierType", "Sha1")
		e.close('}')
	}
	e.key("commands")
	e.b = append(e.b, '[', ']')
	e.null("troubleshootInfo")
}
