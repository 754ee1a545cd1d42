package sim

import "time"

// liveState says what happens next by itself: first the story, then noise.
type liveState struct {
	next   time.Time // zero when nothing ever happens
	every  time.Duration
	spread int // noise comes after every × [1, 1+spread)
	script []scene
	cursor int
	seq    int64
	cast   map[string]int32 // story alerts by their key in the script
}

func (l *liveState) init(t *Tenant) {
	l.every, l.spread = t.opt.EventEvery, 1
	l.cast = map[string]int32{}
	if t.opt.World == WorldStory && l.every == 0 {
		l.every = 14 * time.Second
	}
	if l.every <= 0 {
		return
	}
	if t.opt.World == WorldStory {
		l.spread = 3
		l.script = storyScript()
		l.playPrologue(t)
	}
	l.next = t.start.Add(l.every)
}

// nextDue returns the time of the next event if that is not after now. After a
// very long pause only the last week is played.
func (l *liveState) nextDue(now time.Time) (time.Time, bool) {
	if l.next.IsZero() || l.next.After(now) {
		return time.Time{}, false
	}
	const week = 7 * 24 * time.Hour
	if now.Sub(l.next) > week {
		l.next = now.Add(-week)
	}
	return l.next, true
}

// playEvent lets one event happen and sets when the next one does.
func (t *Tenant) playEvent(at time.Time) {
	l := &t.live
	l.seq++
	d := newDice(t.opt.Seed, saltEvent, l.seq)
	if l.cursor < len(l.script) {
		s := l.script[l.cursor]
		l.cursor++
		t.playScene(s, at, &d)
		l.next = at.Add(l.every*3/4 + time.Duration(d.n(int(l.every/2)+1)))
		return
	}
	t.playNoise(at, &d)
	l.next = at.Add(l.every + time.Duration(d.n(int(l.every)*l.spread+1)))
}

// playNoise is an ordinary day: a minor alert comes, an old one grows, another
// is closed by automation.
func (t *Tenant) playNoise(at time.Time, d *dice) {
	switch roll := d.n(100); {
	case roll < 55:
		t.raiseNoise(at, d)
	case roll < 80:
		t.growAlert(at, d)
	default:
		t.closeAlert(at, d)
	}
}

func (t *Tenant) raiseNoise(at time.Time, d *dice) {
	row := alertRow{created: tickOf(at), updated: tickOf(at), status: statusNew, severity: sevLow}
	switch roll := d.n(100); {
	case roll < 3:
		row.severity = sevHigh
	case roll < 18:
		row.severity = sevMedium
	case roll < 45:
		row.severity = sevInformational
	}
	row.template = t.names.pickTemplate(row.severity, d)
	row.host = t.drawHost(d)
	if row.host >= 0 && t.hostState(row.host).scope != "" {
		return // an isolated host is quiet
	}
	t.alerts.add(row)
}

// recentOpen draws one of the latest alerts that is not resolved.
func (t *Tenant) recentOpen(d *dice, wanted func(alertRow) bool) (int32, bool) {
	list := t.alerts.byCreated
	for range 20 {
		if len(list) == 0 {
			break
		}
		h := list[len(list)-1-d.n(min(len(list), 60))]
		if row := t.alerts.rows[h]; row.status != statusResolved && wanted(row) {
			return h, true
		}
	}
	return 0, false
}

func (t *Tenant) growAlert(at time.Time, d *dice) {
	h, ok := t.recentOpen(d, func(r alertRow) bool { return r.host < 0 || t.hostState(r.host).scope == "" })
	if !ok {
		return
	}
	a := t.own(h)
	v := Evidence{Created: at}
	v.fromProcess(t.names.noise[d.n(len(t.names.noise))], at, d)
	a.Evidence = append(a.Evidence, v)
	a.LastEventTime, a.LastUpdateTime = at, at
	t.changed(h)
}

func (t *Tenant) closeAlert(at time.Time, d *dice) {
	h, ok := t.recentOpen(d, func(r alertRow) bool { return r.severity <= sevLow })
	if !ok {
		return
	}
	a := t.own(h)
	a.Status, a.AssignedTo, a.InvestigationState = "Resolved", "Automation", "SuccessfullyRemediated"
	a.Classification, a.Determination = "TruePositive", "Malware"
	a.Comments = append(a.Comments, Comment{Text: "Remediated automatically.", CreatedBy: "Automation", Created: at})
	a.LastUpdateTime, a.ResolvedTime = at, at
	t.changed(h)
}
