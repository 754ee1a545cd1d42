package program

import (
	"context"
	"fmt"
	"net/url"

	"cordon/client/channel"
	"cordon/client/connect"
	"cordon/config/exchange"
	"cordon/store/soc"
	"cordon/ui/cli"
	"cordon/ui/words"
)

// exported writes the tenants, channels and policy of the store as text (N-25).
func (v version) exported(ctx context.Context, o cli.Options) (text []byte, err error) {
	err = v.onStore(o, "", "", func(p *parts, _ soc.AuditEntry) error {
		now, err := p.exchanged(ctx)
		if err == nil {
			text, err = exchange.Export(now)
		}
		return err
	})
	return text, err
}

// imported compares a text with the store and, if apply is set, makes the store what the text says, all of it or nothing.
func (v version) imported(ctx context.Context, o cli.Options, name string, text []byte, apply bool) (out cli.Import, err error) {
	doc, err := exchange.Parse(name, text)
	if err != nil {
		return out, err
	}
	err = v.onStore(o, "import", "", func(p *parts, by soc.AuditEntry) error {
		now, err := p.exchanged(ctx)
		if err != nil {
			return err
		}
		plan, err := exchange.Diff(now, doc, exchange.Checks{Integration: p.engine.Tenants.Check, Channel: channel.Check, NewID: connect.NewID})
		if err != nil {
			return err
		}
		out = shown(plan)
		if !apply || len(plan.Changes) == 0 {
			return nil
		}
		if s := session(p.cfg, "cli"); s.ReadOnly {
			return &soc.Error{
				Kind: soc.KindDenied, Code: "read-only", What: "this process may not change anything", Means: "nothing was changed",
				Next: "leave --read-only out",
			}
		}
		if err := p.store.Apply(ctx, plan.Integrations, plan.Channels, plan.Policy, auditLines(by, name, plan)...); err != nil {
			return fmt.Errorf("nothing was imported: %w", err)
		}
		out.Applied = true
		return nil
	})
	return out, err
}

// exchanged reads what can be exchanged.
func (p *parts) exchanged(ctx context.Context) (s exchange.State, err error) {
	if s.Integrations, err = p.store.Integrations(ctx); err != nil {
		return s, err
	}
	if s.Channels, err = p.store.Channels(ctx); err != nil {
		return s, err
	}
	s.Policy, err = p.store.Policy(ctx)
	return s, err
}

func shown(plan exchange.Plan) (out cli.Import) {
	out.Kept = plan.Kept
	for _, c := range plan.Changes {
		d := cli.ImportChange{What: c.What, New: c.New, Note: c.Note}
		for _, f := range c.Fields {
			d.Fields = append(d.Fields, cli.ImportField(f))
		}
		out.Changes = append(out.Changes, d)
	}
	return out
}

// auditLines is one line for each entry that changes.
func auditLines(by soc.AuditEntry, name string, plan exchange.Plan) (out []soc.AuditEntry) {
	for _, c := range plan.Changes {
		e := by
		e.Target, e.Detail = c.What, "from "+soc.Clean(name)+", "+words.Count(len(c.Fields), "value")
		if c.New {
			e.Detail += ", new"
		}
		for _, f := range c.Fields {
			e.Before, e.After = joined(e.Before, f.Key, f.Before), joined(e.After, f.Key, f.After)
		}
		out = append(out, e)
	}
	return out
}

// joined adds a value to those of the history. The path of a webhook may be enough to post to it, so the history, which is sent to others, has
// its host alone.
func joined(list, key, value string) string {
	const enough = 500 // runes of one value: certificates are long
	if u, err := url.Parse(value); key == "out.url" && (err != nil || u.Host != "") {
		value = "an address"
		if err == nil {
			value = u.Scheme + "://" + u.Host
		}
	}
	if r := []rune(value); len(r) > enough {
		value = string(r[:enough]) + "…"
	}
	if value == "" {
		return list
	}
	if list != "" {
		list += "; "
	}
	return list + key + "=" + soc.Clean(value)
}
