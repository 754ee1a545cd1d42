package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"cordon/config/secret"
	"cordon/store"
	"cordon/store/soc"
)

// verdict is what a check found, in words; none is good.
type verdict []string

func (v *verdict) add(format string, a ...any) { *v = append(*v, fmt.Sprintf(format, a...)) }

func (w *scene) path() string { return filepath.Join(w.spec.Dir, "cordon.db") }

// wreck checks a store as a dead victim left it: whole, and with everything that was acknowledged.
func (w *scene) wreck(ctx context.Context, said []string) (v verdict) {
	acked := acks(said)
	info, err := os.Stat(w.path())
	if err != nil || info.Size() == 0 { // died before there was a store
		if len(acked) > 0 || slices.Contains(said, "OPEN") {
			v.add("the store is gone (%v) after %v", err, said)
		}
		return v
	}
	if err := boltCheck(w.path()); err != nil {
		if slices.Contains(said, "OPEN") {
			v.add("bbolt check: %v", err)
		}
		return v // the first start was cut short; the next start has to cope
	}
	s, err := store.Open(ctx, w.path(), store.Options{ReadOnly: true, Now: w.clock.now})
	var e *soc.Error
	switch {
	case errors.As(err, &e) && (e.Code == "store-empty" || e.Code == "store-older") && !slices.Contains(said, "OPEN"):
		return v // the first start, or the migration, was cut short
	case err != nil:
		v.add("the store does not open: %v", err)
		return v
	}
	defer func() { _ = s.Close() }()
	w.acked(ctx, s, acked, &v)
	w.steady(ctx, s, &v)
	w.backedUp(ctx, acked, &v)
	return v
}

// backedUp checks that a backup is whole or not there.
func (w *scene) backedUp(ctx context.Context, acked [][]string, v *verdict) {
	path := w.spec.backup()
	promised := slices.ContainsFunc(acked, func(a []string) bool { return a[0] == "backup" })
	if _, err := os.Stat(path); err != nil {
		if promised {
			v.add("F16: the backup is gone: %v", err)
		}
		return
	}
	if rep, err := store.Examine(ctx, path); err != nil || len(rep.Problems) > 0 || rep.Lockdowns == 0 {
		v.add("F16: the backup is no good: %+v, %v", rep, err)
	}
}

// boltCheck walks all pages of the file.
func boltCheck(path string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: 5 * time.Second, PreLoadFreelist: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return db.View(func(tx *bbolt.Tx) error {
		for bad := range tx.Check() {
			err = errors.Join(err, bad)
		}
		return err
	})
}

// acks are the promises that a victim printed, without the word.
func acks(said []string) (out [][]string) {
	for _, l := range said {
		if rest, ok := strings.CutPrefix(l, "ACK "); ok {
			out = append(out, strings.Fields(rest))
		}
	}
	return out
}

// acked looks for everything that was acknowledged.
func (w *scene) acked(ctx context.Context, s *store.Store, acked [][]string, v *verdict) {
	for _, a := range acked {
		if a[0] == "secret" {
			continue
		}
		if a[1] == unnamed {
			if list, err := s.Lockdowns(ctx, soc.LockdownQuery{Host: hostKey(target{ID: a[2]})}); err != nil || len(list) == 0 {
				v.add("acknowledged %v, but there is none: %v", a, err)
			}
			continue
		}
		l, err := s.Lockdown(ctx, soc.LockdownID(a[1]))
		if err != nil {
			v.add("acknowledged %v, but: %v", a, err)
			continue
		}
		kept := true
		switch a[0] {
		case "order":
			kept = l.Key.MachineID == a[2]
		case "release":
			kept = l.ReleaseCause != "" || l.Phase.Final()
		case "extend":
			kept = l.Period == 2*period
		case "cancel":
			kept = l.CancelWanted || l.Phase.Final()
		}
		if !kept {
			v.add("acknowledged %v, but the record is %+v", a, l)
		}
	}
}

// steady checks what must hold at any moment: the chain of the history, one line for each change, a wake-up for each obligation.
func (w *scene) steady(ctx context.Context, s *store.Store, v *verdict) {
	if rep, err := s.VerifyAudit(ctx); err != nil || !rep.OK {
		v.add("the history does not verify: %+v, %v", rep, err)
	}
	all, err := s.Lockdowns(ctx, soc.LockdownQuery{})
	if err != nil {
		v.add("lockdowns can not be read: %v", err)
		return
	}
	due, err := s.DueLockdowns(ctx, w.clock.now().Add(1000*time.Hour), 0)
	if err != nil {
		v.add("wake-ups can not be read: %v", err)
	}
	for _, l := range slices.DeleteFunc(all, foreign) {
		if !l.Phase.Final() && !slices.ContainsFunc(due, func(d soc.Lockdown) bool { return d.ID == l.ID }) {
			v.add("I3: %s is %s and has no wake-up", l.ID, l.Phase)
		}
		w.history(ctx, s, l, v)
	}
}

// history follows the audit lines of one lockdown from phase to phase (I4).
func (w *scene) history(ctx context.Context, s *store.Store, l soc.Lockdown, v *verdict) {
	page, err := s.Audit(ctx, soc.AuditQuery{Lockdown: l.ID})
	if err != nil {
		v.add("the history of %s can not be read: %v", l.ID, err)
		return
	}
	at, released := soc.Phase(""), 0
	for _, e := range slices.Backward(page.Entries) {
		to := soc.Phase(e.After)
		if !slices.Contains(soc.Phases(), to) {
			continue
		}
		if soc.Phase(e.Before) != at {
			v.add("I4: line %d of %s goes from %q, the record was at %q", e.Seq, l.ID, e.Before, at)
		}
		if at = to; to == soc.PhaseReleased {
			released++
		}
	}
	if at != l.Phase {
		v.add("I4: the history of %s ends at %q, the record is %q", l.ID, at, l.Phase)
	}
	if l.Phase == soc.PhaseReleased && released != 1 {
		v.add("F13: %d released lines for %s", released, l.ID)
	}
}

// peace checks the end, when everything is over: the truth of the tenant beside the records.
func (w *scene) peace(ctx context.Context, said []string) (v verdict) {
	if v = w.wreck(ctx, said); len(v) > 0 {
		return v
	}
	w.lab.promised.Add(int64(len(acks(said))))
	s, err := store.Open(ctx, w.path(), store.Options{ReadOnly: true, Now: w.clock.now})
	if err != nil {
		v.add("the store does not open: %v", err)
		return v
	}
	defer func() { _ = s.Close() }()
	for _, t := range w.spec.Hosts {
		w.host(ctx, s, t, &v)
	}
	if w.spec.Script == scriptRotate {
		w.rotated(ctx, s, said, &v)
	}
	return v
}

// host compares what happened to a host with its records.
func (w *scene) host(ctx context.Context, s *store.Store, t target, v *verdict) {
	list, err := s.Lockdowns(ctx, soc.LockdownQuery{Host: hostKey(t)})
	if err != nil {
		v.add("the lockdowns of %s can not be read: %v", t.Name, err)
		return
	}
	isolates, releases := w.effects(t.ID, "isolate"), w.effects(t.ID, "unisolate")
	if w.tenant.Isolated(t.ID) {
		v.add("%s is still isolated", t.Name)
	}
	if len(isolates) > len(list) {
		v.add("%s was isolated %d times for %d lockdowns", t.Name, len(isolates), len(list))
	}
	if len(releases) > 2*len(isolates) {
		v.add("%s was released %d times", t.Name, len(releases))
	}
	for _, l := range list {
		w.ended(t, l, isolates, releases, v)
	}
}

// effects are the times at which orders of a kind that changed something reached the tenant; "" stands for any machine.
func (w *scene) effects(machine, kind string) (at []time.Time) {
	for _, p := range w.tenant.Posts(machine, kind) {
		if p.Effect {
			at = append(at, p.At)
		}
	}
	return at
}

func (w *scene) ended(t target, l soc.Lockdown, isolates, releases []time.Time, v *verdict) {
	if !l.Phase.Final() {
		v.add("%s of %s never ended: %s %s", l.ID, t.Name, l.Phase, l.Trouble)
		return
	}
	if l.Phase != soc.PhaseReleased {
		outside := w.spec.Script == scriptPortal && l.Phase == soc.PhaseSuperseded
		if l.Phase != soc.PhaseCancelled && !outside {
			v.add("%s of %s ended as %s (%s)", l.ID, t.Name, l.Phase, l.Cause)
		}
		return
	}
	if len(isolates) == 0 || len(releases) == 0 {
		v.add("%s of %s says released; the tenant saw %d isolates and %d releases", l.ID, t.Name, len(isolates), len(releases))
		return
	}
	if !l.Deadline.Equal(l.EnforcedAt.Add(l.Period)) {
		v.add("F07: the deadline of %s is %s, it was isolated at %s for %s", l.ID, l.Deadline, l.EnforcedAt, l.Period)
	}
	for _, at := range releases {
		if l.Cause == soc.CauseTimer && at.After(l.EnforcedAt) && at.Before(l.Deadline) {
			v.add("I2: %s released at %s, its deadline was %s", t.Name, at, l.Deadline)
		}
	}
	byPerson := w.spec.Script == scriptHuman || w.spec.Script == scriptAgain || w.spec.Script == scriptCancel
	if l.Cause != soc.CauseTimer && !byPerson {
		v.add("%s was released by %s, nobody asked for it", t.Name, l.Cause)
	}
}

// rotated checks that exactly one credential is readable, that it is not older than what was acknowledged, and that none is in the clear.
func (w *scene) rotated(ctx context.Context, s *store.Store, said []string, v *verdict) {
	newest := 0
	for _, a := range acks(said) {
		if a[0] == "secret" {
			_, _ = fmt.Sscan(a[1], &newest)
		}
	}
	ring, err := secret.OpenRing(w.spec.Dir)
	if err != nil {
		v.add("F17: the key: %v", err)
		return
	}
	if in, err := s.Integration(ctx, tenantID); err == nil && (len(in.Sealed) > 0 || newest > 0) {
		got, err := ring.Open(string(tenantID), 1, in.Sealed)
		at := 0
		for n := newest; n <= min(newest+1, rotations); n++ {
			if n > 0 && got.Reveal() == canary(n) {
				at = n
			}
		}
		if err != nil || at == 0 {
			v.add("F17: after %d rotations the stored credential is neither the old nor the new one: %v", newest, err)
		}
	}
	if file := grep(w.spec.Dir, "canary-7f3a91"); file != "" {
		v.add("F17: %s holds a credential in the clear", file)
	}
}

// grep returns the first file below dir that holds the text, "" if none does.
func grep(dir, text string) (found string) {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || found != "" {
			return nil // a file that vanished holds nothing
		}
		if b, err := os.ReadFile(path); err == nil && bytes.Contains(b, []byte(text)) {
			found = path
		}
		return nil
	})
	return found
}
