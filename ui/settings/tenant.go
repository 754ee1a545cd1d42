package settings

import (
	"slices"
	"strings"
	"time"

	"cordon/store/soc"
	"cordon/ui/form"
)

// Ids of the fields of a tenant. There is none for a redirect address: an application without people needs none (T-08), and none for the
// display name of the app: any will do (Z-04).
const (
	fName     = "name"
	fEnv      = "environment"
	fTenant   = "tenant"
	fClient   = "client"
	fAuth     = "auth"
	fSecret   = "secret"
	fCert     = "certificate"
	fPFX      = "pfx"
	fToken    = "tokenfile"
	fExpiry   = "expiry"
	fCloud    = "cloud"
	fRegion   = "region"
	fAPI      = "api"
	fLogin    = "login"
	fScope    = "scope"
	fCustom   = "custom"
	fProxy    = "proxy"
	fCA       = "ca"
	fCAPEM    = "capem"
	fInterval = "interval"
	fHistory  = "history"
	fAllowed  = "allowed"
	fProfiles = "profiles"
	fReadOnly = "readonly"
	fEnabled  = "enabled"
)

// The ways to sign in, as the store names them.
const (
	authSecret   = "secret"
	authCert     = "certificate"
	authManaged  = "managed-identity"
	authWorkload = "workload-identity"
)

func auths() []string { return []string{authSecret, authCert, authManaged, authWorkload} }

// fresh is what a new tenant starts with.
func fresh() soc.Integration {
	c := clouds()[0]
	return soc.Integration{
		Type: "defender", Auth: authSecret, Cloud: c.name, API: c.api, Login: c.login, Environment: "PROD", Enabled: true,
		PollInterval: time.Minute, MaxHistory: "30 days ago",
	}
}

// newTenant is the form of a tenant, or of a new one.
func (m *Model) newTenant(in soc.Integration) *edit {
	if in.ID == "" {
		in = fresh()
	}
	in.Auth = or(in.Auth, authSecret)
	e := &edit{what: editTenant, tenant: in}
	fields := append(m.identity(in), m.addresses(in)...)
	e.form = form.New(append(fields, m.handling(in)...)...)
	return e
}

// identity is who the app is and how it signs in.
func (m *Model) identity(in soc.Integration) []*form.Field {
	kept := func(what string, kind string) string {
		if in.ID != "" && in.Auth == kind {
			return "(stored; empty keeps it)"
		}
		return what
	}
	by := func(kind string) func(*form.Form) bool {
		return func(f *form.Form) bool { return f.Field(fAuth).Get() == kind }
	}
	return []*form.Field{
		form.NewText(fName, "Name", in.Name, "contoso-prod").Checked(m.named(fName, in.ID, "")),
		form.NewChoice(fEnv, "Environment", in.Environment, "PROD", "TEST"),
		form.NewText(fTenant, "Tenant ID", in.TenantID, "Directory (tenant) ID").Checked(func(f *form.Form) string {
			if why := identifier(fTenant, "Directory (tenant) ID")(f); why != "" {
				return why
			}
			if m.crossed(f, in.ID) {
				return "and Client ID look swapped: another connection has them the other way round; exchange the two"
			}
			return ""
		}),
		form.NewText(fClient, "Client ID", in.ClientID, "Application (client) ID").Checked(func(f *form.Form) string {
			if f.Get(fClient) == "" && f.Get(fAuth) == authManaged {
				return "" // the identity of the machine itself
			}
			if why := identifier(fClient, "Application (client) ID")(f); why != "" {
				return why
			}
			if strings.EqualFold(f.Get(fTenant), f.Get(fClient)) {
				return "is the same as the Tenant ID; the app's overview shows both"
			}
			return ""
		}),
		form.NewChoice(fAuth, "Sign in with", in.Auth, auths()...).Remarked(func(f *form.Form) string {
			return map[string]string{
				authManaged: "of the machine in Azure; nothing is stored", authWorkload: "a token file that the platform renews",
			}[f.Get(fAuth)]
		}),
		form.NewSecret(fSecret, "App Secret", kept("paste the secret's Value", authSecret)).Shown(by(authSecret)).Checked(func(f *form.Form) string {
			if f.Get(fSecret) == "" && (in.ID == "" || in.Auth != authSecret) {
				return "is missing; paste the secret's Value"
			}
			return ""
		}),
		form.NewSecret(fCert, "Certificate", kept("paste it with its key: PEM, or PFX in base64", authCert)).Shown(by(authCert)).
			Checked(func(f *form.Form) string { return certificate(f.Get(fCert), in.ID == "" || in.Auth != authCert) }),
		form.NewSecret(fPFX, "PFX password", "(none)").Shown(func(f *form.Form) bool {
			v := f.Field(fCert).Get()
			return by(authCert)(f) && v != "" && !strings.Contains(v, "-----")
		}),
		form.NewText(fToken, "Token file", in.TokenFile, "(as AZURE_FEDERATED_TOKEN_FILE says)").Shown(by(authWorkload)).
			Checked(file(fToken, "token file")),
		form.NewText(fExpiry, "Expires on", dayText(in.SecretExpiry), "2027-03-01, if you know it").
			Shown(func(f *form.Form) bool { return by(authSecret)(f) || by(authCert)(f) }).
			Checked(func(f *form.Form) string {
				if _, ok := day(f.Get(fExpiry)); !ok {
					return "write a date such as 2027-03-01"
				}
				return ""
			}).
			Remarked(func(f *form.Form) string {
				text, _ := secretAge(expires(f, in), m.now)
				return text
			}),
	}
}

// certificate says what is wrong with a pasted certificate, as far as its look tells.
func certificate(text string, needed bool) string {
	switch {
	case text == "" && needed:
		return "is missing; paste the certificate together with its private key"
	case text == "" || !strings.Contains(text, "-----"):
		return ""
	case !strings.Contains(text, "PRIVATE KEY-----"):
		return "has no private key; paste the certificate and its private key together"
	case !strings.Contains(text, "BEGIN CERTIFICATE-----"):
		return "has a private key but no certificate; paste both together"
	}
	return ""
}

// addresses is where the tenant is and how it is reached.
func (m *Model) addresses(in soc.Integration) []*form.Field {
	return []*form.Field{
		form.NewChoice(fCloud, "Cloud", in.Cloud, cloudNames()...),
		form.NewChoice(fRegion, "Region", regionOf(in.API), regionNames()...).
			Shown(func(f *form.Form) bool { return f.Field(fCloud).Get() == "commercial" }),
		form.NewText(fAPI, "API base URL", in.API, "https://host").Checked(func(f *form.Form) string {
			if why := address(f.Get(fAPI), f.On(fCustom)); why != "" {
				return why
			}
			c, known := cloudOf(f.Get(fCloud))
			if host := hostOf(f.Get(fAPI)); known && !f.On(fCustom) && !c.ours(host) {
				return host + " is no Defender API host of the " + c.name + " cloud; correct it, or switch Custom host on"
			}
			return ""
		}),
		form.NewText(fLogin, "Login URL", in.Login, "https://host").Checked(func(f *form.Form) string {
			if why := address(f.Get(fLogin), false); why != "" {
				return why
			}
			c, known := cloudOf(f.Get(fCloud))
			if host := hostOf(f.Get(fLogin)); known && !f.On(fCustom) && host != hostOf(c.login) {
				return host + " is not the login host of the " + c.name + " cloud; correct it, or switch Custom host on"
			}
			return ""
		}),
		form.NewText(fScope, "Token scope", in.Scope, "(from the cloud)"),
		form.NewSwitch(fCustom, "Custom host", in.Custom, "hosts that are not Microsoft's"),
		form.NewText(fProxy, "Proxy", in.Proxy, "(as the environment says); none = no proxy").Checked(proxyCheck),
		form.NewText(fCA, "CA file", in.CAFile, "(none)").Checked(file(fCA, "CA bundle")),
		form.NewBlock(fCAPEM, "CA bundle", in.CAPEM, "(none); paste certificates in PEM").Checked(pem(fCAPEM)),
	}
}

func pem(id string) func(*form.Form) string {
	return func(f *form.Form) string {
		switch v := f.Get(id); {
		case v == "":
		case strings.Contains(v, "PRIVATE KEY"):
			return "holds a private key; paste the CA's certificates only (ctrl+u empties it)"
		case !strings.Contains(v, "-----BEGIN CERTIFICATE-----"):
			return "is not PEM; paste the lines from BEGIN CERTIFICATE to END CERTIFICATE (ctrl+u empties it)"
		}
		return ""
	}
}

// handling is how the tenant is polled and who may use it.
func (m *Model) handling(in soc.Integration) []*form.Field {
	return []*form.Field{
		form.NewText(fInterval, "Poll interval", span(in.PollInterval), "1m").Checked(pollCheck).Remarked(func(f *form.Form) string {
			d, _ := interval(f.Get(fInterval))
			return perHour(d)
		}),
		form.NewText(fHistory, "Max history", in.MaxHistory, "30 days ago").Checked(func(f *form.Form) string {
			if f.Get(fHistory) == "" {
				return `write "30 days ago", a date or a time`
			}
			if _, err := m.history(f.Get(fHistory)); err != nil {
				return `is no time in the past; write "30 days ago", 2026-01-02 or 2026-01-02T03:04:05Z`
			}
			return ""
		}).Remarked(func(f *form.Form) string {
			t, _ := m.history(f.Get(fHistory))
			if t.IsZero() {
				return ""
			}
			return "from " + t.UTC().Format("2006-01-02 15:04:05") + "Z on"
		}),
		form.NewText(fAllowed, "Who may use it", strings.Join(in.Allowed, ", "), "(everybody); or names: alice, bob"),
		form.NewSet(fProfiles, "Meant to have", in.Profiles, m.profileNames()...),
		form.NewSwitch(fReadOnly, "Read-only", in.ReadOnly, "never change anything in Defender"),
		form.NewSwitch(fEnabled, "Enabled", in.Enabled, "new isolations (off: releases go on)"),
	}
}

// history is the moment that a text means; without a reader of such texts it is left to the save.
func (m *Model) history(text string) (time.Time, error) {
	if m.d.History == nil || m.now.IsZero() {
		return time.Time{}, nil
	}
	return m.d.History(text, m.now)
}

// profileNames are the permission sets that can be chosen: those that the connector knows.
func (m *Model) profileNames() []string {
	var out []string
	for _, in := range m.list {
		for _, p := range m.perms[in.ID].Profiles {
			if !slices.Contains(out, p.Name) {
				out = append(out, p.Name)
			}
		}
	}
	if len(out) == 0 {
		return levels()
	}
	return out
}
