package sim

import "time"

// Machine is one device as the tenant holds it. Empty texts and zero times are
// null on the wire. There is no isolation field, as there is none in Defender;
// see [Tenant.Isolated].
type Machine struct {
	ID                    string
	MergedIntoMachineID   string
	IsPotentialDuplicate  bool
	ComputerDNSName       string
	FirstSeen, LastSeen   time.Time
	OSPlatform            string
	OSProcessor           string
	Version               string
	LastIPAddress         string
	LastExternalIPAddress string
	MAC                   string
	AgentVersion          string
	OSBuild               int64
	HealthStatus          string
	DeviceValue           string
	RbacGroupID           int64
	RbacGroupName         string
	RiskScore             string
	ExposureLevel         string
	AadDeviceID           string
	MachineTags           []string
	OnboardingStatus      string
	ManagedBy             string
	VMResource            string // Azure resource id; empty for physical hosts

	// Online says whether the command channel works. Defender does not show it;
	// actions on a host that is not online stay Pending.
	Online bool
	// Users are the accounts that logged on, the usual one first.
	Users []string
	// Raw, when set, is sent instead of the fields above.
	Raw string
}

func (e *enc) machine(m *Machine) {
	if m.Raw != "" {
		e.comma()
		e.b = append(e.b, m.Raw...)
		return
	}
	e.open('{')
	e.machineBody(m)
	e.close('}')
}

func (e *enc) machineBody(m *Machine) {
	e.str("id", m.ID)
	e.opt("mergedIntoMachineId", m.MergedIntoMachineID)
	e.flag("isPotentialDuplication", m.IsPotentialDuplicate)
	e.flag("isExcluded", false)
	e.null("exclusionReason")
	e.opt("computerDnsName", m.ComputerDNSName)
	e.time("firstSeen", m.FirstSeen)
	e.time("lastSeen", m.LastSeen)
	e.str("osPlatform", m.OSPlatform)
	e.null("osVersion")
	e.opt("osProcessor", m.OSProcessor)
	e.opt("version", m.Version)
	e.opt("lastIpAddress", m.LastIPAddress)
	e.opt("lastExternalIpAddress", m.LastExternalIPAddress)
	e.opt("agentVersion", m.AgentVersion)
	e.optNum("osBuild", m.OSBuild)
	e.str("healthStatus", m.HealthStatus)
	e.opt("deviceValue", m.DeviceValue)
	e.num("rbacGroupId", m.RbacGroupID)
	e.opt("rbacGroupName", m.RbacGroupName)
	e.opt("riskScore", m.RiskScore)
	e.opt("exposureLevel", m.ExposureLevel)
	e.flag("isAadJoined", m.AadDeviceID != "")
	e.opt("aadDeviceId", m.AadDeviceID)
	e.strings("machineTags", m.MachineTags)
	e.str("onboardingStatus", m.OnboardingStatus)
	e.str("osArchitecture", "64-bit")
	e.str("managedBy", orElse(m.ManagedBy, "Unknown"))
	e.str("managedByStatus", "Unknown")
	e.machineAddresses(m)
	e.machineVM(m)
}

func (e *enc) machineAddresses(m *Machine) {
	e.key("ipAddresses")
	e.b = append(e.b, '[')
	if m.LastIPAddress != "" {
		e.address(m.LastIPAddress, m.MAC, "Ethernet")
	}
	e.address("127.0.0.1", "", "SoftwareLoopback")
	e.b = append(e.b, ']')
}

func (e *enc) address(ip, mac, kind string) {
	e.open('{')
	e.str("ipAddress", ip)
	e.opt("macAddress", mac)
	e.str("type", kind)
	e.str("operationalStatus", "Up")
	e.close('}')
}

func (e *enc) machineVM(m *Machine) {
	if m.VMResource == "" {
		e.null("vmMetadata")
		return
	}
	e.key("vmMetadata")
	e.open('{')
	e.str("vmId", m.AadDeviceID)
	e.str("cloudProvider", "Azure")
	e.str("resourceId", m.VMResource)
	e.null("subscriptionId")
	e.close('}')
}

// User is one account as /machines/{id}/logonusers and /alerts/{id}/user send it.
type User struct {
	Account     string
	Domain      string
	SID         string
	FirstSeen   time.Time
	LastSeen    time.Time
	MostMachine string
	LogonTypes  string // one comma-separated text
	Machines    int64
	DomainAdmin bool
	NetworkOnly bool
}

func (e *enc) user(u *User) {
	e.open('{')
	e.userBody(u)
	e.close('}')
}

func (e *enc) userBody(u *User) {
	e.str("id", u.Domain+`\`+u.Account)
	e.str("accountName", u.Account)
	e.str("accountDomain", u.Domain)
	e.opt("accountSid", u.SID)
	e.time("firstSeen", u.FirstSeen)
	e.time("lastSeen", u.LastSeen)
	e.opt("mostPrevalentMachineId", u.MostMachine)
	e.null("leastPrevalentMachineId")
	e.str("logonTypes", u.LogonTypes)
	e.num("logOnMachinesCount", u.Machines)
	e.flag("isDomainAdmin", u.DomainAdmin)
	e.flag("isOnlyNetworkUser", u.NetworkOnly)
}
