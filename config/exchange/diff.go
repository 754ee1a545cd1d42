package exchange

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"cordon/store/soc"
)

// Plan is what a text changes.
type Plan struct {
	Changes []Change
	Kept    []string // entries that the text does not name: "tenant Contoso"

	// What the store is to hold: only what changes. New records have an id and revision 0.
	Integrations []soc.Integration
	Channels     []soc.Channel
	Policy       *soc.Policy
}

// Change is one entry that comes to be or changes.
type Change struct {
	What   string  `json:"what"` // "tenant Contoso", "channel Pager", "policy"
	New    bool    `json:"new"`
	Fields []Field `json:"fields,omitempty"`
	Note   string  `json:"note,omitempty"` // what a person has to do afterwards
}

// Field is one value that changes; empty means that it is not set.
type Field struct {
	Key    string `json:"key"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Checks judge and complete the records of a text as the settings would, and give new ones their ids.
type Checks struct {
	Integration func(soc.Integration) (soc.Integration, error)
	Channel     func(soc.Channel) (soc.Channel, error)
	NewID       func(name string) string
}

const (
	noteNew   = "comes in switched off; then test it in the settings, with its secret if it needs one, and switch it on"
	noteMoved = "the stored secret does not go along to the new place: it is switched off until the secret is typed again"
)

// Diff compares what is there with what the text wants. Errors are KindInvalid and name the entry.
func Diff(now State, want Document, check Checks) (Plan, error) {
	var p Plan
	tenants := map[string]soc.IntegrationID{}
	for _, in := range now.Integrations {
		tenants[fold(in.Name)] = in.ID
	}
	for _, c := range now.Channels { // of a tenant that was detached: it is written with its id, and stays as it is
		if !slices.ContainsFunc(now.Integrations, func(in soc.Integration) bool { return in.ID == c.Tenant }) {
			tenants[fold(string(c.Tenant))] = c.Tenant
		}
	}
	if err := p.integrations(now, want, check, tenants); err != nil {
		return Plan{}, err
	}
	if err := p.channels(now, want, check, tenants); err != nil {
		return Plan{}, err
	}
	if want.Policy != nil {
		next, err := want.Policy.record()
		if err != nil {
			return Plan{}, entryError("policy", err)
		}
		next.Revision = now.Policy.Revision
		if fields := differ(fromPolicy(now.Policy), fromPolicy(next)); len(fields) > 0 {
			p.Policy = &next
			p.Changes = append(p.Changes, Change{What: "policy", Fields: fields})
		}
	}
	return p, nil
}

func (p *Plan) integrations(now State, want Document, check Checks, tenants map[string]soc.IntegrationID) error {
	left := slices.Clone(now.Integrations)
	for _, w := range want.Integrations {
		what := "tenant " + w.Name
		in, err := w.record()
		if err == nil {
			in, err = check.Integration(in)
		}
		if err != nil {
			return entryError(what, err)
		}
		i := slices.IndexFunc(left, func(o soc.Integration) bool { return fold(o.Name) == fold(w.Name) })
		if i < 0 {
			in.ID, in.Enabled = soc.IntegrationID(check.NewID(in.Name)), false
			tenants[fold(in.Name)] = in.ID
			p.Integrations = append(p.Integrations, in)
			p.Changes = append(p.Changes, Change{What: what, New: true, Fields: differ(integration{}, fromIntegration(in)), Note: noteNew})
			continue
		}
		old := left[i]
		left = slices.Delete(left, i, i+1)
		in.ID, in.Revision, in.CreatedAt, in.Sealed = old.ID, old.Revision, old.CreatedAt, old.Sealed
		if noUser(old.Proxy) == in.Proxy {
			in.Proxy = old.Proxy // with its user, which is never in the text
		}
		fields := differ(fromIntegration(old), fromIntegration(in))
		if len(fields) == 0 {
			continue
		}
		c := Change{What: what, Fields: fields}
		if place(old) != place(in) {
			in.Sealed, in.Enabled, c.Note = nil, false, noteMoved
			c.Fields = differ(fromIntegration(old), fromIntegration(in))
		}
		p.Integrations, p.Changes = append(p.Integrations, in), append(p.Changes, c)
	}
	for _, o := range left {
		p.Kept = append(p.Kept, "tenant "+o.Name)
	}
	return nil
}

func (p *Plan) channels(now State, want Document, check Checks, tenants map[string]soc.IntegrationID) error {
	names := map[soc.IntegrationID]string{}
	for _, in := range slices.Concat(now.Integrations, p.Integrations) {
		names[in.ID] = in.Name
	}
	left := slices.Clone(now.Channels)
	for _, w := range want.Channels {
		what := "channel " + w.Name
		ch, err := w.record(tenants)
		if err == nil {
			ch, err = check.Channel(ch)
		}
		if err != nil {
			return entryError(what, err)
		}
		i := slices.IndexFunc(left, func(o soc.Channel) bool { return fold(o.Name) == fold(w.Name) })
		if i < 0 {
			ch.ID, ch.Enabled = soc.ChannelID(check.NewID(ch.Name)), false
			p.Channels = append(p.Channels, ch)
			p.Changes = append(p.Changes, Change{What: what, New: true, Fields: differ(channel{}, fromChannel(ch, names)), Note: noteNew})
			continue
		}
		old := left[i]
		left = slices.Delete(left, i, i+1)
		if old.Type != ch.Type {
			return entryError(what, fmt.Errorf("type: it is %s, and the type of a channel can not change", old.Type))
		}
		ch.ID, ch.Revision, ch.CreatedAt, ch.Sealed = old.ID, old.Revision, old.CreatedAt, old.Sealed
		fields := differ(fromChannel(old, names), fromChannel(ch, names))
		if len(fields) == 0 {
			continue
		}
		c := Change{What: what, Fields: fields}
		if signsIn(ch) && (old.Out.URL != ch.Out.URL || old.Out.User != ch.Out.User || old.Out.Plain != ch.Out.Plain) {
			ch.Sealed, ch.Enabled, c.Note = nil, false, noteMoved
			c.Fields = differ(fromChannel(old, names), fromChannel(ch, names))
		}
		p.Channels, p.Changes = append(p.Channels, ch), append(p.Changes, c)
	}
	for _, o := range left {
		p.Kept = append(p.Kept, "channel "+o.Name)
	}
	return nil
}

// place is what a stored credential is for: with any of it changed it is another credential, or would go to somebody else.
func place(in soc.Integration) string {
	return strings.Join([]string{in.TenantID, in.ClientID, in.Auth, in.API, in.Login, fmt.Sprint(in.Custom)}, "\x00")
}

// signsIn reports whether a channel needs a secret: the password of a mail account, the key that signs a webhook.
func signsIn(c soc.Channel) bool { return c.Type == soc.ChannelWebhook || c.Out.User != "" }

func entryError(what string, err error) error {
	return &soc.Error{
		Kind: soc.KindInvalid, Code: "import", Err: err, What: soc.Clean(what + ": " + err.Error()), Means: "nothing was changed", Next: "correct the file",
	}
}

// differ lists the values in which two entries differ, in the order of the text.
func differ(before, after any) (out []Field) {
	a, b := flat(before), flat(after)
	keys := slices.Concat(keysOf(b), keysOf(a))
	for i, k := range keys {
		if slices.Index(keys, k) == i && a.get(k) != b.get(k) {
			out = append(out, Field{k, a.get(k), b.get(k)})
		}
	}
	return out
}

// values are the values of an entry with their keys, which are joined by dots.
type values []Field

func (v values) get(key string) string {
	for _, f := range v {
		if f.Key == key {
			return f.After
		}
	}
	return ""
}

func keysOf(v values) (out []string) {
	for _, f := range v {
		out = append(out, f.Key)
	}
	return out
}

func flat(entry any) values {
	text, err := yaml.Marshal(entry)
	if err != nil {
		return nil // the types of this package can be written
	}
	var m yaml.MapSlice
	if err := yaml.Unmarshal(text, &m); err != nil {
		return nil
	}
	return flatten("", m)
}

func flatten(prefix string, m yaml.MapSlice) (out values) {
	for _, kv := range m {
		key := prefix + fmt.Sprint(kv.Key)
		switch v := kv.Value.(type) {
		case yaml.MapSlice:
			out = append(out, flatten(key+".", v)...)
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(v)) {
				out = append(out, flatten(key+".", yaml.MapSlice{{Key: k, Value: v[k]}})...)
			}
		case []any:
			var parts []string
			for _, e := range v {
				parts = append(parts, fmt.Sprint(e))
			}
			out = append(out, Field{Key: key, After: strings.Join(parts, ", ")})
		default:
			out = append(out, Field{Key: key, After: fmt.Sprint(v)})
		}
	}
	return out
}
