// Package soc is the vocabulary of cordon: alerts, hosts, machine actions, lockdowns, audit entries, people and their rights, and the
// pure rules that decide what happens to a lockdown next.
//
// It promises three things. It is pure: standard library only, no I/O, no clock of its own (time comes in as an argument), so every rule
// here can be tested in a table and none can reach the network by accident. Values are values: nothing returned from a store or a service
// is shared memory. And text is safe: every string that came from Defender went through Clean before it got into one of these types, so a
// screen may print it as it stands.
//
// What is persisted IS this vocabulary. The json tags are the file format of the store; changing one changes every database in the field,
// so the migrations live next door in package store.
//
// The terms are the field's own: alert, incident, machine action, isolate, release, evidence, indicator, determination. "Lockdown" is
// ours: an isolation with a deadline that cordon keeps.
package soc

import (
	"strings"
	"time"
)

// IntegrationID names one attached tenant inside cordon. It is chosen at attach time, never reused, and is part of every key, so that two
// tenants can not mix.
type IntegrationID string

// HostKey names a machine: the only identity that actions accept. Names are display (C-09, C-10).
type HostKey struct {
	Integration IntegrationID `json:"integration"`
	MachineID   string        `json:"machineId"`
}

// IsZero reports whether k names nothing. A zero key never feeds an action (C-17).
func (k HostKey) IsZero() bool { return k.Integration == "" || k.MachineID == "" }

func (k HostKey) String() string { return string(k.Integration) + "/" + k.MachineID }

// AlertKey names an alert of one tenant.
type AlertKey struct {
	Integration IntegrationID `json:"integration"`
	ID          string        `json:"id"`
}

// IsZero reports whether k names nothing.
func (k AlertKey) IsZero() bool { return k.Integration == "" || k.ID == "" }

func (k AlertKey) String() string { return string(k.Integration) + "/" + k.ID }

// Limits of a lockdown (K-03). Demo mode adds shorter presets but no longer ones.
const (
	MinPeriod = time.Hour
	MaxPeriod = 24 * time.Hour
)

// Presets are the periods that the lockdown dialog offers (K-03).
func Presets() []time.Duration {
	return []time.Duration{time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 12 * time.Hour, 24 * time.Hour}
}

// Names that more than one surface prints, so that they are spelt once.
const (
	// IsolatedOutside is the status of a host that somebody else isolated (V-30, K-04).
	IsolatedOutside = "Isolated from outside"
)

// Spoken prints a period as people say it: 4h, 1h30m, 30s.
func Spoken(d time.Duration) string {
	s := d.Round(time.Second).String()
	if len(s) > 2 && strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if len(s) > 2 && strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}
