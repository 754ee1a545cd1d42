package client

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"cordon/store/soc"
)

// ReferenceCategories lists the categories that an alert made by reference may have.
func ReferenceCategories() []string {
	return []string{
		"General", "CommandAndControl", "Collection", "CredentialAccess", "DefenseEvasion", "Discovery", "Exfiltration", "Exploit", "Execution",
		"InitialAccess", "LateralMovement", "Malware", "Persistence", "PrivilegeEscalation", "Ransomware", "SuspiciousActivity",
	}
}

// referenceBody is the body of CreateAlertByReference; Defender wants all of it.
type referenceBody struct {
	MachineID         string       `json:"machineId"`
	Severity          soc.Severity `json:"severity"`
	Title             string       `json:"title"`
	Description       string       `json:"description"`
	RecommendedAction string       `json:"recommendedAction"`
	EventTime         string       `json:"eventTime"`
	ReportID          string       `json:"reportId"`
	Category          string       `json:"category"`
}

// CreateAlertByReference asks Defender to make an alert about an event on a device that it knows, once, and returns the alert's id; an open
// alert with the same title on the device is used again. Errors: KindInvalid before anything is sent; KindNotFound when Defender does not
// know device or event, KindRefused, KindDenied, KindThrottled, KindUnauthorized and KindUnavailable changed nothing; KindUnknownOutcome
// may have: look for an alert with the title on the device.
func (c *Client) CreateAlertByReference(ctx context.Context, r soc.ReferenceAlert) (alertID string, err error) {
	if err := checkReference(&r); err != nil {
		return "", err
	}
	cl := call{
		api: apiReference, method: http.MethodPost, path: apiReference, prio: PriorityFollowUp, write: true, needs: rolesAlertWrite,
		doing: "creating an alert", target: "the device or the event",
		body: referenceBody{
			MachineID: r.MachineID, Severity: r.Severity, Title: r.Title, Description: r.Description, RecommendedAction: r.RecommendedAction,
			EventTime: odataTime(r.EventTime), ReportID: r.ReportID, Category: r.Category,
		},
	}
	a, err := object(ctx, c, cl, func(raw json.RawMessage) (soc.RawAlert, error) {
		a, err := c.decodeAlert(raw)
		if err != nil {
			return a, err
		}
		if wrong := differs("machine", a.Alert.MachineID, r.MachineID); wrong != "" && a.Alert.MachineID != "" {
			return a, cl.unclear(soc.CodeMismatch, "Defender's answer does not fit what was asked: "+wrong, nil)
		}
		return a, nil
	})
	return a.Alert.ID, err
}

// checkReference judges what Defender would refuse.
func checkReference(r *soc.ReferenceAlert) error {
	if _, err := segment("machine", r.MachineID); err != nil {
		return err
	}
	for _, f := range []struct{ name, value string }{
		{"title", r.Title}, {"description", r.Description}, {"recommended action", r.RecommendedAction}, {"report id", r.ReportID},
	} {
		if strings.TrimSpace(f.value) == "" {
			return invalid("reference", "the "+f.name+" of the alert is missing", "Defender wants every field")
		}
	}
	if r.EventTime.IsZero() {
		return invalid("reference", "the time of the event is missing", "Defender wants every field")
	}
	if !slices.Contains([]soc.Severity{soc.SeverityLow, soc.SeverityMedium, soc.SeverityHigh}, r.Severity) {
		return invalid("severity", "the severity "+quoted(string(r.Severity))+" is not possible here", "use Low, Medium or High")
	}
	category, ok := oneOf(r.Category, ReferenceCategories())
	if !ok {
		return invalid("category", "the category "+quoted(r.Category)+" is not possible here", "use one of "+strings.Join(ReferenceCategories(), ", "))
	}
	r.Category = category
	return nil
}
