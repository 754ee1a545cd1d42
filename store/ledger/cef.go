package ledger

import (
	"fmt"
	"strings"

	"cordon/store/soc"
)

// cef writes an entry in the Common Event Format, version 0: seven header fields between bars, then key=value pairs.
func cef(e soc.AuditEntry, version string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CEF:0|cordon|cordon|%s|%s|%s|%d|", cefHead(version), cefHead(e.Action), cefHead(cefName(e)), cefSeverity(e.Result))
	first := true
	for _, f := range cefFields(e) {
		if f[1] == "" {
			continue
		}
		if !first {
			b.WriteByte(' ')
		}
		first = false
		b.WriteString(f[0] + "=" + cefValue(f[1]))
	}
	return b.String()
}

func cefName(e soc.AuditEntry) string {
	return strings.TrimSpace(e.Action + " " + e.Result)
}

func cefSeverity(result string) int {
	switch result {
	case soc.ResultFailed:
		return 8
	case soc.ResultRefused:
		return 5
	}
	return 3
}

func cefFields(e soc.AuditEntry) [][2]string {
	labelled := func(n int, label, value string) [][2]string {
		if value == "" {
			return nil
		}
		return [][2]string{{fmt.Sprintf("cs%dLabel", n), label}, {fmt.Sprintf("cs%d", n), value}}
	}
	f := [][2]string{
		{"rt", fmt.Sprint(e.Time.UnixMilli())},
		{"externalId", fmt.Sprint(e.Seq)},
		{"act", e.Action},
		{"outcome", e.Result},
		{"suser", e.Actor.Name},
		{"spriv", e.Actor.Role},
		{"shost", e.Actor.From},
		{"sproc", e.Actor.Via},
		{"dhost", e.Target},
		{"deviceExternalId", e.Host},
		{"reason", e.Reason},
		{"msg", e.Detail},
		{"requestContext", e.RequestID},
		{"oldFileHash", e.Prev},
		{"fileHash", e.Hash},
	}
	f = append(f, labelled(1, "lockdown", string(e.Lockdown))...)
	f = append(f, labelled(2, "integration", string(e.Integration))...)
	f = append(f, labelled(3, "cause", string(e.Cause))...)
	f = append(f, labelled(4, "change", change(e))...)
	f = append(f, labelled(5, "actionId", e.ActionID)...)
	return append(f, labelled(6, "key", strings.TrimSpace(e.Actor.Key+" "+e.Actor.Serial+" "+e.Actor.Session))...)
}

func change(e soc.AuditEntry) string {
	if e.Before == "" && e.After == "" {
		return ""
	}
	return e.Before + " → " + e.After
}

// cefHead escapes a header field: backslash and bar. Line ends can not occur in cleaned text.
func cefHead(s string) string { return strings.NewReplacer(`\`, `\\`, "|", `\|`).Replace(soc.Clean(s)) }

// cefValue escapes a value: backslash and equals sign.
func cefValue(s string) string {
	return strings.NewReplacer(`\`, `\\`, "=", `\=`).Replace(soc.Clean(s))
}
