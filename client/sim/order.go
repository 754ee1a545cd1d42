package sim

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// order is one response action that can be posted to a machine.
type order struct {
	path     string // last segment of the URL
	kind     string // type of the action
	role     string
	opposite string // type that it contradicts
	windows  bool   // only Windows can do it
}

func orders() []order {
	return []order{
		{path: "isolate", kind: "Isolate", role: "Machine.Isolate", opposite: "Unisolate"},
		{path: "unisolate", kind: "Unisolate", role: "Machine.Isolate", opposite: "Isolate"},
		{path: "runAntiVirusScan", kind: "RunAntiVirusScan", role: "Machine.Scan"},
		{path: "restrictCodeExecution", kind: "RestrictCodeExecution", role: "Machine.RestrictExecution", opposite: "UnrestrictCodeExecution", windows: true},
		{path: "unrestrictCodeExecution", kind: "UnrestrictCodeExecution", role: "Machine.RestrictExecution", opposite: "RestrictCodeExecution", windows: true},
		{path: "collectInvestigationPackage", kind: "CollectInvestigationPackage", role: "Machine.CollectForensics"},
		{path: "StopAndQuarantineFile", kind: "StopAndQuarantineFile", role: "Machine.StopAndQuarantine", windows: true},
	}
}

// problem is a 400 that the service gives on purpose.
type problem struct{ code, text string }

// order serves POST /machines/{id}/{order}.
func (t *Tenant) order(c *call, o order) {
	fields, ok := c.readBody()
	if !ok {
		return
	}
	t.mu.Lock()
	request, bad := t.readOrder(o, fields)
	t.mu.Unlock()
	if bad != nil {
		c.fail(http.StatusBadRequest, bad.code, bad.text)
		return
	}
	request.Requestor, request.RequestSource = c.app, "PublicApi"
	var e enc
	var refused *problem
	found := t.withMachine(c, func(h int32, m *Machine) {
		var a *machineAction
		if a, refused = t.place(c, o, h, m, request); refused == nil {
			e.actionEntity(c, &a.Action)
		}
	})
	switch {
	case !found:
	case refused != nil:
		c.fail(http.StatusBadRequest, refused.code, refused.text)
	default:
		c.send(http.StatusCreated, jsonType, e.b)
	}
}

func (e *enc) actionEntity(c *call, a *Action) {
	e.open('{')
	e.str("@odata.context", c.base()+"/api/$metadata#MachineActions/$entity")
	e.actionBody(a)
	e.close('}')
}

var sha1Pattern = regexp.MustCompile(`^[0-9a-fA-F]{40}$`)

// readOrder checks the body. Keys and values count letter by letter.
func (t *Tenant) readOrder(o order, fields map[string]json.RawMessage) (Action, *problem) {
	a := Action{Type: o.kind}
	var ok bool
	if a.RequestorComment, ok = text(fields, "Comment"); !ok || a.RequestorComment == "" {
		return a, &problem{"MissingRequiredParameter", "The parameter Comment is required."}
	}
	if limit := t.behave.MaxComment; limit > 0 && len(a.RequestorComment) > limit {
		return a, &problem{"InvalidInput", "The comment is too long."}
	}
	switch o.kind {
	case "Isolate":
		a.Scope, _ = text(fields, "IsolationType")
		if !slices.Contains([]string{"Full", "Selective", "UnManagedDevice"}, a.Scope) {
			return a, &problem{"InvalidInput", "IsolationType must be Full, Selective or UnManagedDevice."}
		}
	case "RunAntiVirusScan":
		a.Scope, _ = text(fields, "ScanType")
		if a.Scope != "Quick" && a.Scope != "Full" {
			return a, &problem{"InvalidInput", "ScanType must be Quick or Full."}
		}
	case "StopAndQuarantineFile":
		a.FileHash, _ = text(fields, "Sha1")
		if !sha1Pattern.MatchString(a.FileHash) {
			return a, &problem{"InvalidHashValue", "Sha1 must be 40 hexadecimal digits."}
		}
	}
	if t.behave.KeepExternalID {
		a.ExternalID, _ = text(fields, "ExternalId")
	}
	return a, nil
}

// place books the order unless the platform or an open action forbids it.
func (t *Tenant) place(c *call, o order, h int32, m *Machine, request Action) (*machineAction, *problem) {
	if bad := unsupported(o, request.Scope, m); bad != nil {
		return nil, bad
	}
	open := t.actions.openOf(h, o.kind)
	if crossing := t.actions.openOf(h, o.opposite); open == nil && crossing != nil && !t.behave.Crossing {
		return nil, t.alreadyInProgress()
	}
	if open != nil {
		switch t.duplicatePolicy(o) {
		case DuplicateExisting:
			c.effect(open.ID)
			c.post.Effect = false
			return open, nil
		case DuplicateCreated:
		default:
			return nil, t.alreadyInProgress()
		}
	}
	a := t.create(h, request)
	if o.kind == "Isolate" && t.behave.StickDuplicates && (open != nil || t.hostState(h).scope != "") {
		a.stuck = true
		t.arm(a, t.now())
	}
	c.effect(a.ID)
	return a, nil
}

// duplicatePolicy is fixed for two kinds of action: they are refused while one
// is pending.
func (t *Tenant) duplicatePolicy(o order) DuplicatePolicy {
	if o.kind == "StopAndQuarantineFile" || o.kind == "CollectInvestigationPackage" {
		return DuplicateRefused
	}
	return t.behave.Duplicate
}

func (t *Tenant) alreadyInProgress() *problem {
	if t.behave.Duplicate == DuplicateMessageOnly {
		return &problem{"BadRequest", "Action is already in progress"}
	}
	return &problem{"ActiveRequestAlreadyExists", "Action is already in progress"}
}

// unsupported is the platform table of defender-api 2.5, as far as the
// simulated platforms go.
func unsupported(o order, scope string, m *Machine) *problem {
	server := strings.HasPrefix(m.OSPlatform, "WindowsServer")
	windows := m.OSPlatform == "Windows10" || m.OSPlatform == "Windows11" || server
	unix := slices.Contains([]string{"Ubuntu", "RedHatEnterpriseLinux", "Debian", "Linux", "CentOS", "SLES"}, m.OSPlatform)
	switch {
	case scope == "UnManagedDevice" && m.OnboardingStatus == "Onboarded":
		return &problem{"InvalidInput", "The device is onboarded; isolate it instead of containing it."}
	case scope == "UnManagedDevice":
		return nil
	case m.OnboardingStatus != "Onboarded" && o.kind != "Unisolate":
		return &problem{"InvalidInput", "The device is not onboarded."}
	case o.windows && !windows,
		!windows && !unix && m.OSPlatform != "macOS",
		scope == "Selective" && unix:
		return &problem{"OsPlatformNotSupported", o.kind + " is not supported on " + m.OSPlatform + "."}
	case m.OSPlatform == "Windows10" && slices.Contains([]string{"1507", "1511", "1607"}, m.Version):
		return &problem{"ClientVersionNotSupported", o.kind + " is not supported on version " + m.Version + "."}
	}
	return nil
}
