package lockdown

import (
	"fmt"
	"slices"
	"time"

	"cordon/store/soc"
)

// Troubles tells what is wrong with the clocks.
func (g *Guard) Troubles() []soc.Trouble {
	if g == nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	wall, boot := g.read()
	since := g.j.time(wall, boot).Add(g.j.since - boot)
	var list []soc.Trouble
	for _, t := range []soc.Trouble{g.j.trouble(wall, boot, g.want), g.j.disagreement(boot)} {
		if t.Code != "" && !slices.ContainsFunc(list, func(o soc.Trouble) bool { return o.Code == t.Code }) {
			t.Since = since
			list = append(list, t)
		}
	}
	return list
}

// trouble is what is to be told about the state; wanted says that something waits for the time.
func (j judged) trouble(wall time.Time, boot time.Duration, wanted bool) soc.Trouble {
	t := soc.Trouble{Level: soc.LevelWarn}
	off := spokenGap(wall.Sub(j.steady(boot)))
	switch j.state {
	case clockStarting:
		heard := j.mutes > 0 || len(j.voices) > 0
		if boot-j.since < holdFor || (!wanted && !heard) {
			return soc.Trouble{}
		}
		if heard { // releases could be sent
			t.Level = soc.LevelBad
		}
		t.Code, t.What = "clock-unconfirmed", "no server has confirmed the time since "+soc.Spoken((boot-j.since).Truncate(time.Minute))+" ago"
		t.Means, t.Next = "automatic releases wait until one does", "check the connection to Defender and the clock of this machine, or release by hand (U)"
	case clockUnheard:
		t.Code, t.What = "clock-unheard", "Defender's answers do not say what time it is"
		t.Means = "automatic releases believe the clock of this machine; if it is wrong, they are early or late by as much"
		t.Next = "check the clock of this machine, and what strips the Date header from Defender's answers"
	case clockHeld, clockDecided:
		t.Code, t.What = "clock-held", "the wall clock jumped, it is "+off+" the steady clock, and no server has confirmed the time"
		t.Means = "automatic releases run on the steady clock; none is early"
		t.Next = "check the clock of this machine; orders by hand are not held"
	case clockWrong:
		t.Code, t.Level, t.What = "clock-wrong", soc.LevelBad, "the clock of this machine is wrong, it is "+off+" Defender's"
		t.Means, t.Next = "automatic releases do not follow it; the times on the screens are off", "set the clock of this machine right"
	case clockOdd:
		t.Code, t.Level = "clock-impossible", soc.LevelBad
		t.What = fmt.Sprintf("the clock of this machine says %s, which can not be", wall.Format(time.DateOnly))
		t.Means, t.Next = "automatic releases wait until Defender's date is known", "set the clock right, or release by hand (U)"
	case clockOther:
		t.Code, t.What = "clock-disagrees", "Defender's date is more than "+soc.Spoken(tolerance)+" from this machine's clocks"
		t.Means, t.Next = "automatic releases follow this machine and may be late", "set the clock of this machine right"
	}
	return t
}

// disagreement tells of tenants whose servers say different times.
func (j judged) disagreement(boot time.Duration) soc.Trouble {
	gap := j.quarrel(boot)
	if gap == 0 {
		return soc.Trouble{}
	}
	return soc.Trouble{
		Code: "clock-disagrees", Level: soc.LevelWarn, What: "the dates of the tenants' servers are " + soc.Spoken(gap.Round(time.Second)) + " apart",
		Means: "automatic releases follow the date that this machine's clocks agree with, else the earlier one, and may be late",
		Next:  "check the clock of this machine and what stands between it and Defender",
	}
}
