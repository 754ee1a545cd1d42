package ui

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/screen"
	"cordon/ui/words"
)

// outcomes follow the history, so that the person sees what became of an order wherever they are: the screen they gave it on may be long
// gone, and so may the session (F78). Of what happened before the session began only that is news which befell the person's own lockdowns
// after the last thing they did.
type outcomes struct {
	seq     uint64 // of the last line that was seen
	known   bool   // seq is known
	loading bool
	again   bool
}

// outcomeLimit is how many lines one read takes; there may be more reads.
const outcomeLimit = 200

// outcomeMsg brings what was written to the history since the last one.
type outcomeMsg struct {
	seq   uint64
	more  bool
	lines []outcome
	err   error
}

// outcome is one line of the history that the person should hear of.
type outcome struct {
	level        screen.Level
	news, detail string
}

func (o outcome) text() string { return o.news + o.detail }

// loadOutcomes reads what was written since the last time; one read at a time.
func (m *Model) loadOutcomes() tea.Cmd {
	if !m.deps.Session.Can(soc.RightLockdownView) {
		return nil
	}
	if m.outcomes.loading {
		m.outcomes.again = true
		return nil
	}
	m.outcomes.loading, m.outcomes.again = true, false
	o, r, me, now := m.outcomes, m.deps.Reader, m.deps.Session.Actor.Name, m.now
	zone := m.zone
	return m.run(func(ctx context.Context) tea.Msg {
		if !o.known {
			page, err := r.Audit(ctx, soc.AuditQuery{Count: outcomeLimit})
			msg := outcomeMsg{err: err}
			if len(page.Entries) > 0 {
				msg.seq = page.Entries[0].Seq
			}
			msg.lines = earlier(teller{r, me, now, zone}.lines(ctx, sinceLast(page.Entries, me), true))
			return msg
		}
		entries, err := r.AuditAfter(ctx, o.seq, outcomeLimit)
		msg := outcomeMsg{seq: o.seq, more: len(entries) == outcomeLimit, err: err}
		if len(entries) > 0 {
			msg.seq = entries[len(entries)-1].Seq
		}
		msg.lines = teller{r, me, now, zone}.lines(ctx, entries, false)
		return msg
	})
}

// sinceLast are the entries after the last thing that the person did, oldest first; nothing if that is too long ago to be in the list.
// newest come newest first.
func sinceLast(newest []soc.AuditEntry, me string) []soc.AuditEntry {
	i := slices.IndexFunc(newest, func(e soc.AuditEntry) bool { return e.Actor.Name == me && e.Actor.Via != "svc" })
	if i < 0 {
		return nil
	}
	out := slices.Clone(newest[:i])
	slices.Reverse(out)
	return out
}

// earlier marks lines as what happened before the session began.
func earlier(lines []outcome) []outcome {
	for i := range lines {
		lines[i].news = "earlier: " + lines[i].news
	}
	return lines
}

// teller turns lines of the history into lines for one person.
type teller struct {
	reader Reader
	me     string
	now    time.Time
	zone   *time.Location
}

// lines reads the lockdowns that the entries belong to. With own only those of the person count.
func (t teller) lines(ctx context.Context, entries []soc.AuditEntry, own bool) (out []outcome) {
	locks := map[soc.LockdownID]soc.Lockdown{}
	for _, e := range entries {
		l, ok := locks[e.Lockdown]
		if !ok && e.Lockdown != "" {
			l, _ = t.reader.Lockdown(ctx, e.Lockdown) // without the record the line is told without its end
			locks[e.Lockdown] = l
		}
		if own && !mine(l, t.me) {
			continue
		}
		ends := ""
		if !l.Deadline.IsZero() {
			ends = words.Clock(l.Deadline, t.now, t.zone)
		}
		if o, ok := tell(e, l, t.me, ends); ok {
			out = append(out, o)
		}
	}
	return out
}

// mine reports that the person ordered the lockdown, its release or its end.
func mine(l soc.Lockdown, me string) bool {
	return me != "" && (l.By.Name == me || l.ReleaseBy.Name == me || l.CancelledBy.Name == me)
}

// onOutcomes shows the worst line of what came, and how many more there are; all of them are in the E list.
func (m *Model) onOutcomes(msg outcomeMsg) tea.Cmd {
	o := &m.outcomes
	o.loading = false
	if msg.err != nil {
		return nil // the screens say that the store can not be read; the next wake-up reads the same lines
	}
	o.known, o.seq = true, msg.seq
	m.announce(msg.lines)
	if o.again || msg.more {
		return m.loadOutcomes()
	}
	return nil
}

// announce is one line for all of them. Good news does not push bad news away that nobody can have read yet.
func (m *Model) announce(lines []outcome) {
	if len(lines) == 0 {
		return
	}
	worst := lines[len(lines)-1]
	for _, l := range lines {
		if l.level > worst.level {
			worst = l
		}
	}
	for _, l := range lines {
		if l != worst {
			m.keep(l.level, l.text())
		}
	}
	text := worst.text()
	if n := len(lines) - 1; n > 0 {
		text = fmt.Sprintf("%s and %d more (E)%s", worst.news, n, worst.detail)
	}
	if worst.level < screen.Warn {
		m.keep(worst.level, worst.text())
	}
	if m.notice.level == screen.Bad && worst.level < screen.Warn && m.fresh() {
		return
	}
	m.say(screen.NoticeMsg{Level: worst.level, Text: text})
}

// tell turns a line of the history into one for the person: what became of a lockdown of theirs, and anything that failed. ends is when the
// lockdown ends. The state comes first, so that a narrow screen cuts the details and not the news.
func tell(e soc.AuditEntry, l soc.Lockdown, me, ends string) (outcome, bool) {
	host, id := words.ShortName(e.Target), " ("+string(e.Lockdown)+")"
	bad := func(what string) (outcome, bool) {
		return outcome{screen.Bad, what, ": " + e.Detail + id}, true
	}
	switch {
	case e.Lockdown == "":
		if e.Result != soc.ResultFailed || e.Actor.Via != "svc" {
			return outcome{}, false
		}
		return outcome{screen.Bad, strings.TrimSpace(e.Action + " " + e.Target), ": " + e.Detail}, true
	case e.Action == "late-isolate":
		return bad("ISOLATED AGAIN " + host)
	case e.Action == "set-aside":
		return bad("UNKNOWN " + host)
	case e.After == string(soc.PhaseFailed):
		return bad("NOT isolated " + host)
	case e.Action == "send" && e.Result == soc.ResultFailed:
		return bad("PENDING " + host + ", not sent")
	case strings.Contains(e.Action, "release") && e.Result == soc.ResultFailed:
		return bad("NOT released " + host)
	case e.Action == "send-cancel" && e.Result == soc.ResultRefused:
		return bad("NOT taken back " + host)
	case e.Result == soc.ResultFailed && e.Actor.Via == "svc":
		return bad(e.Action + " " + host)
	case e.Lockdown == "" || !mine(l, me):
		return outcome{}, false
	case e.After == string(soc.PhaseIsolated):
		return outcome{screen.Good, "isolated " + host, until(ends) + id}, true
	case e.After == string(soc.PhaseReleased):
		return outcome{screen.Good, "released " + host, " (" + causeWord(e.Cause, l.Cause) + ")"}, true
	case e.After == string(soc.PhaseCancelled):
		return outcome{screen.Good, "taken back " + host, ", it was not isolated" + id}, true
	case e.After == string(soc.PhaseSuperseded) && e.Cause != soc.CauseHandover:
		return outcome{screen.Warn, "DRIFT " + host, ": " + e.Detail + id}, true
	}
	return outcome{}, false
}

func until(ends string) string {
	if ends == "" {
		return ""
	}
	return " until " + ends
}

func causeWord(cs ...soc.Cause) string {
	for _, c := range cs {
		switch c {
		case "":
		case soc.CauseUser:
			return "by hand"
		case soc.CauseExternal:
			return "outside cordon"
		default:
			return string(c)
		}
	}
	return "confirmed"
}
