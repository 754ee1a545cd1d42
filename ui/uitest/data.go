package uitest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"cordon/store/soc"
)

// id makes a machine id of 40 hexadecimal digits out of a name.
func id(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:20])
}

func at(clock string) time.Time {
	t, err := time.Parse(time.RFC3339, "2026-08-22T"+clock+"Z")
	if err != nil {
		panic(err) // a typing mistake in this package
	}
	return t
}

func tenant(key soc.IntegrationID, name, env string) soc.Integration {
	return soc.Integration{
		ID: key, Type: "defender", Name: name, TenantID: "11111111-2222-3333-4444-555555555555", ClientID: "66666666-7777-8888-9999-000000000000",
		Auth: "secret", Cloud: "commercial", API: "https://api.securitycenter.microsoft.com", Login: "https://login.microsoftonline.com",
		Environment: env, Enabled: true, PollInterval: 30 * time.Second, MaxHistory: "30 days ago", CreatedAt: Now().AddDate(0, -2, 0), Revision: 3,
	}
}

func conn(i soc.Integration) soc.Conn {
	return soc.Conn{
		Integration: i, State: "ok", LastOK: Now().Add(-8 * time.Second), NextPoll: Now().Add(22 * time.Second), Interval: i.PollInterval,
		Roles:      []string{"Alert.ReadWrite.All", "Machine.Isolate", "Machine.Read.All", "User.Read.All"},
		TenantName: strings.TrimSuffix(i.Name, "-prod"), MinuteUsed: 3, MinuteLimit: 100, HourUsed: 41, HourLimit: 1500,
	}
}

type spec struct {
	sev, title, host, tech, status, owner, user string
	age                                         time.Duration
	ev                                          int
}

func alerts() []soc.Alert {
	m := time.Minute
	specs := []spec{
		{"High", "Suspicious PowerShell command line", "WS-FIN-0142", "T1059.001", "New", "", "jdoe", 2 * m, 4},
		{"High", "LSASS read by unsigned tool", "WS-ENG-0012", "T1003.001", "New", "", "jdoe", 3 * m, 1},
		{"High", "Credential dumping (lsass access)", "DC-LON-01", "T1003.001", "New", "", "svc_bk", 4 * m, 7},
		{"High", "Shadow copies deleted", "SRV-FILE-04", "T1490", "New", "", "m.silva", 5 * m, 2},
		{"High", "Suspected AD recon burst", "DC-LON-02", "T1087.002", "New", "", "p.ng", 7 * m, 3},
		{"High", "Ransomware behaviour blocked", "SRV-FILE-03", "T1486", "InProgress", "bob", "SYSTEM", 9 * m, 12},
		{"Medium", "Encoded command from Office", "WS-FIN-0031", "T1059.001", "New", "", "SYSTEM", 9*m + 20*time.Second, 4},
		{"Medium", "Anomalous sign-in then mailbox rule", "", "T1114", "New", "", "a.khan", 11 * m, 2},
		{"Medium", "New service on server", "SRV-APP-02", "T1543.003", "New", "", "jdoe", 11*m + 20*time.Second, 5},
		{"Medium", "Rare RDP between workstations", "WS-HR-0015", "T1021.001", "New", "", "m.silva", 13 * m, 6},
		{"Medium", "Defender exclusion added", "WS-DEV-0044", "T1562.001", "New", "", "p.ng", 15 * m, 1},
		{"Medium", "Unsigned driver load", "WS-ENG-0077", "T1068", "New", "", "m.silva", 17 * m, 3},
		{"Medium", "LOLBin download (certutil)", "WS-ENG-0090", "T1105", "New", "", "SYSTEM", 17*m + 20*time.Second, 2},
		{"Medium", "Token from new country", "", "T1078.004", "New", "", "jdoe", 19 * m, 3},
		{"Medium", "Suspicious WMI execution", "SRV-APP-05", "T1047", "New", "", "m.silva", 21 * m, 4},
		{"Medium", "Possible C2 beacon to rare domain", "WS-FIN-0142", "T1071.001", "InProgress", "alice", "jdoe", 23 * m, 5},
		{"Medium", "Scheduled task by non-admin", "WS-HR-0009", "T1053.005", "New", "", "p.ng", 31 * m, 2},
		{"Low", "PUA bundle blocked", "WS-TMP-0002", "T1588.001", "New", "", "p.ng", 23 * m, 5},
		{"Low", "USB device first seen", "WS-HR-0007", "T1091", "New", "", "SYSTEM", 25 * m, 6},
		{"Low", "Script dropped in startup", "WS-FIN-0060", "T1547.001", "New", "", "jdoe", 27 * m, 1},
		{"Low", "Hack tool downloaded (quarantined)", "WS-DEV-0210", "T1588.002", "New", "", "r.roy", 38 * m, 1},
		{"Low", "Port scan from internal host", "SRV-JUMP-01", "T1046", "InProgress", "alice", "alice", 44 * m, 1},
		{"Low", "Macro-enabled document opened", "WS-FIN-0088", "T1204.002", "New", "", "k.ito", 52 * m, 2},
		{"Informational", "Sensor out of date", "WS-HR-0031", "", "New", "", "", 62 * m, 0},
		{"Informational", "Device onboarding incomplete", "WS-TMP-0004", "", "New", "", "", 64 * m, 0},
	}
	var out []soc.Alert
	for _, s := range specs {
		out = append(out, alert(s))
	}
	dumping(&out[2])
	for i := len(out); i < 318; i++ {
		sev := []string{"Low", "Informational", "Medium"}[i%3]
		out = append(out, alert(spec{sev: sev, title: fmt.Sprintf("Closed finding %03d", i), host: fmt.Sprintf("WS-OLD-%04d", i), status: "Resolved", owner: []string{"bob", "carol", "dave"}[i%3], user: "jdoe", age: time.Duration(i) * time.Hour, ev: i % 5}))
	}
	return out
}

func alert(s spec) soc.Alert {
	created := Now().Add(-s.age)
	a := soc.Alert{
		Integration: Tenant, ID: "da" + id(s.title + s.host + s.age.String())[:34], Severity: soc.Severity(s.sev), Status: soc.AlertStatus(s.status), Title: s.title,
		AssignedTo: s.owner, Category: "SuspiciousActivity", DetectionSource: "WindowsDefenderAtp", Description: s.title + " was seen.",
		RecommendedAction: "Check the device and its users.", Created: created, FirstEvent: created.Add(-16 * time.Second),
		LastEvent: created.Add(93 * time.Second), LastUpdate: created.Add(time.Minute), FirstSeen: created.Add(20 * time.Second), HostName: s.host,
		TenantID: "11111111-2222-3333-4444-555555555555",
	}
	if s.host != "" {
		a.MachineID = id(s.host)
	}
	if s.user != "" {
		a.RelatedUser = &soc.UserRef{Name: s.user, Domain: "CONTOSO"}
	}
	if s.tech != "" {
		a.Techniques = []string{s.tech}
	}
	for i := range s.ev {
		a.Evidence = append(a.Evidence, evidence(i, s))
	}
	return a
}

func evidence(i int, s spec) soc.Evidence {
	e := soc.Evidence{EntityType: "Process", FileName: "tool.exe", FilePath: `C:\Users\Public`, ProcessID: int64(4000 + i), CommandLine: "tool.exe /run " + s.host, ParentFileName: "explorer.exe", AccountName: s.user, DomainName: "CONTOSO", SHA256: id(s.title) + id(s.host)[:24]}
	switch i {
	case 1:
		e = soc.Evidence{EntityType: "User", AccountName: s.user, DomainName: "CONTOSO", UserPrincipalName: s.user + "@contoso.example"}
	case 2:
		e = soc.Evidence{EntityType: "File", FileName: "drop.bin", FilePath: `C:\Windows\Temp`, SHA256: id(s.title) + id(s.user)[:24]}
	case 3:
		e = soc.Evidence{EntityType: "Ip", IPAddress: "203.0.113.7"}
	}
	return e
}

// dumping is the alert of the previews.
func dumping(a *soc.Alert) {
	a.IncidentID = 4412
	a.RecommendedAction = "collect package, then lockdown; see runbook RB-07"
	a.Evidence[0] = soc.Evidence{EntityType: "Process", FileName: "procdump64.exe", FilePath: `C:\Windows\Temp`, ProcessID: 5120, CommandLine: `procdump64.exe -accepteula -ma lsass.exe C:\Windows\Temp\l.dmp`, ParentFileName: "cmd.exe", ParentProcessID: 4412, AccountName: "svc_bk", DomainName: "CONTOSO", SHA256: id("procdump64.exe") + id("cmd")[:24]}
	a.Comments = []soc.Comment{{Text: "looks like backup job? checking", By: "bob", At: at("12:39:00")}}
}

func hosts() []soc.Host {
	var out []soc.Host
	seen := map[string]bool{"": true}
	for _, a := range alerts() {
		if seen[a.HostName] || strings.HasPrefix(a.HostName, "WS-OLD") {
			continue
		}
		seen[a.HostName] = true
		out = append(out, host(a.HostName))
	}
	return append(out, host("WS-LAB-0003"))
}

func host(name string) soc.Host {
	h := soc.Host{
		Key: soc.HostKey{Integration: Tenant, MachineID: id(name)}, Name: name, FirstSeen: time.Date(2024, 3, 2, 9, 0, 0, 0, time.UTC),
		LastSeen: Now().Add(-time.Minute), OSPlatform: "Windows11", OSVersion: "10.0", Version: "23H2", OSBuild: 22631, OSArchitecture: "64-bit",
		AgentVersion: "10.8805", LastIP: "10.2.3." + fmt.Sprint(len(name)+int(name[len(name)-1])), LastExternalIP: "198.51.100.4", Health: "Active", Onboarding: "Onboarded",
		Risk: "Medium", Exposure: "Low", DeviceValue: "Normal", Group: "Workstations", AVStatus: "Updated", ManagedBy: "Intune", FetchedAt: Now().Add(-40 * time.Second),
		Users: []soc.LogonUser{{Name: "jdoe", Domain: "CONTOSO", FirstSeen: Now().AddDate(0, 0, -9), LastSeen: Now().Add(-30 * time.Minute), LogonTypes: "Interactive"}}, UsersAt: Now().Add(-40 * time.Second),
	}
	switch {
	case strings.HasPrefix(name, "DC-"):
		h.OSPlatform, h.Version, h.OSBuild, h.Group, h.Risk, h.Exposure = "WindowsServer2022", "21H2", 20348, "Tier0-DC", "High", "Medium"
		h.Tags, h.LastIP, h.DeviceValue = []string{"Tier0", "london", "domain controller"}, "10.2.0.10", "High"
		h.Users = []soc.LogonUser{
			{Name: "svc_bk", Domain: "CONTOSO", FirstSeen: Now().AddDate(0, -8, 0), LastSeen: at("12:36:40"), LogonTypes: "Service"},
			{Name: "adm.lee", Domain: "CONTOSO", FirstSeen: Now().AddDate(-1, 0, 0), LastSeen: at("09:12:00"), LogonTypes: "Interactive", DomainAdmin: true},
		}
	case strings.HasPrefix(name, "SRV-"):
		h.OSPlatform, h.Group = "WindowsServer2019", "Servers"
	case name == "WS-HR-0009":
		h.Health, h.LastSeen = "Inactive", Now().Add(-50*time.Minute)
	case name == "WS-TMP-0004":
		h.Onboarding = "CanBeOnboarded"
	}
	return h
}
