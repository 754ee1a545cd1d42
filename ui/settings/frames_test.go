package settings

import (
	"testing"
	"time"

	"cordon/store/soc"
	"cordon/ui/screen"
	"cordon/ui/uitest"
)

// full is a world with two tenants, channels, tokens and what the tokens of the tenants allow.
func full() *probe {
	p := world()
	p.AddTenant()
	p.WithChannels()
	p.Tenants[0].SecretExpiry = uitest.Now().AddDate(0, 0, 5)
	p.Tenants[0].Profiles = []string{"indicators"}
	p.PermissionList = map[soc.IntegrationID]soc.PermissionReport{uitest.Tenant: report()}
	return p
}

// report is a tenant with four roles: enough to isolate, not to push indicators.
func report() soc.PermissionReport {
	perm := func(api, role string, s soc.PermissionState, use string) soc.Permission {
		return soc.Permission{API: api, Role: role, State: s, For: use}
	}
	const atp, graph = "WindowsDefenderATP", "Microsoft Graph"
	read := perm(atp, "Alert.Read.All", soc.PermissionGranted, "the queue")
	host := perm(atp, "Machine.Read.All", soc.PermissionGranted, "hosts and actions")
	isolate := perm(atp, "Machine.Isolate", soc.PermissionGranted, "isolate, release, cancel")
	ti := perm(atp, "Ti.ReadWrite.All", soc.PermissionRequested, "indicators")
	users := perm(atp, "User.Read.All", soc.PermissionMissing, "users of a host")
	sec := perm(graph, "SecurityAlert.ReadWrite.All", soc.PermissionUnknown, "optional alerts of Graph")
	return soc.PermissionReport{
		Integration: uitest.Tenant, Tenant: "Contoso Ltd", Known: true, Permissions: []soc.Permission{read, host, isolate, ti, users, sec},
		Profiles: []soc.Profile{
			{Name: "read", Permissions: []soc.Permission{read, host}, Satisfied: true, Allows: []string{"queue", "hosts"}},
			{Name: "Zscaler", Permissions: []soc.Permission{isolate, host, perm(atp, "Machine.ReadWrite.All", soc.PermissionMissing, "tags")}, Denies: []string{"alert queue: Alert.Read.All is not part of it"}},
			{Name: "indicators", Permissions: []soc.Permission{ti}, Allows: []string{"push indicators"}},
		},
	}
}

func TestFrames_Channels(t *testing.T) {
	open := func(p func() *probe, role string, keys ...string) func(t *testing.T, w, h int) *uitest.Driver {
		return func(t *testing.T, w, h int) *uitest.Driver {
			d, _ := start(t, p(), role, w, h)
			d.Keys(keys...)
			return d
		}
	}
	down := func(n int, more ...string) []string {
		var out []string
		for range n {
			out = append(out, "j")
		}
		return append(out, more...)
	}
	each(t, "all", open(full, "admin"))
	each(t, "all-channel", open(full, "admin", down(5)...))
	each(t, "all-mail", open(full, "admin", down(4)...))
	each(t, "idle", open(func() *probe { p := full(); p.Tenants[0].Enabled = false; return p }, "admin", down(2)...))
	each(t, "pick", open(full, "admin", "a"))
	each(t, "permissions", open(full, "admin", "p"))
	each(t, "permissions-unknown", open(full, "admin", "j", "p"))
	each(t, "guide", open(full, "admin", "5"))
	each(t, "tokens", open(full, "admin", "4"))
	each(t, "tokens-empty", open(world, "admin", "4"))
	each(t, "token-new", open(full, "admin", "4", "a"))
	each(t, "threats-new", open(full, "admin", "a", "j", "enter"))
	each(t, "probes-new", open(full, "admin", "a", "j", "j", "enter"))
	each(t, "mail-new", open(full, "admin", "a", "j", "j", "j", "enter"))
	each(t, "mail-edit", open(full, "admin", down(4, "enter")...))
	each(t, "syslog-edit", open(full, "admin", down(5, "enter")...))
	each(t, "syslog-tested", open(full, "admin", down(5, "enter", "ctrl+t")...))
	each(t, "webhook-new", open(full, "admin", "a", "j", "j", "j", "j", "j", "enter"))
	each(t, "webhook-fixed", open(full, "admin", down(6, "enter")...))
	each(t, "form-changed", func(t *testing.T, w, h int) *uitest.Driver {
		d, _ := start(t, full(), "admin", w, h)
		d.Keys("enter", "tab", "right", "shift+tab")
		d.Type("-2")
		return d
	})
	each(t, "form-certificate", func(t *testing.T, w, h int) *uitest.Driver {
		d, m := start(t, full(), "admin", w, h)
		d.Key("enter")
		m.edit.form.GoTo(fAuth)
		d.Keys("right", "tab")
		return d
	})
	each(t, "form-end", func(t *testing.T, w, h int) *uitest.Driver {
		d, m := start(t, full(), "admin", w, h)
		d.Key("enter")
		m.edit.form.GoTo(fProfiles)
		return d
	})
	each(t, "saving", func(t *testing.T, w, h int) *uitest.Driver {
		d, _ := start(t, full(), "admin", w, h)
		d.Key("enter")
		d.Hold()
		d.Key("ctrl+s")
		d.Send(screen.TickMsg{Now: uitest.Now().Add(3 * time.Second)})
		return d
	})
}
