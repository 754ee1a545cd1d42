package settings

import (
	"fmt"
	"time"

	"cordon/store/soc"
	"cordon/ui/form"
	"cordon/ui/words"
)

// expires is when the secret ends, as typed; a text that was not touched is the moment that is stored, to the second.
func expires(f *form.Form, in soc.Integration) time.Time {
	text := f.Get(fExpiry)
	if text != "" && text == dayText(in.SecretExpiry) {
		return in.SecretExpiry
	}
	t, _ := day(text)
	return t
}

// tenantDraft is the tenant as typed, without the secret.
func (e *edit) tenantDraft() soc.Integration {
	in, f := e.tenant, e.form
	in.Type, in.Auth = "defender", f.Get(fAuth)
	in.Name, in.Environment, in.TenantID, in.ClientID = f.Get(fName), f.Get(fEnv), f.Get(fTenant), f.Get(fClient)
	in.Cloud, in.API, in.Login, in.Scope = f.Get(fCloud), f.Get(fAPI), f.Get(fLogin), f.Get(fScope)
	in.Custom, in.Proxy, in.CAFile, in.CAPEM = f.On(fCustom), f.Get(fProxy), f.Get(fCA), f.Get(fCAPEM)
	in.TokenFile, in.MaxHistory = f.Get(fToken), f.Get(fHistory)
	in.SecretExpiry = expires(f, e.tenant)
	if d, ok := interval(f.Get(fInterval)); ok {
		in.PollInterval = d
	}
	in.Allowed, in.Profiles = form.List(f.Get(fAllowed)), form.Split(f.Get(fProfiles))
	in.ReadOnly, in.Enabled = f.On(fReadOnly), f.On(fEnabled)
	return in
}

// tenantEdited keeps fields that depend on each other together.
func tenantEdited(f *form.Form, x *form.Field) {
	switch x.ID {
	case fCloud:
		f.Set(fCustom, map[bool]string{true: "on", false: "off"}[x.Get() == custom])
		if c, ok := cloudOf(x.Get()); ok {
			f.Set(fAPI, c.api)
			f.Set(fLogin, c.login)
			f.Set(fRegion, regionOf(c.api))
		}
	case fRegion:
		for _, r := range clouds()[0].regions {
			if r.name == x.Get() {
				f.Set(fAPI, r.api)
			}
		}
	case fAPI:
		f.Set(fRegion, regionOf(x.Get()))
	case fCustom:
		c := clouds()[0]
		if x.Get() == "on" {
			f.Set(fCloud, custom)
			return
		}
		f.Set(fCloud, c.name)
		f.Set(fAPI, c.api)
		f.Set(fLogin, c.login)
		f.Set(fRegion, worldwide)
	}
}

// secretAge says how long a secret still works; level is 0 for far, 1 amber (30 days), 2 red (7 days), 3 over (Z-10).
func secretAge(ends, now time.Time) (text string, level int) {
	if ends.IsZero() || now.IsZero() {
		return "", 0
	}
	left := ends.Sub(now)
	n := int(left / (24 * time.Hour))
	switch {
	case left <= 0:
		return "EXPIRED: make a new one in Entra", 3
	case left <= 24*time.Hour:
		return "expires within a day", 2
	case n <= 7:
		return fmt.Sprintf("expires in %s, soon", words.Count(n, "day")), 2
	case n <= 30:
		return "expires in " + words.Count(n, "day"), 1
	}
	return words.Count(n, "day") + " left", 0
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// span prints a duration without zero parts: 1m, not 1m0s.
func span(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return words.Period(d)
}
