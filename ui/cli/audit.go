package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

func auditCmd(app App, o *Options) *cobra.Command {
	var q auditQuery
	ls := &cobra.Command{
		Use: "list", Short: "List what happened, newest first", Args: noArgs,
		PreRunE: func(c *cobra.Command, _ []string) error { return checkLimit(c, q.limit) },
		RunE:    with(app, o, func(c *cobra.Command, b *Backend) error { return listAudit(c, o, b, q) }),
	}
	ls.Flags().StringVar(&q.text, "filter", "", "actor:alice action:isolate target:WS-1 since:24h, or free text")
	ls.Flags().IntVar(&q.limit, "limit", 200, "at most this many lines; 0 = all")
	return group("audit", "The history, and the proof that nobody touched it", ls, exportCmd(app, o), verifyCmd(app, o), keyCmd(app, o))
}

type auditQuery struct {
	text  string
	limit int
}

// step is how many entries to ask for after shown: the whole history is read in windows. A search is one walk, because the store would
// begin it anew for every window.
func (q auditQuery) step(shown int) int {
	switch {
	case q.text != "":
		return q.limit
	case q.limit > 0:
		return min(window, q.limit-shown)
	}
	return window
}

// each calls first with the counts, then visit with every entry.
func (q auditQuery) each(c *cobra.Command, b *Backend, first func(soc.AuditPage) error, visit func(soc.AuditEntry) error) (int, soc.AuditPage, error) {
	for shown := 0; ; {
		step := q.step(shown)
		page, err := b.Store.Audit(c.Context(), soc.AuditQuery{Text: q.text, From: shown, Count: step})
		if err == nil && shown == 0 {
			err = first(page)
		}
		for i := 0; err == nil && i < len(page.Entries); i++ {
			err = visit(page.Entries[i])
		}
		shown += len(page.Entries)
		if err != nil || q.text != "" || len(page.Entries) < step || shown == q.limit {
			return shown, page, err
		}
	}
}

func listAudit(c *cobra.Command, o *Options, b *Backend, q auditQuery) error {
	if o.JSON {
		var out *jsonList
		_, _, err := q.each(c, b, func(p soc.AuditPage) (err error) {
			out, err = openList(c.OutOrStdout(), "entries", map[string]any{"matched": p.Matched, "total": p.Total})
			return err
		}, func(e soc.AuditEntry) error { return out.add(viewAudit(e)) })
		if err != nil {
			return err
		}
		return out.end()
	}
	t := newTable(c.OutOrStdout(), "SEQ", "TIME", "ACTOR", "ACTION", "TARGET", "RESULT", "CAUSE", "DETAIL")
	n := 0
	shown, page, err := q.each(c, b, func(soc.AuditPage) error { return nil }, func(e soc.AuditEntry) error {
		t.row(fmt.Sprint(e.Seq), stamp(e.Time), e.Actor.Name, e.Action, e.Target, e.Result, string(e.Cause), e.Detail)
		if n++; n%window == 0 {
			return t.flush()
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := t.flush(); err != nil {
		return err
	}
	note(c, o, "%d shown of %d that match, %d in all", shown, page.Matched, page.Total)
	return nil
}

type auditView struct {
	Seq         uint64            `json:"seq"`
	Time        string            `json:"time"`
	Integration soc.IntegrationID `json:"integration,omitempty"`
	Actor       string            `json:"actor"`
	Via         string            `json:"via,omitempty"`
	From        string            `json:"from,omitempty"`
	Key         string            `json:"key,omitempty"`
	Serial      string            `json:"serial,omitempty"`
	Session     string            `json:"session,omitempty"`
	Role        string            `json:"role,omitempty"`
	Action      string            `json:"action"`
	Target      string            `json:"target,omitempty"`
	MachineID   string            `json:"machine_id,omitempty"`
	Lockdown    soc.LockdownID    `json:"lockdown,omitempty"`
	Result      string            `json:"result"`
	Cause       soc.Cause         `json:"cause,omitempty"`
	Reason      string            `json:"reason,omitempty"`
	Before      string            `json:"before,omitempty"`
	After       string            `json:"after,omitempty"`
	Detail      string            `json:"detail,omitempty"`
	ActionID    string            `json:"action_id,omitempty"`
	RequestID   string            `json:"request_id,omitempty"`
	Version     string            `json:"version,omitempty"`
	Prev        string            `json:"prev"`
	MAC         string            `json:"mac,omitempty"`
	Hash        string            `json:"hash"`
}

func viewAudit(e soc.AuditEntry) auditView {
	return auditView{
		Seq: e.Seq, Time: stamp(e.Time), Integration: e.Integration, Actor: e.Actor.Name, Via: e.Actor.Via, From: e.Actor.From,
		Key: e.Actor.Key, Serial: e.Actor.Serial, Session: e.Actor.Session, Role: e.Actor.Role, Reason: e.Reason, MAC: e.MAC,
		Action: e.Action, Target: e.Target, MachineID: e.Host, Lockdown: e.Lockdown, Result: e.Result, Cause: e.Cause,
		Before: e.Before, After: e.After, Detail: e.Detail, ActionID: e.ActionID, RequestID: e.RequestID, Version: e.Version,
		Prev: e.Prev, Hash: e.Hash,
	}
}
