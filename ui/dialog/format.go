package dialog

import (
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"cordon/store/soc"
	"cordon/ui/words"
)

// left prints the time until a deadline as the box has room for it: 1:12:09, or +0:03:12 when it is past.
func left(d time.Duration) string {
	if d < 0 {
		return "+" + words.Span(-d)
	}
	return words.Span(d)
}

// stateWord says whether a host is isolated, in the words of the frames. An isolation that is not ours is named so (V-30).
func stateWord(v soc.Verdict) string {
	if v.Current == nil && v.State.InForce() {
		return soc.IsolatedOutside
	}
	if v.State.Word == "" {
		return strings.ToUpper(string(soc.IsolationUnsure))
	}
	return strings.ToUpper(string(v.State.Word))
}

// stateLine is stateWord with the age of the evidence: Defender has no such field, so it is never newer than the action list.
func stateLine(v soc.Verdict, now time.Time) string {
	if v.State.AsOf.IsZero() {
		return stateWord(v) + " (the list of actions was not read yet)"
	}
	return stateWord(v) + " (from actions, " + words.Since(now, v.State.AsOf) + " ago)"
}

// hostName is what people call the host; the id when it has no name.
func hostName(v soc.Verdict, key soc.HostKey) string {
	if v.Host.Name != "" {
		return v.Host.Name
	}
	if v.Current != nil && v.Current.HostName != "" {
		return v.Current.HostName
	}
	return key.MachineID
}

// errText is an error for people.
func errText(err error) string {
	if err == nil {
		return ""
	}
	return soc.Clean(err.Error())
}

// strip removes our own styles from a line that we made.
func strip(s string) string { return ansi.Strip(s) }
