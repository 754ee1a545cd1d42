package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"cordon/config/secret"
	"cordon/store/soc"
)

// script is what people do in a life, and what the tenant does to it.
type script string

// The scripts. Each ends with every host connected again.
const (
	scriptInit    script = "first start"           // nothing but the first start on an empty folder (F18)
	scriptTimer   script = "released by the timer" // order, confirmation, deadline, release
	scriptHuman   script = "released by a person"  // before the deadline
	scriptExtend  script = "extended"              // the end is moved while the clock runs
	scriptCancel  script = "cancelled waiting"     // the device is offline, a person takes the order back
	scriptTwo     script = "two hosts"             // at once
	scriptLost    script = "answer lost"           // the isolate takes effect, its answer never comes, the list lags (F33, F34)
	scriptAbsent  script = "order lost"            // the isolate never arrives
	scriptBlocked script = "release refused"       // twice, then it is let through (F28)
	scriptRotate  script = "secret rotation"       // sealed credentials are replaced (F17)
	scriptAgain   script = "isolated again"        // released by a person, then ordered anew
	scriptPortal  script = "released outside"      // in the portal, while the clock runs (F50)
	scriptBackup  script = "backup"                // a copy is made while the clock runs
	scriptRestore script = "restore"               // that copy is put in the place of the store
	scriptOld     script = "older store"           // the store is of an older form and is migrated at the start (F16)
	scriptMany    script = "many hosts"            // at once, so that the store has to grow
	scriptChain   script = "one host after another"
)

func scripts() []script {
	return []script{
		scriptInit, scriptTimer, scriptHuman, scriptExtend, scriptCancel, scriptTwo, scriptLost, scriptAbsent, scriptBlocked, scriptRotate,
		scriptAgain, scriptPortal, scriptOld, scriptBackup, scriptRestore,
	}
}

// hosts is how many machines a script needs.
func (s script) hosts() int {
	switch s {
	case scriptTwo:
		return 2
	case scriptMany:
		return 8
	}
	return 1
}

// The broken handlings of the negative controls.
const (
	breakRow = "row" // the attempt row is not stored before the order is sent
	breakAck = "ack" // the order is acknowledged before it is stored

	unnamed = "?" // the lockdown of an order that is acknowledged so early
)

// Further ways to start a victim.
const (
	breakPoison = "poison" // handling the first host panics (F19)
	breakRetry  = "retry"  // the person orders once more what they have seen no answer to (F06)
)

const rotations = 4

// canary is the n-th credential of the rotation; it must never be on the disk in the clear.
func canary(n int) string { return fmt.Sprintf("canary-7f3a91-%02d", n) }

func person() soc.Session {
	return soc.Session{Actor: soc.Actor{Name: "alice", Via: "tty"}, Rights: soc.RoleRights("responder")}
}

func hostKey(t target) soc.HostKey { return soc.HostKey{Integration: tenantID, MachineID: t.ID} }

// play lets the person act on what they see, and reports whether nothing is open.
func (v *victim) play(ctx context.Context, list []soc.Lockdown) (over bool) {
	over = true
	for _, l := range list {
		if l.Phase.Final() || v.Break == breakPoison && l.Phase == soc.PhaseNeedsHuman {
			continue
		}
		over = false
		if !v.Finish {
			v.act(ctx, l)
		}
	}
	if v.Finish {
		return over
	}
	switch v.Script {
	case scriptInit:
		return over
	case scriptRotate:
		v.rotate(ctx)
		return over
	}
	for _, t := range v.Hosts {
		if v.Script == scriptChain && !over {
			break
		}
		if v.wanted(list, t) && v.order(ctx, t) {
			over = false
		}
	}
	return over
}

// played reports whether the person has nothing left to do.
func (v *victim) played(list []soc.Lockdown) bool {
	switch v.Script {
	case scriptInit:
		return true
	case scriptRotate:
		return v.asked["rotated"]
	}
	for _, t := range v.Hosts {
		if v.wanted(list, t) && !v.sick.Load() {
			return false
		}
	}
	return true
}

// wanted reports whether the person has still to order a lockdown of the host.
func (v *victim) wanted(list []soc.Lockdown, t target) bool {
	had := 0
	for _, l := range list {
		if l.Key.MachineID == t.ID {
			had++
		}
	}
	switch {
	case v.asked["refused "+t.ID]:
		return false
	case v.Break == breakRetry:
		return !v.asked["retry"]
	case v.Script == scriptAgain:
		return had < 2 && allFinal(list)
	}
	return had == 0
}

func allFinal(list []soc.Lockdown) bool {
	for _, l := range list {
		if !l.Phase.Final() {
			return false
		}
	}
	return true
}

// order asks for a lockdown.
func (v *victim) order(ctx context.Context, t target) bool {
	h := soc.Host{Key: hostKey(t), Name: t.Name, OSPlatform: "Windows11", Health: "Active", Onboarding: "Onboarded", FetchedAt: v.clock.now()}
	v.asked["retry"] = true
	if v.Break == breakAck {
		fmt.Println("ACK order", unnamed, t.ID)
		time.Sleep(20 * time.Millisecond) // as a program does that stores when it finds the time
	}
	if err := v.store.PutHosts(ctx, h); err != nil {
		return false
	}
	l, err := v.svc.Isolate(ctx, person(), soc.IsolateRequest{Host: h.Key, Period: period, Reason: "beacons", Ticket: "INC-7"})
	if err != nil {
		v.told("order", err)
		v.asked["refused "+t.ID] = true // the person has read why, and looks for another way
		return false
	}
	fmt.Println("ACK order", l.ID, t.ID)
	return true
}

// act is what a person does to a running lockdown, once.
func (v *victim) act(ctx context.Context, l soc.Lockdown) {
	if v.asked[string(l.ID)] {
		return
	}
	var verb string
	var err error
	switch {
	case (v.Script == scriptHuman || v.Script == scriptAgain) && l.Phase == soc.PhaseIsolated:
		verb = "release"
		_, err = v.svc.Release(ctx, person(), soc.ReleaseRequest{Host: l.Key, Reason: "clean"})
	case v.Script == scriptExtend && l.Phase == soc.PhaseIsolated:
		verb = "extend"
		_, err = v.svc.SetPeriod(ctx, person(), soc.PeriodRequest{ID: l.ID, Revision: l.Revision, Period: 2 * period, Reason: "not clean yet"})
	case v.Script == scriptCancel && l.Phase == soc.PhasePending:
		verb = "cancel"
		_, err = v.svc.CancelLockdown(ctx, person(), l.ID, "wrong host")
	case v.Script == scriptBackup && l.Phase == soc.PhaseIsolated:
		verb = "backup"
		v.store.on.do(func() {
			if err = os.MkdirAll(filepath.Dir(v.backup()), 0o700); err == nil {
				_, err = v.store.Backup(ctx, v.backup())
			}
		})
	default:
		return
	}
	if errors.Is(err, soc.ErrConflict) { // somebody was faster: look again
		return
	}
	v.asked[string(l.ID)] = true
	if err != nil {
		v.told(verb, err)
		return
	}
	fmt.Println("ACK", verb, l.ID)
}

// told prints a refusal as a person reads it.
func (v *victim) told(what string, err error) {
	var e *soc.Error
	if errors.As(err, &e) {
		say("%s: %v; means: %s; next: %s", what, err, e.Means, e.Next)
		return
	}
	say("%s: %v", what, err)
}

// rotate replaces the sealed credential a few times.
func (v *victim) rotate(ctx context.Context) {
	if v.asked["rotated"] {
		return
	}
	v.asked["rotated"] = true
	for n := 1; n <= rotations; n++ {
		in, err := v.store.Integration(ctx, tenantID)
		if err == nil {
			in.Sealed, err = v.ring.Seal(string(tenantID), 1, secret.New(canary(n)))
		}
		if err == nil {
			_, err = v.store.SaveIntegration(ctx, in, soc.AuditEntry{
				Time: v.clock.now().Add(time.Duration(n)), Actor: person().Actor, Action: "rotate", Integration: tenantID, Result: soc.ResultOK,
			})
		}
		if err != nil {
			v.told("rotate", err)
			return
		}
		fmt.Println("ACK secret", n)
	}
}
