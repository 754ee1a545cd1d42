package sim

import "time"

// scene is one event of the story. It does not take place when a machine that
// it needs is isolated by then: containment ends the attack.
type scene struct {
	key      string // names the alert, for later scenes that change it
	change   bool   // changes the alert instead of raising it
	host     string
	from     string // the machine that the attacker comes from
	title    string // a title of the catalog
	severity string
	user     string
	evidence []Evidence
	note     string
}

// storyIncident groups the alerts of the story.
const storyIncident = 9001

func (t *Tenant) playScene(s scene, at time.Time, d *dice) {
	if t.cutOff(s.host) || t.cutOff(s.from) {
		return
	}
	if s.change {
		t.changeScene(s, at)
		return
	}
	t.raiseScene(s, at, d)
}

// cutOff says whether a story machine is isolated.
func (t *Tenant) cutOff(name string) bool {
	if name == "" {
		return false
	}
	h, ok := t.findHost(name + "." + domain)
	return ok && t.hostState(h).scope != ""
}

func (t *Tenant) raiseScene(s scene, at time.Time, d *dice) {
	host, ok := t.findHost(s.host + "." + domain)
	if !ok {
		return // a world with fewer hosts has a shorter story
	}
	number, ok := t.names.byTitle(s.title)
	if !ok {
		return
	}
	row := alertRow{created: tickOf(at), updated: tickOf(at), host: host, template: number}
	row.severity, row.status = nameIndex(severityNames(), s.severity), statusNew
	h := t.alerts.add(row)
	a := t.own(h)
	a.IncidentID, a.InvestigationState = storyIncident, "Queued"
	a.Title, a.FirstEventTime, a.LastEventTime = s.title, at.Add(-40*time.Second), at.Add(-2*time.Second)
	a.RelatedUser = &Account{s.user, netbios}
	a.LoggedOnUsers = []Account{{s.user, netbios}}
	a.Evidence = a.Evidence[:0]
	t.fillEvidence(a, number, 6, h)
	t.addSceneEvidence(a, s, at)
	a.Description = t.names.all[number].about
	if s.note != "" {
		a.Description += "\n\n" + s.note
	}
	t.live.cast[s.key] = h
	m := t.ownHost(host)
	m.RiskScore, m.ExposureLevel = "High", "High"
}

func (t *Tenant) changeScene(s scene, at time.Time) {
	h, ok := t.live.cast[s.key]
	if !ok {
		return
	}
	a := t.own(h)
	if s.severity != "" {
		a.Severity = s.severity
	}
	if s.note != "" {
		a.Description += "\n\n" + s.note
	}
	t.addSceneEvidence(a, s, at)
	a.LastEventTime, a.LastUpdateTime = at, at
	t.changed(h)
}

func (t *Tenant) addSceneEvidence(a *Alert, s scene, at time.Time) {
	for _, v := range s.evidence {
		v.Created = at
		if v.EntityType == "Process" {
			v.ProcessCreated = at.Add(-3 * time.Second)
		}
		a.Evidence = append(a.Evidence, v)
	}
}

func (c *catalog) byTitle(title string) (uint16, bool) {
	for i := range c.all {
		if c.all[i].title == title {
			return uint16(i), true
		}
	}
	return 0, false
}

// playPrologue raises the first scenes just before the tenant is looked at, so
// that a newcomer finds the attack already under way.
func (l *liveState) playPrologue(t *Tenant) {
	const before = 2
	for i := range before {
		d := newDice(t.opt.Seed, saltEvent, -int64(i)-1)
		at := t.start.Add(time.Duration(i-before) * 20 * time.Second)
		t.playScene(l.script[i], at, &d)
	}
	l.cursor = before
}
