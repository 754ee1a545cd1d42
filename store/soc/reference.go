package soc

import "time"

// ReferenceAlert is an alert that Defender is asked to make by itself about something that happened on a device it knows ("create by
// reference"). Defender wants every field. It merges the alert into an open one with the same title on the same device, and starts an
// automatic investigation.
type ReferenceAlert struct {
	MachineID         string
	Severity          Severity // Low, Medium or High; Defender takes no other here
	Title             string
	Description       string
	RecommendedAction string
	EventTime         time.Time // of the event on the device
	ReportID          string    // id of the event on the device, a number in text
	Category          string    // Malware, Exploit, SuspiciousActivity, …
}
