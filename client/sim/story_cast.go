package sim

import "time"

// castStory puts named machines in front of the made ones: the five of the
// story and one of each kind that an analyst has to be careful with.
func (t *Tenant) castStory() {
	for i, change := range storyCast() {
		if i >= int(t.hosts.count) {
			return
		}
		h := int32(i)
		m := new(Machine)
		t.makeHost(h, m)
		plain(m, t.start)
		change(m)
		t.hosts.full[h] = m
	}
	if m := t.hosts.full[19]; m != nil && t.hosts.full[20] != nil {
		m.MergedIntoMachineID = t.hosts.full[20].ID
	}
}

// plain takes the accidents of the seed out of a machine that plays a part.
func plain(m *Machine, start time.Time) {
	m.OSPlatform, m.Version, m.OSBuild, m.AgentVersion = "Windows11", "23H2", 22631, "10.8790.22631.4317"
	m.HealthStatus, m.OnboardingStatus, m.Online, m.OSProcessor = "Active", "Onboarded", true, "x64"
	m.DeviceValue, m.RbacGroupID, m.RbacGroupName, m.VMResource = "Normal", 1, "Workstations", ""
	m.IsPotentialDuplicate, m.MergedIntoMachineID = false, ""
	m.LastSeen = start.Add(-3 * time.Hour).Truncate(time.Millisecond)
	m.RiskScore, m.ExposureLevel, m.MachineTags = "Low", "Medium", []string{}
}

func workstation(name, user, ip string, tags ...string) func(*Machine) {
	return func(m *Machine) {
		m.ComputerDNSName, m.Users, m.LastIPAddress = name+"."+domain, []string{user}, ip
		m.MachineTags = append(m.MachineTags, tags...)
	}
}

func server(name, ip string, tags ...string) func(*Machine) {
	return func(m *Machine) {
		workstation(name, "adm-d.mills", ip, append([]string{"server"}, tags...)...)(m)
		m.OSPlatform, m.Version, m.OSBuild, m.AgentVersion = "WindowsServer2022", "21H2", 20348, "10.8790.20348.2700"
		m.RbacGroupID, m.RbacGroupName, m.Users = 2, "Servers", []string{"svc-app", "adm-d.mills"}
	}
}

func controller(name, ip string) func(*Machine) {
	return func(m *Machine) {
		server(name, ip, "domain-controller", "tier-0")(m)
		m.DeviceValue, m.RbacGroupID, m.RbacGroupName, m.Users = "High", 3, "Tier 0", []string{"adm-d.mills"}
	}
}

func both(first, second func(*Machine)) func(*Machine) {
	return func(m *Machine) {
		first(m)
		second(m)
	}
}

func storyCast() []func(*Machine) {
	platform := func(os, version string) func(*Machine) {
		return func(m *Machine) {
			m.OSPlatform, m.Version, m.OSBuild, m.AgentVersion = os, version, 0, "101.24092.0002"
		}
	}
	offline := func(health string) func(*Machine) {
		return func(m *Machine) { m.Online, m.HealthStatus = false, health }
	}
	named := func(name string) func(*Machine) { return func(m *Machine) { m.ComputerDNSName = name } }
	return []func(*Machine){
		workstation("WS-FIN-0142", "a.keller", "10.20.14.42", "finance"),
		workstation("WS-IT-0031", "d.mills", "10.20.31.14", "it", "admin-workstation"),
		server("SRV-APP-02", "10.20.2.22"),
		controller("DC-LON-01", "10.20.1.10"),
		server("SRV-FILE-03", "10.20.2.33", "file-server"),
		controller("DC-LON-02", "10.20.1.11"),
		server("SRV-SQL-01", "10.20.2.41", "business-critical"),
		both(workstation("LT-SAL-0088", "h.rossi", "10.20.18.88", "sales", "vpn"), offline("Active")),
		both(workstation("WS-HR-0031", "t.novak", "10.20.12.31", "hr"), both(offline("Inactive"), oldCopy)),
		workstation("WS-HR-0031", "t.novak", "10.20.12.31", "hr"),
		both(workstation("PC1", "m.varga", "10.20.50.1"), named("PC1")),
		both(workstation("PC10", "m.varga", "10.20.50.10"), named("PC10")),
		both(workstation("PC100", "m.varga", "10.20.50.100"), named("PC100")),
		both(server("SRV-LNX-WEB-01", "10.20.3.80", "dmz"), platform("Ubuntu", "22.04")),
		both(workstation("MAC-MKT-0007", "i.castro", "10.20.16.7", "marketing"), platform("macOS", "15.1")),
		both(workstation("x", "z.dahl", "10.20.60.9"), both(platform("iOS", "18.1"), named("Zoë’s iPhone"))),
		both(workstation("x", "kiosk", "10.20.61.2", "kiosk"), named("ws-\x1b[31mkiosk\x1b[0m-\u202e10")),
		both(workstation("PRN-LON-04", "", "10.20.70.4"), unmanaged),
		both(workstation("WS-LEG-0009", "q.abbott", "10.20.15.9", "legal"), func(m *Machine) { m.OSPlatform, m.Version, m.OSBuild = "Windows10", "1607", 14393 }),
		both(workstation("WS-OPS-0077", "l.egan", "10.20.17.77", "ops"), both(offline("Inactive"), oldCopy)),
		workstation("WS-OPS-0077", "l.egan", "10.20.17.77", "ops"),
		server("SRV-HV-01", "10.20.2.90", "hyper-v"),
		both(workstation("LT-EXE-0003", "r.zimmer", "10.20.11.3", "vip", "vpn"), func(m *Machine) { m.DeviceValue = "High" }),
		both(workstation("WS-ENG-0210", "s.ueda", "10.20.19.210", "engineering"), offline("ImpairedCommunication")),
	}
}

func oldCopy(m *Machine) {
	m.IsPotentialDuplicate = true
	m.LastSeen = m.LastSeen.Add(-34 * 24 * time.Hour)
}

func unmanaged(m *Machine) {
	m.OSPlatform, m.Version, m.OSBuild, m.AgentVersion, m.OnboardingStatus = "Other", "Other", 0, "", "CanBeOnboarded"
	m.Users = nil
}
