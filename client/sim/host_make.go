package sim

import (
	"strconv"
	"strings"
	"time"
)

// makeHost fills m with the machine of a handle. Everything follows from the
// seed and the handle, so half a million machines need no memory until one of
// them is changed.
func (t *Tenant) makeHost(h int32, m *Machine) {
	d := newDice(t.opt.Seed, saltHost, int64(h))
	*m = Machine{ID: t.hosts.madeID(h), ComputerDNSName: t.hosts.madeName(h, t.names), Online: true}
	m.OSProcessor, m.OnboardingStatus, m.HealthStatus, m.DeviceValue = "x64", "Onboarded", "Active", "Normal"
	m.setPlatform(&d)
	m.LastIPAddress = "10." + strconv.Itoa(10+int(h)/62500) + "." + strconv.Itoa(int(h)/250%250) + "." + strconv.Itoa(1+int(h)%250)
	m.LastExternalIPAddress = "198.51.100." + strconv.Itoa(1+d.n(250))
	m.MAC = "00005E" + strings.ToUpper(d.hex(6))
	m.FirstSeen = t.start.Add(-time.Duration(30+d.n(700))*24*time.Hour - time.Duration(d.n(1e9))).Truncate(100)
	m.LastSeen = t.start.Add(-time.Duration(d.n(24*3600))*time.Second - time.Duration(d.n(1e9))).Truncate(100)
	m.RiskScore = d.pick([]string{"None", "None", "None", "Informational", "Low", "Low", "Medium", "High"})
	m.ExposureLevel = d.pick([]string{"None", "Low", "Low", "Medium", "Medium", "High"})
	m.AadDeviceID = d.guid()
	m.ManagedBy = d.pick([]string{"Intune", "Intune", "MicrosoftDefenderForEndpoint", "Unknown"})
	m.MachineTags = []string{}
	m.setRole(&d, t.primaryUser(h), t.names)
	m.setHealth(&d, t.start)
	if t.hosts.copies(h) {
		m.setCopy(t.hosts.madeID(h-1), t.hosts.merged(h), t.start)
	}
}

func (m *Machine) setPlatform(d *dice) {
	m.OSPlatform, m.Version, m.OSBuild = "Windows11", "23H2", 22631
	name := strings.ToUpper(m.ComputerDNSName)
	switch {
	case strings.HasPrefix(name, "SRV-LNX"):
		m.OSPlatform, m.Version, m.OSBuild = d.pick([]string{"Ubuntu", "RedHatEnterpriseLinux", "Debian"}), d.pick([]string{"22.04", "9.5", "12"}), 0
	case strings.HasPrefix(name, "SRV-"), strings.HasPrefix(name, "DC-"):
		m.OSPlatform, m.Version, m.OSBuild = d.pick([]string{"WindowsServer2022", "WindowsServer2019", "WindowsServer2019", "WindowsServer2016"}), "21H2", 20348
	case strings.HasPrefix(name, "MAC-"):
		m.OSPlatform, m.Version, m.OSBuild = "macOS", "15.1", 0
	case strings.Contains(name, "PHONE"):
		m.OSPlatform, m.Version, m.OSBuild, m.OSProcessor = "iOS", "18.1", 0, ""
	case d.chance(350):
		m.OSPlatform, m.Version, m.OSBuild = "Windows10", "22H2", 19045
	}
	if m.OSBuild > 0 {
		m.AgentVersion = "10.8790." + strconv.FormatInt(m.OSBuild, 10) + "." + strconv.Itoa(4000+d.n(900))
	} else {
		m.AgentVersion = "101.24092.0002"
	}
}

// primaryUser is the account that mostly uses a made machine.
func (t *Tenant) primaryUser(h int32) string {
	d := newDice(t.opt.Seed, saltUser, int64(h)<<20)
	return t.names.account(&d)
}

func (m *Machine) setRole(d *dice, user string, names *catalog) {
	name := strings.ToUpper(m.ComputerDNSName)
	m.Users = []string{user}
	switch {
	case strings.HasPrefix(name, "DC-"):
		m.DeviceValue, m.RbacGroupID, m.RbacGroupName = "High", 3, "Tier 0"
		m.MachineTags = []string{"domain-controller", "tier-0"}
		m.Users = []string{"adm-" + user}
	case strings.HasPrefix(name, "SRV-"):
		m.RbacGroupID, m.RbacGroupName = 2, "Servers"
		m.MachineTags = []string{"server"}
		m.Users = []string{"svc-app", "adm-" + user}
		if d.chance(300) {
			m.VMResource = "/subscriptions/" + d.guid() + "/resourceGroups/prod/providers/Microsoft.Compute/virtualMachines/" + m.ComputerDNSName
		}
	default:
		m.RbacGroupID, m.RbacGroupName = 1, "Workstations"
		if parts := strings.Split(name, "-"); len(parts) > 2 && len(parts[1]) <= 3 {
			m.MachineTags = []string{strings.ToLower(parts[1])}
		}
		if d.chance(200) {
			m.Users = append(m.Users, names.account(d))
		}
	}
}

// setHealth takes one host in two hundred off the command channel and leaves a
// few that were never onboarded.
func (m *Machine) setHealth(d *dice, start time.Time) {
	switch roll := d.n(1000); {
	case roll < 5:
		m.Online = false
		m.HealthStatus = d.pick([]string{"Active", "Inactive", "ImpairedCommunication", "NoSensorDataImpairedCommunication"})
		if m.HealthStatus == "Inactive" {
			m.LastSeen = start.Add(-time.Duration(8+d.n(60)) * 24 * time.Hour)
		}
	case roll < 20:
		m.HealthStatus = "NoSensorData"
	case roll < 25:
		m.HealthStatus = "Unknown"
	case roll < 40:
		m.OnboardingStatus, m.AgentVersion, m.ExposureLevel = "CanBeOnboarded", "", ""
	case roll < 44:
		m.OnboardingStatus, m.AgentVersion = "InsufficientInfo", ""
	}
}

// setCopy makes an older record of the same device.
func (m *Machine) setCopy(survivor string, merged bool, start time.Time) {
	m.IsPotentialDuplicate = true
	m.LastSeen = start.Add(-20 * 24 * time.Hour)
	if merged {
		m.MergedIntoMachineID = survivor
		m.HealthStatus, m.Online = "Inactive", false
	}
}

// account draws a user name.
func (c *catalog) account(d *dice) string {
	return c.first[d.n(len(c.first))][:1] + "." + c.last[d.n(len(c.last))]
}

// netbios is the short domain name of accounts.
const netbios = "CORP"

// user describes an account; the same name gives the same account everywhere.
func (t *Tenant) user(name string, host int32) User {
	var hash int64
	for _, r := range name {
		hash = hash*131 + int64(r)
	}
	d := newDice(t.opt.Seed, saltUser, hash)
	u := User{
		Account: name, Domain: netbios,
		SID:        "S-1-5-21-" + strconv.Itoa(1e9+d.n(1e9)) + "-" + strconv.Itoa(1e9+d.n(1e9)) + "-1204-" + strconv.Itoa(1100+d.n(8000)),
		FirstSeen:  t.start.Add(-time.Duration(24*(20+d.n(300))) * time.Hour).Truncate(time.Millisecond),
		LastSeen:   t.start.Add(-time.Duration(d.n(86400)) * time.Second).Truncate(time.Second),
		LogonTypes: d.pick([]string{"Interactive", "Interactive, Network", "Interactive, RemoteInteractive", "Network"}),
		Machines:   int64(1 + d.n(6)),
	}
	u.NetworkOnly = u.LogonTypes == "Network"
	u.DomainAdmin = strings.HasPrefix(name, "adm-")
	if host >= 0 {
		u.MostMachine = t.hostID(host)
	}
	return u
}
