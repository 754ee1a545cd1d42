package dialog

import (
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"cordon/store/soc"
)

// Period prints a duration as presets are named: 30s, 2m, 4h, 1h30m.
func Period(d time.Duration) string {
	s := d.Round(time.Second).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Age prints how long ago at was: 3s, 2m, 1h, 2d. A zero time is "never".
func Age(now, at time.Time) string {
	d := now.Sub(at)
	switch {
	case at.IsZero():
		return "never"
	case d < 0:
		return "0s"
	case d < 2*time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

// Left prints the time until a deadline: 1:12:09, or +0:03:12 when it is past.
func Left(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "+", -d
	}
	s := int(d.Round(time.Second).Seconds())
	return fmt.Sprintf("%s%d:%02d:%02d", sign, s/3600, s/60%60, s%60)
}

// Clock prints a time in UTC and, if it differs, in the local zone: 16:41:07Z = 17:41 BST. Another day than today is named.
func Clock(at, now time.Time, local *time.Location) string {
	at, now = at.UTC(), now.UTC()
	s := at.Format("15:04:05Z")
	if at.YearDay() != now.YearDay() || at.Year() != now.Year() {
		s = at.Format("Jan 2 15:04:05Z")
	}
	if local == nil {
		return s
	}
	l := at.In(local)
	if _, off := l.Zone(); off == 0 && l.Format("MST") == "UTC" {
		return s
	}
	return s + " = " + l.Format("15:04 MST")
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
	return stateWord(v) + " (from actions, " + Age(now, v.State.AsOf) + " ago)"
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

// short is the beginning of an id.
func short(id string) string {
	if len(id) > 10 {
		return id[:8] + ".."
	}
	return id
}

func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// strip removes our own styles from a line that we made.
func strip(s string) string { return ansi.Strip(s) }
