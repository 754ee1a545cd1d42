package channel

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cordon/client/notify"
	"cordon/store/soc"
)

// Channels lists the channels of the store by name, then the sinks of the configuration file, each with how it is doing and what it effectively
// does. None of them carries its secret.
func (s *Service) Channels(ctx context.Context) ([]soc.ChannelStatus, error) {
	all, err := s.o.Store.Channels(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the channels: %w", err)
	}
	ins, err := s.o.Store.Integrations(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the integrations: %w", err)
	}
	last, err := s.head(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]soc.ChannelStatus, 0, len(all)+len(s.o.File))
	for _, c := range all {
		var st soc.ChannelStatus
		if c.Type.Out() {
			st, err = s.out(ctx, c, spec(c), last)
		} else {
			st, err = s.in(ctx, c, ins)
		}
		if err != nil {
			return nil, err
		}
		st.Channel.Sealed = nil
		out = append(out, st)
	}
	for _, f := range s.o.File {
		c := soc.Channel{Type: soc.ChannelType(f.Type), Name: f.Name, Enabled: true, Out: soc.Outlet{URL: f.Target(), AllowPrivate: f.AllowPrivate}}
		st, err := s.out(ctx, c, f, last)
		if err != nil {
			return nil, err
		}
		st.FromFile, st.Effect = true, "everything is told to "+f.Target()
		out = append(out, st)
	}
	return out, nil
}

// head is the number of the newest line of the history.
func (s *Service) head(ctx context.Context) (uint64, error) {
	page, err := s.o.Store.Audit(ctx, soc.AuditQuery{Count: 1})
	if err != nil {
		return 0, fmt.Errorf("reading the head of the history: %w", err)
	}
	if len(page.Entries) == 0 {
		return 0, nil
	}
	return page.Entries[0].Seq, nil
}

// out is a way out: its state is what its worker says, or what the store remembers of it.
func (s *Service) out(ctx context.Context, c soc.Channel, sp notify.Spec, last uint64) (soc.ChannelStatus, error) {
	key, used := sp.Key, true
	if key == "" {
		key = sp.Name
	}
	st, waiting, live := soc.SinkState{}, uint64(0), false
	if s.o.Live != nil {
		st, waiting, live = s.o.Live(key)
	}
	if !live {
		var err error
		st, err = s.o.Store.Sink(ctx, key)
		switch {
		case errors.Is(err, soc.ErrNotFound):
			used = false
		case err != nil:
			return soc.ChannelStatus{}, fmt.Errorf("reading the state of %s: %w", c.Name, err)
		}
		switch {
		case used && c.Type == soc.ChannelMail:
			if waiting, _, err = notify.Owed(ctx, s.o.Store, sp, st.Seq); err != nil {
				return soc.ChannelStatus{}, err
			}
		case used:
			waiting = last - min(last, st.Seq)
		}
	}
	out := soc.ChannelStatus{Channel: c, State: "ok", Problem: st.Problem, LastSend: st.LastOK, Waiting: waiting, Dead: uint64(len(st.Dead))}
	switch {
	case !c.Enabled:
		out.State, out.Problem, out.Waiting = "off", "", 0
	case !st.Since.IsZero():
		out.State = "failing"
	case st.LastOK.IsZero():
		out.State = "never used"
	}
	out.Effect = effect(c, out)
	return out, nil
}

// in is a way in: it is as good as the tenant behind it.
func (s *Service) in(ctx context.Context, c soc.Channel, ins []soc.Integration) (soc.ChannelStatus, error) {
	out := soc.ChannelStatus{Channel: c, State: "never used"}
	at := slices.IndexFunc(ins, func(in soc.Integration) bool { return in.ID == c.Tenant })
	if s.o.Tally != nil {
		var err error
		if out.LastSend, out.Waiting, out.Problem, err = s.o.Tally(ctx, c.ID); err != nil {
			return out, fmt.Errorf("reading how %s is doing: %w", c.Name, err)
		}
	}
	name := ""
	if at >= 0 {
		name = ins[at].Name
	}
	switch {
	case !c.Enabled:
		out.State, out.Problem = "off", ""
	case at < 0:
		out.State, out.Problem = "failing", "its tenant is not attached any more"
	case !ins[at].Enabled:
		out.State, out.Problem, name = "failing", name+" is switched off; what comes in waits", ""
	case ins[at].ReadOnly:
		out.State, out.Problem, name = "failing", name+" is read-only; what comes in waits", ""
	case out.Problem != "":
		out.State = "failing"
	case !out.LastSend.IsZero():
		out.State = "ok"
	}
	out.Effect = effectIn(c, out, name)
	return out, nil
}

// effect says in one sentence what a way out does now (V-35).
func effect(c soc.Channel, st soc.ChannelStatus) string {
	o := c.Out
	noun := map[soc.ChannelType]string{soc.ChannelMail: "mail", soc.ChannelSyslog: "syslog", soc.ChannelWebhook: "webhook"}[c.Type]
	switch {
	case !c.Enabled:
		return noun + " will not be sent: the channel is off"
	case c.Type == soc.ChannelMail && len(o.To) == 0:
		return "mail will not be sent: Email Address is empty"
	case c.Type == soc.ChannelMail && !o.HostAlerts && !o.StartFailures:
		return "mail will not be sent: host alerts are off"
	case st.State == "failing":
		return noun + " waits until " + spec(c).Target() + " takes it"
	case c.Type == soc.ChannelMail && !o.HostAlerts:
		return "mail about lockdowns will not be sent: host alerts are off; start failures go to " + strings.Join(o.To, ", ")
	case c.Type == soc.ChannelMail && o.StartFailures:
		return "mail about lockdowns and start failures will be sent to " + strings.Join(o.To, ", ")
	case c.Type == soc.ChannelMail:
		return "mail will be sent to " + strings.Join(o.To, ", ")
	case c.Type == soc.ChannelSyslog:
		names := ""
		if o.SeedNames {
			names = ", with the vendor's names"
		}
		return "syslog will be sent to " + spec(c).Target() + ", lockdowns in the layout " + o.Layout + names
	}
	return "everything will be posted to " + spec(c).Target() + ", signed"
}

func effectIn(c soc.Channel, st soc.ChannelStatus, tenant string) string {
	noun, becomes := "threat reports", fmt.Sprintf("threat reports (%s) become alerts of %s", c.AtLeast.Filter(), tenant)
	if c.Type == soc.ChannelProbes {
		noun, becomes = "test results", "what an unprotected test used "+probeEffect(c.Indicators.Action)+" "+tenant
	}
	switch {
	case !c.Enabled:
		return noun + " are not taken: the channel is off"
	case tenant == "":
		return noun + " go nowhere now: " + st.Problem
	}
	return becomes
}

// probeEffect says what an action does to devices, before the name of the tenant.
func probeEffect(action string) string {
	switch action {
	case "Audit":
		return "only raises an alert (Audit) on every device of"
	case "Warn":
		return "warns people, who can go on (Warn), on every device of"
	case "BlockAndRemediate":
		return "is blocked and removed (BlockAndRemediate) on every device of"
	}
	return "is blocked (Block) on every device of"
}
