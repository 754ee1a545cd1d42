package lockdown

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cordon/store/soc"
)

// Service is the one door for everything that is done to hosts (K-15). It is safe for concurrent use.
type Service struct {
	o        Options
	compared compared // by Recover
}

// NewService makes the door. It starts nothing.
func NewService(o Options) *Service { return &Service{o: o.withDefaults()} }

const (
	maxReason = 300
	retries   = 5
)

// Isolate stores the intent to isolate a host and returns the requested lockdown; nothing has been sent when it returns (C-06). Every refusal
// is audited and returned as an *soc.Error with the reason. Without a durable intent and audit record nothing is ever sent (K-11).
func (s *Service) Isolate(ctx context.Context, who soc.Session, r soc.IsolateRequest) (soc.Lockdown, error) {
	var v soc.Verdict
	err := s.judge(ctx, who, soc.ActIsolate, r.Host, &v)
	if err == nil {
		err = s.judgeRequest(ctx, v, &r)
	}
	if err != nil {
		return soc.Lockdown{}, s.refuse(ctx, who, soc.ActIsolate, r.Host, v, err)
	}
	policy, err := s.o.Store.Policy(ctx)
	if err != nil {
		return soc.Lockdown{}, fmt.Errorf("reading policy: %w", err)
	}
	now := s.o.Now()
	l := soc.Lockdown{
		ID: newID(), Key: v.Host.Key, HostName: v.Host.Name, HostIP: v.Host.LastIP, Mode: soc.ModeManual, By: who.Actor,
		Reason: text(r.Reason), Ticket: text(r.Ticket), AlertID: r.Alert, Type: r.Type, Period: r.Period, PendingTTL: policy.PendingTTL,
	}
	if who.Actor.Via == "rule" {
		l.Mode, l.Rule, l.PendingTTL = soc.ModeAuto, who.Actor.Name, policy.AutoTTL
	}
	if policy.FactsTTL > 0 {
		l.FreshUntil = now.Add(policy.FactsTTL)
	}
	l, entry, err := soc.Requested(l, now)
	if err != nil {
		return soc.Lockdown{}, s.refuse(ctx, who, soc.ActIsolate, r.Host, v, err)
	}
	saved, err := s.o.Store.SaveLockdown(ctx, l, entry)
	if err != nil {
		return soc.Lockdown{}, s.notStored(ctx, who, soc.ActIsolate, v, err)
	}
	return saved, nil
}

// judgeRequest judges what the person filled in, and completes it.
func (s *Service) judgeRequest(ctx context.Context, v soc.Verdict, r *soc.IsolateRequest) error {
	policy, err := s.o.Store.Policy(ctx)
	if err != nil {
		return fmt.Errorf("reading policy: %w", err)
	}
	if r.Type == "" {
		r.Type = soc.IsolationFull
	}
	switch {
	case !s.allowedPeriod(r.Period):
		return no(soc.KindInvalid, "period", fmt.Sprintf("%s is not a possible period", soc.Spoken(r.Period)), "a lockdown lasts 1 to 24 hours", "choose a preset")
	case r.Type != soc.IsolationFull && r.Type != soc.IsolationSelective:
		return no(soc.KindInvalid, "type", fmt.Sprintf("%q is no kind of isolation", r.Type), "nothing was done", "choose Full or Selective")
	case r.Type == soc.IsolationSelective && linux(v.Host):
		return no(soc.KindInvalid, "selective-linux", "Linux hosts can not be isolated selectively", "Defender would refuse the order", "choose Full")
	case v.TypeName != "" && !named(r.Confirm, v.Host):
		return no(soc.KindInvalid, "confirm", "this host is protected ("+v.TypeName+")", "it is isolated only when its name is typed", "type "+v.Host.Name)
	case policy.FactsTTL > 0 && !r.SeenAt.IsZero() && s.o.wall().Sub(r.SeenAt) > policy.FactsTTL:
		return stale(s.o.wall().Sub(r.SeenAt))
	}
	return nil
}

// allowedPeriod accepts 1 to 24 hours, and the extra presets exactly (K-03).
func (s *Service) allowedPeriod(p time.Duration) bool {
	return (p >= soc.MinPeriod && p <= soc.MaxPeriod) || (p > 0 && p < soc.MaxPeriod && slices.Contains(s.o.Presets, p))
}

// named reports whether the typed text is the host's name.
func named(typed string, h soc.Host) bool { return h.Name != "" && strings.TrimSpace(typed) == h.Name }

// Release orders the release of a host. Our own lockdown is released whatever is switched off, a waiting one is taken back. An isolation from
// outside needs the right lockdown.release-external, the typed name and a reason (K-04). A release already under way is no error (C-02).
func (s *Service) Release(ctx context.Context, who soc.Session, r soc.ReleaseRequest) (soc.Lockdown, error) {
	var v soc.Verdict
	if err := s.judge(ctx, who, soc.ActRelease, r.Host, &v); err != nil {
		return soc.Lockdown{}, s.refuse(ctx, who, soc.ActRelease, r.Host, v, err)
	}
	if v.Current == nil {
		return s.releaseForeign(ctx, who, r, v)
	}
	return s.change(ctx, who, soc.ActRelease, v.Current.ID, func(l soc.Lockdown) (soc.Lockdown, soc.AuditEntry, error) {
		return soc.RequestRelease(l, who.Actor, text(r.Reason), s.o.Now())
	})
}

func (s *Service) releaseForeign(ctx context.Context, who soc.Session, r soc.ReleaseRequest, v soc.Verdict) (soc.Lockdown, error) {
	now := s.o.Now()
	if !named(r.Confirm, v.Host) {
		err := no(soc.KindInvalid, "confirm", "this host was isolated from outside", "it is released only when its name is typed", "type "+orID(v.Host, r.Host))
		return soc.Lockdown{}, s.refuse(ctx, who, soc.ActRelease, r.Host, v, err)
	}
	l := soc.Lockdown{
		ID: newID(), Key: r.Host, HostName: v.Host.Name, HostIP: v.Host.LastIP, Mode: soc.ModeManual, By: who.Actor, Reason: text(r.Reason),
		Type: soc.IsolationType(v.State.Action.Scope),
	}
	l, entry, err := soc.TakeOver(l, v.State.Action, text(r.Reason), now)
	if err != nil {
		return soc.Lockdown{}, s.refuse(ctx, who, soc.ActRelease, r.Host, v, err)
	}
	saved, err := s.o.Store.SaveLockdown(ctx, l, entry)
	if err != nil {
		return soc.Lockdown{}, s.notStored(ctx, who, soc.ActRelease, v, err)
	}
	return saved, nil
}

// SetPeriod moves the end of a lockdown; the period counts from its start (K-06). A Revision that is not the newest is refused with
// ErrConflict, so that two people do not overwrite each other; 0 means whatever is stored.
func (s *Service) SetPeriod(ctx context.Context, who soc.Session, r soc.PeriodRequest) (soc.Lockdown, error) {
	return s.change(ctx, who, soc.ActPeriod, r.ID, func(l soc.Lockdown) (soc.Lockdown, soc.AuditEntry, error) {
		if !s.allowedPeriod(r.Period) {
			return l, soc.AuditEntry{}, no(soc.KindInvalid, "period", fmt.Sprintf("%s is not a possible period", soc.Spoken(r.Period)), "a lockdown lasts 1 to 24 hours from its start", "choose a preset")
		}
		if r.Revision != 0 && r.Revision != l.Revision {
			return l, soc.AuditEntry{}, no(soc.KindConflict, "changed-meanwhile", "the lockdown was changed meanwhile", "its end was not moved", "look at it again, then decide")
		}
		return soc.SetPeriod(l, who.Actor, r.Period, text(r.Reason), s.o.Now())
	})
}

// CancelLockdown takes a waiting lockdown back (K-02).
func (s *Service) CancelLockdown(ctx context.Context, who soc.Session, id soc.LockdownID, reason string) (soc.Lockdown, error) {
	return s.change(ctx, who, soc.ActCancel, id, func(l soc.Lockdown) (soc.Lockdown, soc.AuditEntry, error) {
		return soc.Cancel(l, who.Actor, text(reason), s.o.Now())
	})
}

// CloseLockdown ends an obligation by hand: the person takes the host over, with a reason (K-08). Nothing is sent.
func (s *Service) CloseLockdown(ctx context.Context, who soc.Session, id soc.LockdownID, reason string) (soc.Lockdown, error) {
	end := func(l soc.Lockdown) (soc.Lockdown, soc.AuditEntry, error) {
		return soc.Close(l, who.Actor, text(reason), s.o.Now())
	}
	if l, damaged, err := s.closeDamaged(ctx, who, id, end); damaged {
		return l, err
	}
	return s.change(ctx, who, soc.ActClose, id, end)
}

// change applies a person's command to the newest state of a lockdown, again if the reconciler was faster.
func (s *Service) change(ctx context.Context, who soc.Session, act soc.Act, id soc.LockdownID, apply func(soc.Lockdown) (soc.Lockdown, soc.AuditEntry, error)) (soc.Lockdown, error) {
	for try := 1; ; try++ {
		l, err := s.o.Store.Lockdown(ctx, id)
		if err != nil {
			return soc.Lockdown{}, s.refuse(ctx, who, act, soc.HostKey{}, soc.Verdict{}, fmt.Errorf("reading lockdown %s: %w", id, err))
		}
		v := soc.Verdict{Current: &l, Host: soc.Host{Key: l.Key, Name: l.HostName}}
		err = mayAct(who, act)
		var entry soc.AuditEntry
		next := l
		if err == nil {
			next, entry, err = apply(l)
		}
		if err != nil {
			return l, s.refuse(ctx, who, act, l.Key, v, err)
		}
		saved, err := s.o.Store.SaveLockdown(ctx, next, entry)
		if errors.Is(err, soc.ErrConflict) && try < retries {
			continue
		}
		if err != nil {
			return l, s.notStored(ctx, who, act, v, err)
		}
		return saved, nil
	}
}

// Dismiss records that a person opened the dialog of an act and left it without doing it (Z-20).
func (s *Service) Dismiss(ctx context.Context, who soc.Session, act soc.Act, key soc.HostKey, why string) error {
	e := s.entry(who, act, key, soc.Verdict{}, soc.ResultCancelled, orText(why, "the dialog was left without acting"))
	if h, err := s.o.Store.Host(ctx, key); err == nil {
		e.Target = h.Name
	}
	if err := s.o.Store.AppendAudit(ctx, e); err != nil {
		return fmt.Errorf("recording a dismissed dialog: %w", err)
	}
	return nil
}

// refuse audits a refusal and returns it.
func (s *Service) refuse(ctx context.Context, who soc.Session, act soc.Act, key soc.HostKey, v soc.Verdict, err error) error {
	e := s.entry(who, act, key, v, soc.ResultRefused, err.Error())
	if aerr := s.o.Store.AppendAudit(context.WithoutCancel(ctx), e); aerr != nil {
		s.o.Log.Error("a refusal could not be recorded", "act", act, "host", key.String(), "err", aerr)
	}
	return err
}

// notStored turns a failed save into what it means. Nothing was sent.
func (s *Service) notStored(ctx context.Context, who soc.Session, act soc.Act, v soc.Verdict, err error) error {
	var e *soc.Error
	if errors.As(err, &e) && e.Kind == soc.KindConflict {
		switch e.Code {
		case "open-lockdown":
			err = no(soc.KindConflict, "open-lockdown", "somebody else has just ordered a lockdown of this host", "yours was not added", "look at the host again")
		case "detached":
			err = no(soc.KindConflict, "detached", "the host's tenant was detached meanwhile", "nothing was ordered", "attach it again in the settings")
		default:
			err = no(soc.KindConflict, "changed-meanwhile", "the lockdown was changed meanwhile", "nothing was done", "look at it again")
		}
		return s.refuse(ctx, who, act, v.Host.Key, v, err)
	}
	if e != nil && e.Kind == soc.KindUnknownOutcome { // M4: it may be on the disk, and is then carried out after the next start
		return &soc.Error{
			Kind: soc.KindUnknownOutcome, Code: "perhaps-stored", What: "the disk failed while the order was written",
			Means: "nothing was sent; if the order reached the disk, it is sent when cordon starts again while it is fresh",
			Next:  "start cordon again and look at the host", Err: err,
		}
	}
	return &soc.Error{
		Kind: soc.KindUnavailable, Code: "not-stored", What: "the order could not be written to the store", Means: "nothing was sent to Defender; the host is as it was",
		Next: "check the disk, then try again", Err: err,
	}
}

func (s *Service) entry(who soc.Session, act soc.Act, key soc.HostKey, v soc.Verdict, result, detail string) soc.AuditEntry {
	e := soc.AuditEntry{
		Time: s.o.Now().UTC(), Integration: key.Integration, Actor: who.Actor, Action: string(act), Host: key.MachineID, Target: v.Host.Name,
		Result: result, Detail: detail,
	}
	if e.Actor.Name == "" {
		e.Actor.Name = "unknown"
	}
	if v.Current != nil {
		e.Lockdown = v.Current.ID
	}
	return e
}

// text makes one clean line of what a person typed, of bearable length.
func text(s string) string {
	r := []rune(strings.Join(strings.Fields(soc.Clean(s)), " "))
	if len(r) > maxReason {
		r = append(r[:maxReason-1], '…')
	}
	return string(r)
}

func orText(s, other string) string {
	if s = text(s); s == "" {
		return other
	}
	return s
}

func orID(h soc.Host, key soc.HostKey) string {
	if h.Name == "" {
		return key.MachineID
	}
	return h.Name
}
