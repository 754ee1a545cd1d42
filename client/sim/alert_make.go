package sim

import (
	"strconv"
	"strings"
	"time"
)

// makeAlert fills a with the alert of a handle that nobody changed. Slices of a
// are reused; without evidence the record is cheaper and otherwise the same.
func (t *Tenant) makeAlert(h int32, a *Alert, withEvidence bool) {
	row := &t.alerts.rows[h]
	d := newDice(t.opt.Seed, saltEvent, int64(h)+1<<40)
	evidence := a.Evidence[:0]
	*a = Alert{
		ID: t.alerts.madeID(h), IncidentID: 4000 + int64(h)/3,
		Severity: severityNames()[row.severity], Status: statusNames()[row.status],
		AlertCreationTime: row.created.time(), LastUpdateTime: row.updated.time(),
		Evidence: evidence,
	}
	if d.chance(300) {
		a.InvestigationID = 900 + int64(h)
	}
	a.InvestigationState = d.pick([]string{"Queued", "Running", "UnsupportedAlertType", "PendingApproval", "TerminatedBySystem"})
	t.fillFrom(a, row.template, row.host, &d)
	t.fillOutcome(a, row.status, &d)
	a.FirstEventTime = a.AlertCreationTime.Add(-time.Duration(d.n(300)) * time.Second)
	a.LastEventTime = a.AlertCreationTime.Add(-time.Duration(d.n(50)) * 100 * time.Millisecond)
	if withEvidence {
		t.fillEvidence(a, row.template, t.drawEvidenceCount(h), h)
	}
}

// fillFrom sets what the template and the machine decide.
func (t *Tenant) fillFrom(a *Alert, number uint16, host int32, d *dice) {
	tpl := &t.names.all[number]
	a.Title, a.Category, a.DetectionSource = tpl.title, tpl.category, tpl.source
	a.Description = tpl.about + "\n\nReview the evidence, the account and other alerts of the device before you decide."
	if d.chance(20) {
		a.Title += d.pick(t.names.odd)
	}
	if d.n(2000) == 0 {
		a.Description += strings.Repeat("\n"+tpl.about, 80)
	}
	id := newDice(t.opt.Seed, saltAlert, -int64(number)-1)
	a.DetectorID = id.guid()
	a.MitreTechniques = tpl.mitre
	if tpl.family != "" {
		a.ThreatFamilyName, a.ThreatName = tpl.family, "Trojan:Win32/"+tpl.family+".A"
	}
	if host < 0 {
		return
	}
	a.MachineID, a.ComputerDNSName = t.hostID(host), t.hostName(host)
	a.RbacGroupName = groupOf(a.ComputerDNSName)
	user := t.usualUser(host, a.ComputerDNSName)
	a.RelatedUser = &Account{user, netbios}
	a.LoggedOnUsers = []Account{{user, netbios}}
}

// usualUser is the account that an alert of the machine most likely names.
func (t *Tenant) usualUser(host int32, name string) string {
	if m := t.hosts.full[host]; m != nil && len(m.Users) > 0 {
		return m.Users[0]
	}
	user := t.primaryUser(host)
	if strings.HasPrefix(name, "DC-") || strings.HasPrefix(name, "SRV-") {
		return "adm-" + user
	}
	return user
}

func groupOf(name string) string {
	switch {
	case strings.HasPrefix(name, "DC-"):
		return "Tier 0"
	case strings.HasPrefix(name, "SRV-"):
		return "Servers"
	case strings.HasPrefix(name, "WS-"):
		return "Workstations"
	}
	return "UnassignedGroup"
}

func analysts() []string {
	return []string{"mira.holt@" + domain, "jon.reyes@" + domain, "ada.stone@" + domain, "Automation"}
}

// fillOutcome sets what people and automation did to the alert.
func (t *Tenant) fillOutcome(a *Alert, status uint8, d *dice) {
	if status == statusNew {
		return
	}
	a.AssignedTo = d.pick(analysts())
	if d.chance(400) {
		a.Comments = []Comment{{
			Text:      d.pick([]string{"Checked with the user.", "Seen before on this host.", "Waiting for the owner of the server.", "Hash is known good.", "Blocked by the sensor, nothing ran."}),
			CreatedBy: a.AssignedTo, Created: a.LastUpdateTime,
		}}
	}
	if status != statusResolved {
		return
	}
	a.ResolvedTime = a.LastUpdateTime
	a.InvestigationState = d.pick([]string{"SuccessfullyRemediated", "Benign", "TerminatedByUser", "UnsupportedAlertType"})
	switch roll := d.n(100); {
	case roll < 45:
		a.Classification, a.Determination = "FalsePositive", d.pick([]string{"NotMalicious", "Clean", "InsufficientData"})
	case roll < 75:
		a.Classification, a.Determination = "InformationalExpectedActivity", d.pick([]string{"SecurityTesting", "LineOfBusinessApplication", "ConfirmedActivity"})
	default:
		a.Classification, a.Determination = "TruePositive", d.pick([]string{"Malware", "UnwantedSoftware", "Phishing", "CompromisedUser"})
	}
}

// drawEvidenceCount gives one alert in ten twenty records or more. The others
// have few in the sized worlds, where an alert is about 3.5 KB, and enough to
// read in the story.
func (t *Tenant) drawEvidenceCount(h int32) int {
	d := newDice(t.opt.Seed, saltEvidence, int64(h)+1<<40)
	switch big := d.chance(100); {
	case big && t.opt.World == WorldStory:
		return 20 + d.n(40)
	case big:
		return 20 + d.n(8)
	case t.opt.World == WorldStory:
		return d.n(7)
	}
	return d.n(3)
}

// fillEvidence appends n records: the process of the template, what belongs to
// it, and then ordinary processes of the same minute.
func (t *Tenant) fillEvidence(a *Alert, number uint16, n int, h int32) {
	tpl := &t.names.all[number]
	d := newDice(t.opt.Seed, saltEvidence, int64(h))
	for i := range n {
		a.Evidence = append(a.Evidence, Evidence{Created: a.AlertCreationTime.Add(time.Duration(d.n(40)) * 50 * time.Millisecond)})
		v := &a.Evidence[len(a.Evidence)-1]
		switch {
		case i == 0:
			v.fromProcess(process{tpl.file, tpl.dir, tpl.cmd, tpl.parent}, a.FirstEventTime, &d)
			v.DetectionStatus = "Detected"
		case i == 1 && a.RelatedUser != nil:
			v.fromUser(a.RelatedUser.Name, &d)
		case i == 2:
			v.EntityType, v.FileName, v.FilePath = "File", tpl.file, tpl.dir
			v.SHA1, v.SHA256, v.DetectionStatus = d.hex(40), d.hex(64), "Detected"
		case i == 3:
			v.EntityType, v.IPAddress = "Ip", d.pick(t.names.ips)
		case i == 4 && tpl.url != "":
			v.EntityType, v.URL = "Url", tpl.url
		case i == 5 && tpl.registry != "":
			v.EntityType, v.RegistryKey, v.RegistryHive = "Registry", tpl.registry, "LocalMachine"
			v.RegistryValueType, v.RegistryValue = "DWord", "1"
		default:
			v.fromProcess(t.names.noise[d.n(len(t.names.noise))], a.FirstEventTime, &d)
		}
	}
}

func (v *Evidence) fromProcess(p process, first time.Time, d *dice) {
	v.EntityType, v.FileName, v.FilePath, v.ProcessCommandLine = "Process", p.file, p.dir, p.cmd
	v.SHA1, v.SHA256 = d.hex(40), d.hex(64)
	v.ProcessID = int64(4 * (100 + d.n(6000)))
	v.ProcessCreated = first.Add(time.Duration(d.n(9000)) * time.Millisecond)
	v.ParentProcessFileName, v.ParentProcessFilePath = p.parent, sys
	if d.chance(900) { // the parent is unknown now and then
		v.ParentProcessID = int64(4 * (20 + d.n(2000)))
		v.ParentProcessCreated = v.ProcessCreated.Add(-time.Duration(1+d.n(600)) * time.Second)
	}
}

func (v *Evidence) fromUser(name string, d *dice) {
	v.EntityType, v.AccountName, v.DomainName = "User", name, netbios
	v.UserSID = "S-1-5-21-1715567821-1957994488-725345543-" + strconv.Itoa(1100+d.n(8000))
	v.AadUserID, v.UserPrincipalName = d.guid(), name+"@"+domain
}
