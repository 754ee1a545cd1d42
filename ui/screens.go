package ui

import (
	"cordon/ui/audit"
	"cordon/ui/host"
	"cordon/ui/queue"
	"cordon/ui/reports"
	"cordon/ui/screen"
	"cordon/ui/settings"
	"cordon/ui/theme"
	"cordon/ui/timers"
)

// build makes the screens of a session. Each gets the small part of the outside that it reads.
func build(d Deps, th *theme.Theme) map[string]screen.Screen {
	me := d.Session.Actor.Name
	return map[string]screen.Screen{
		screen.Queue: queue.New(queue.Deps{
			Reader: d.Reader, Check: d.Commander.Check, Session: d.Session, Me: me, Refresh: d.Connector.Refresh, Now: d.Now(),
		}, th),
		screen.Host:   host.New(host.Deps{Reader: d.Reader, Commander: d.Commander, Session: d.Session, Me: me}, th),
		screen.Timers: timers.New(timers.Deps{Reader: d.Reader, Commander: d.Commander, Session: d.Session, Me: me, Shifts: d.Shifts}, th),
		screen.Settings: settings.New(settings.Deps{
			Reader: d.Reader, Connector: d.Connector, Channels: d.Channels, Session: d.Session, Version: d.Version, About: d.About, History: d.History,
		}, th),
		screen.Audit:   audit.New(audit.Deps{Reader: d.Reader, Session: d.Session, Me: me}, th),
		screen.Reports: reports.New(reports.Deps{Service: d.Reports, Session: d.Session}, th),
	}
}
