package connect

import (
	"context"
	"time"

	"cordon/store/soc"
)

// Reporting is what may be told to a tenant besides orders to hosts: indicators, and alerts of our own. client.Client is one.
type Reporting interface {
	Indicators(ctx context.Context) (soc.IndicatorList, error)
	IndicatorByValue(ctx context.Context, kind, value string) ([]soc.Indicator, error)
	SubmitIndicator(ctx context.Context, i soc.Indicator) (soc.Indicator, error)
	ImportIndicators(ctx context.Context, list []soc.Indicator) ([]soc.ItemResult, error)
	DeleteIndicator(ctx context.Context, id string) error
	CreateAlertByReference(ctx context.Context, r soc.ReferenceAlert) (alertID string, err error)
	Alert(ctx context.Context, id string) (soc.RawAlert, error)
	UpdateAlert(ctx context.Context, id string, u soc.AlertUpdate) (soc.RawAlert, error)
	MachineAlerts(ctx context.Context, machineID string) ([]soc.RawAlert, error)
	Machine(ctx context.Context, id string) (soc.Host, error)
	MachineByAAD(ctx context.Context, aadDeviceID string) (soc.Host, error)
	MachineNamed(ctx context.Context, name string) (soc.Host, error)
	LastEvent(ctx context.Context, machineID string) (at time.Time, reportID string, err error)
}

// Reporting returns the connection that carries reports to a tenant. Errors: KindNotFound when it was detached, KindConflict when the tenant
// is switched off: reports are news, not obligations, so they wait until it is on again.
func (s *Service) Reporting(id soc.IntegrationID) (Reporting, error) {
	l, err := s.line(id)
	if err != nil {
		return nil, err
	}
	if !l.in.Enabled {
		return nil, &soc.Error{
			Kind: soc.KindConflict, Code: "disabled", What: l.in.Name + " is switched off", Means: "nothing was sent to it",
			Next: "switch the integration on in the settings",
		}
	}
	r, ok := l.link.API.(Reporting)
	if !ok {
		return nil, &soc.Error{Kind: soc.KindInternal, Code: "no-reporting", What: "the connection to " + l.in.Name + " can not carry reports"}
	}
	return r, nil
}
