package notify

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// The layouts of syslog lines about turns of lockdowns (V-39a/b/c): the field lists of the product that they come from, so that parsers
// written for it work, under our own vendor and product. Empty values keep their key: a parser that counts fields must not break.
const (
	LayoutCEF      = "cef"
	LayoutStandard = "standard"
	LayoutJSON     = "json"
)

// Layouts lists them, the default first.
func Layouts() []string { return []string{LayoutCEF, LayoutStandard, LayoutJSON} }

// names are what a layout says of the sender.
type names struct{ vendor, product, version, label, sd string }

// namesFor returns our own names, or those of the product that the layouts come from. 32473 is the number that is set aside for examples:
// cordon has none of its own.
func namesFor(seed bool, version string) names {
	if seed {
		return names{"Vectra Networks", "X Series", "5.7", "Vectra Event URL", "host_lockdown@41261"}
	}
	return names{"cordon", "cordon", version, "Event URL", "host_lockdown@32473"}
}

const category = "HOST_LOCKDOWN"

// turnText writes a turn in a layout: what follows the syslog header, which for the standard layout ends before the message id. Address and
// link of the sender are empty: cordon has no pages.
func turnText(layout string, n names, t *Turn) string {
	switch layout {
	case LayoutStandard:
		return turnStandard(n, t)
	case LayoutJSON:
		return turnJSON(n, t)
	}
	return turnCEF(n, t)
}

func turnCEF(n names, t *Turn) string {
	at := fmt.Sprint(t.At.UnixMilli())
	fields := [][2]string{
		{"externalId", fmt.Sprint(t.HostID)},
		{"cat", category},
		{"dvc", ""},
		{"suser", t.User},
		{"host", t.Host},
		{"cs1Label", "action"},
		{"cs1", t.Action},
		{"cs2Label", "success"},
		{"cs2", word(t.Success)},
		{"cs3Label", "willRetry"},
		{"cs3", word(t.WillRetry)},
		{"cs4Label", n.label},
		{"cs4", ""},
		{"start", at},
		{"end", at},
	}
	return cefLine(n, "host lockdown", "Host Lockdown", 3, fields)
}

// cefLine is one line of the Common Event Format, version 0.
func cefLine(n names, signature, name string, severity int, fields [][2]string) string {
	head := []string{"CEF:0"}
	for _, s := range []string{n.vendor, n.product, n.version, signature, name, fmt.Sprint(severity)} {
		head = append(head, cefHead(s))
	}
	var pairs []string
	for _, f := range fields {
		pairs = append(pairs, f[0]+"="+cefValue(f[1]))
	}
	return strings.Join(head, "|") + "|" + strings.Join(pairs, " ")
}

func cefHead(s string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "\r", " ", "\n", " ").Replace(s)
}

func cefValue(s string) string {
	return strings.NewReplacer(`\`, `\\`, "=", `\=`, "\r", `\r`, "\n", `\n`).Replace(s)
}

func turnStandard(n names, t *Turn) string {
	return "LOCKDOWN " + element(n.sd, [][2]string{
		{"category", category},
		{"hostName", t.Host},
		{"action", t.Action},
		{"success", word(t.Success)},
		{"willRetry", word(t.WillRetry)},
		{"dvc", ""},
		{"user", t.User},
		{"URL", ""},
		{"UTCTime", seconds(t.At)},
	})
}

// element is one element of RFC 5424 structured data. That has no escape for a line end, so it becomes a blank.
func element(id string, params [][2]string) string {
	esc := strings.NewReplacer(`\`, `\\`, `"`, `\"`, `]`, `\]`, "\r", " ", "\n", " ")
	var b strings.Builder
	b.WriteString("[" + id)
	for _, p := range params {
		fmt.Fprintf(&b, ` %s="%s"`, p[0], esc.Replace(p[1]))
	}
	return b.String() + "]"
}

// seconds is a time as seconds with one digit after the point, cut off, not rounded into the future.
func seconds(at time.Time) string {
	ms := at.UnixMilli()
	return fmt.Sprintf("%d.%d", ms/1000, ms%1000/100)
}

func turnJSON(n names, t *Turn) string {
	fields := [][2]string{
		{"category", quote(category)},
		{"version", quote(n.version)},
		{"success", fmt.Sprint(t.Success)},
		{"vectra_timestamp", quote(fmt.Sprint(t.At.Unix()))},
		{"will_retry", fmt.Sprint(t.WillRetry)},
		{"href", quote("")},
		{"host_name", quote(t.Host)},
		{"action", quote(t.Action)},
		{"host_id", fmt.Sprint(t.HostID)},
		{"headend_addr", quote("")},
		{"user", quote(t.User)},
	}
	var pairs []string
	for _, f := range fields {
		pairs = append(pairs, quote(f[0])+": "+f[1])
	}
	return "{" + strings.Join(pairs, ", ") + "}"
}

// quote is a JSON string without the escapes that are only for web pages.
func quote(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(s) != nil {
		return `""`
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func word(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

// otherCEF writes what is no turn in CEF, for sites that read nothing else.
func otherCEF(n names, m Message) string {
	severity := map[Weight]int{WeightInfo: 1, WeightNotice: 3, WeightWarning: 6, WeightError: 8}[m.Weight]
	fields := [][2]string{{"externalId", m.ID}, {"cat", strings.ToUpper(m.Kind)}, {"end", fmt.Sprint(m.Time.UnixMilli())}}
	e := m.Event
	if e == nil {
		return cefLine(n, m.Kind, m.Kind, severity, append(fields, [2]string{"msg", string(m.Body)}))
	}
	fields = append(fields, [][2]string{
		{"suser", e.Actor},
		{"act", e.Action},
		{"outcome", e.Result},
		{"dhost", e.Host},
		{"reason", string(e.Cause)},
		{"cs1Label", "tenant"},
		{"cs1", e.Tenant},
		{"cs2Label", "success"},
		{"cs2", word(e.Success)},
		{"cs3Label", "willRetry"},
		{"cs3", word(e.WillRetry)},
		{"cs5Label", "lockdown"},
		{"cs5", string(e.Lockdown)},
		{"cs6Label", "target"},
		{"cs6", e.Target},
		{"msg", e.Detail},
	}...)
	return cefLine(n, e.Action, e.Action+" "+e.Result, severity, fields)
}
