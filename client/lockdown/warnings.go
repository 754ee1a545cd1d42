package lockdown

import (
	"fmt"
	"strings"
	"time"

	"cordon/store/soc"
)

// warnings are facts to weigh before an order; none of them refuses it.
func warnings(v soc.Verdict, now time.Time, policy soc.Policy) []string {
	var w []string
	h := v.Host
	if !h.Reachable() {
		w = append(w, fmt.Sprintf("Defender says %s: the order waits for the device, up to 3 days; the clock starts when it is isolated", h.Health))
	}
	if len(v.SameName) > 0 {
		w = append(w, fmt.Sprintf("%d other machines have this name; this is id %s%s", len(v.SameName), tail(h.Key.MachineID), lastSeen(h, now)))
	}
	if scripts := soc.MixedScript(h.Name); scripts != "" {
		w = append(w, fmt.Sprintf("the name mixes %s letters and may be made to look like another one; this is id %s%s", scripts,
			tail(h.Key.MachineID), lastSeen(h, now)))
	}
	for _, o := range v.LooksLike {
		w = append(w, fmt.Sprintf("the name looks like %s, which is another machine (id %s%s); this is id %s", o.Name, tail(o.Key.MachineID),
			lastSeen(o, now), tail(h.Key.MachineID)))
	}
	if h.PotentialDup {
		w = append(w, "Defender thinks this record is a duplicate of another machine")
	}
	if strings.Contains(strings.ToLower(h.OSPlatform), "linux") || linux(h) {
		w = append(w, "on Linux a change of iptables rules ends the isolation unseen; it is reported, not verifiable")
	}
	if strings.Contains(strings.ToLower(h.ProductName+h.VMProvider), "hyper-v") {
		w = append(w, "isolating a Hyper-V host cuts off its guests, and it may not come back by itself ("+runbook+")")
	}
	if v.State.Word == soc.IsolationUnsure {
		w = append(w, "the host's actions were not read yet; cordon looks before it sends the order")
	}
	if age := now.Sub(factsAt(v)); !factsAt(v).IsZero() && policy.FactsTTL > 0 && age > policy.FactsTTL/2 {
		w = append(w, fmt.Sprintf("what is known about this host is %s old", age.Round(time.Second)))
	}
	return w
}

// runbook is where the way out is described that works without Defender's channel (F84).
const runbook = "break glass, docs/operations.md"

// lastSeen says when Defender last heard from a host, to tell machines of one name apart.
func lastSeen(h soc.Host, now time.Time) string {
	if h.LastSeen.IsZero() {
		return ""
	}
	return ", last seen " + soc.Spoken(max(0, now.Sub(h.LastSeen)).Round(time.Minute)) + " ago"
}

// tail is the end of a machine id, enough to tell two apart.
func tail(id string) string {
	if len(id) <= 8 {
		return id
	}
	return "…" + id[len(id)-8:]
}

// linux reports whether the platform is one of Defender's Linux names; selective isolation does not exist there.
func linux(h soc.Host) bool {
	p := strings.ToLower(h.OSPlatform)
	for _, name := range []string{"linux", "ubuntu", "redhat", "centos", "debian", "sles", "suse", "oracle", "fedora", "amazon", "rocky", "alma", "mariner"} {
		if strings.Contains(p, name) {
			return true
		}
	}
	return false
}

// neverRule returns the entry of the never-isolate list that covers the host, "" if none does: machine id, exact name, tag:x or group:x.
func neverRule(never []string, h soc.Host) string {
	for _, rule := range never {
		rule = strings.TrimSpace(rule)
		kind, val, ok := strings.Cut(rule, ":")
		switch {
		case rule == "":
		case ok && strings.EqualFold(kind, "tag") && h.HasTag(strings.TrimSpace(val)),
			ok && strings.EqualFold(kind, "group") && strings.EqualFold(h.Group, strings.TrimSpace(val)),
			strings.EqualFold(rule, h.Key.MachineID),
			strings.EqualFold(rule, h.Name),
			!strings.Contains(rule, ".") && strings.EqualFold(rule, shortName(h.Name)):
			return rule
		}
	}
	return ""
}

// shortName is the first label of a DNS name.
func shortName(name string) string {
	short, _, _ := strings.Cut(name, ".")
	return short
}
