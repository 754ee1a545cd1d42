// Package report is the door for what others found: reports of mobile threats become alerts of a tenant, and the values that would have
// caught a failed security test become its indicators.
//
// It promises four things. What was taken is never lost and never told twice: every report is stored under the sender's own id before it is
// answered, an order to Defender is stored before it leaves, and when its answer is lost, or the program dies in between, Defender is looked
// at before anything is sent again. What can not be told stays visible with the reason: a report below the limit of its channel, a device
// that Defender does not know or knows twice, a tenant that is switched off. What is absent stays absent: a threat without a user goes out
// without one. And one door judges rights and writes the history, whoever knocks: HTTP, command line or console.
//
// An alert needs an event in Defender that it is about, named by time and number. A mobile threat is none, so the event that the sender names
// is used, else the newest one of the device, found by hunting; without either the report waits and says so. Defender's three severities
// stand for four levels: Critical is High, Elevated is Medium, Low and Normal are Low. Every title ends with a mark of the report, because
// Defender merges alerts of one title on one device and would otherwise make one of two threats.
//
// Caveats. A report that is resolved while it waits is not sent at all. A limit that is changed later does not touch reports that came before.
// Nothing is sent to a tenant that is switched off or read-only; it waits.
package report

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"cordon/store/soc"
)

// Store is what this package remembers with; see store.Store for the promises.
type Store interface {
	Channel(ctx context.Context, id soc.ChannelID) (soc.Channel, error)
	Threats(ctx context.Context, q soc.ThreatQuery) ([]soc.Threat, error)
	Threat(ctx context.Context, key string) (soc.Threat, error)
	SaveThreat(ctx context.Context, t soc.Threat, audit ...soc.AuditEntry) (soc.Threat, error)
	Pushed(ctx context.Context) ([]soc.Pushed, error)
	PushedOne(ctx context.Context, key string) (soc.Pushed, error)
	SavePushed(ctx context.Context, p soc.Pushed, audit ...soc.AuditEntry) (soc.Pushed, error)
	Integration(ctx context.Context, id soc.IntegrationID) (soc.Integration, error)
	Host(ctx context.Context, key soc.HostKey) (soc.Host, error)
	HostsNamed(ctx context.Context, id soc.IntegrationID, name string) ([]soc.Host, error)
	FindHosts(ctx context.Context, prefix string, limit int) ([]soc.Host, error)
	AppendAudit(ctx context.Context, entries ...soc.AuditEntry) error
	Watch() *soc.Watcher
}

// Devices finds a device of a tenant; each is KindNotFound for none and KindAmbiguous for several.
type Devices interface {
	Machine(ctx context.Context, id string) (soc.Host, error)
	MachineByAAD(ctx context.Context, aadDeviceID string) (soc.Host, error)
	MachineNamed(ctx context.Context, name string) (soc.Host, error)
	// LastEvent is the newest event of a device that an alert may be tied to; KindNotFound when there is none.
	LastEvent(ctx context.Context, machineID string) (at time.Time, reportID string, err error)
}

// Alerts are the alerts of a tenant.
type Alerts interface {
	CreateAlertByReference(ctx context.Context, r soc.ReferenceAlert) (alertID string, err error)
	MachineAlerts(ctx context.Context, machineID string) ([]soc.RawAlert, error)
	Alert(ctx context.Context, id string) (soc.RawAlert, error)
	UpdateAlert(ctx context.Context, id string, u soc.AlertUpdate) (soc.RawAlert, error)
}

// Indicators are the indicators of a tenant.
type Indicators interface {
	Indicators(ctx context.Context) (soc.IndicatorList, error)
	IndicatorByValue(ctx context.Context, typ, value string) ([]soc.Indicator, error)
	SubmitIndicator(ctx context.Context, i soc.Indicator) (soc.Indicator, error)
	ImportIndicators(ctx context.Context, list []soc.Indicator) ([]soc.ItemResult, error)
	DeleteIndicator(ctx context.Context, id string) error
}

// Tenant is the connection that carries reports to one tenant.
type Tenant interface {
	Devices
	Alerts
	Indicators
}

// Options are the parts of a Service. Store, Tenant and Check are required.
type Options struct {
	Store Store
	// Tenant finds the connection of a tenant. It refuses one that is switched off (KindConflict).
	Tenant func(id soc.IntegrationID) (Tenant, error)
	// Check makes an indicator fit for Defender, or says what is wrong with it (KindInvalid).
	Check func(soc.Indicator) (soc.Indicator, error)
	// Roles are the permissions that the token of a tenant carries; known is false before one was seen. Nil: nobody knows.
	Roles func(ctx context.Context, id soc.IntegrationID) (roles []string, known bool)
	// Queue is how many reports of one channel may wait; 0 means 10,000.
	Queue int
	// Room says why nothing new may be stored now, nil when it may: the disk belongs to lockdowns first. Nil: always.
	Room func() error
	Now  func() time.Time
	Log  *slog.Logger
}

// Service is the door. Make it with New; it is safe for concurrent use.
type Service struct {
	o Options

	mu      sync.Mutex
	waiting map[soc.ChannelID]backlog
	held    map[soc.IntegrationID]time.Time // tenants that did not answer: until when they are left alone
}

// New makes a Service; nothing is contacted before Run or a command.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Queue == 0 {
		o.Queue = 10_000
	}
	if o.Room == nil {
		o.Room = func() error { return nil }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{o: o, waiting: map[soc.ChannelID]backlog{}, held: map[soc.IntegrationID]time.Time{}}
}

// may judges a right and whether the person may use the tenant at all (T-16); a refusal is audited. tenant may be empty.
func (s *Service) may(ctx context.Context, by soc.Session, right soc.Right, action, target string, tenant soc.IntegrationID) error {
	why := ""
	switch {
	case by.Can(right):
	case by.ReadOnly:
		why = "read-only session"
	default:
		why = "right " + string(right) + " missing"
	}
	if why == "" && tenant != "" && by.Actor.Via != "http" { // a sender is bound to its channel instead
		if in, err := s.o.Store.Integration(ctx, tenant); err == nil && !in.Admits(by.Actor) {
			why = "this tenant is not for " + soc.Clean(by.Actor.Name)
		}
	}
	if why == "" {
		return nil
	}
	e := &soc.Error{
		Kind: soc.KindDenied, Code: "no-right", What: action + " is refused: " + why, Means: "nothing was changed",
		Next: "ask somebody who holds " + string(right),
	}
	line := soc.AuditEntry{Integration: tenant, Actor: by.Actor, Action: action, Target: soc.Clean(target), Result: soc.ResultRefused, Detail: why}
	if err := s.o.Store.AppendAudit(context.WithoutCancel(ctx), line); err != nil {
		return errors.Join(e, fmt.Errorf("writing the audit history: %w", err))
	}
	return e
}

// way returns the channel that a report comes in through.
func (s *Service) way(ctx context.Context, id soc.ChannelID, typ soc.ChannelType) (soc.Channel, error) {
	ch, err := s.o.Store.Channel(ctx, id)
	switch {
	case errors.Is(err, soc.ErrNotFound):
		return ch, &soc.Error{
			Kind: soc.KindNotFound, Code: "no-channel", What: "there is no such channel", Means: "nothing was stored",
			Next: "add one in the settings", Err: err,
		}
	case err != nil:
		return ch, fmt.Errorf("reading the channel: %w", err)
	case ch.Type != typ:
		return ch, &soc.Error{
			Kind: soc.KindRefused, Code: "wrong-channel", What: fmt.Sprintf("the channel %s is for %s, not for %s", ch.Name, ch.Type, typ),
			Means: "nothing was stored", Next: "use a channel of type " + string(typ),
		}
	case !ch.Enabled:
		return ch, &soc.Error{
			Kind: soc.KindRefused, Code: "channel-off", What: "the channel " + ch.Name + " is switched off", Means: "nothing was stored",
			Next: "switch it on in the settings",
		}
	}
	return ch, nil
}

// line is an entry of the history about a threat.
func line(by soc.Actor, t soc.Threat, action, result, detail string) soc.AuditEntry {
	target := t.Device.Name
	if target == "" {
		target = t.ID
	}
	return soc.AuditEntry{
		Integration: t.Host.Integration, Host: t.Host.MachineID, Actor: by, Action: action, Target: target, Result: result,
		Detail: t.Key + ": " + detail,
	}
}
