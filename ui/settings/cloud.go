package settings

import (
	"net/url"
	"slices"
	"strings"
)

// cloud fills the addresses of the form. The connector judges what is allowed; this saves typing and says at once what it would refuse.
type cloud struct {
	name, api, login string
	regions          []region
	also             []string // further API hosts of the cloud
}

// region is a part of a cloud with an API host of its own (P-09).
type region struct{ name, api string }

const (
	custom    = "custom"
	worldwide = "worldwide"
	another   = "other"
)

func clouds() []cloud {
	const world = "https://login.microsoftonline.com"
	const gov = "https://login.microsoftonline.us"
	return []cloud{
		{
			"commercial", "https://api.securitycenter.microsoft.com", world,
			[]region{
				{worldwide, "https://api.securitycenter.microsoft.com"},
				{"us", "https://api-us.securitycenter.microsoft.com"},
				{"eu", "https://api-eu.securitycenter.microsoft.com"},
				{"uk", "https://api-uk.securitycenter.microsoft.com"},
				{"au", "https://au.api.security.microsoft.com"},
				{"swa", "https://swa.api.security.microsoft.com"},
				{"ina", "https://ina.api.security.microsoft.com"},
			},
			[]string{
				"api.security.microsoft.com", "us.api.security.microsoft.com", "eu.api.security.microsoft.com", "uk.api.security.microsoft.com",
			},
		},
		{"gcc", "https://api-gcc.securitycenter.microsoft.us", world, nil, nil},
		{"gcc-high", "https://api-gov.securitycenter.microsoft.us", gov, nil, nil},
		{"dod", "https://api-gov.securitycenter.microsoft.us", gov, nil, nil},
	}
}

func cloudOf(name string) (cloud, bool) {
	i := slices.IndexFunc(clouds(), func(c cloud) bool { return c.name == name })
	if i < 0 {
		return cloud{}, false
	}
	return clouds()[i], true
}

func cloudNames() []string {
	var out []string
	for _, c := range clouds() {
		out = append(out, c.name)
	}
	return append(out, custom)
}

func regionNames() []string {
	var out []string
	for _, r := range clouds()[0].regions {
		out = append(out, r.name)
	}
	return append(out, another)
}

// regionOf is the region whose API an address is.
func regionOf(api string) string {
	for _, r := range clouds()[0].regions {
		if strings.EqualFold(strings.TrimRight(api, "/"), r.api) {
			return r.name
		}
	}
	return another
}

// ours reports whether a host is an API host of the cloud.
func (c cloud) ours(host string) bool {
	host = strings.ToLower(host)
	if slices.Contains(c.also, host) {
		return true
	}
	return hostOf(c.api) == host || slices.ContainsFunc(c.regions, func(r region) bool { return hostOf(r.api) == host })
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

// address says why something is not the address of a service: scheme, host and perhaps a port. Plain http is for custom hosts on this
// machine, which is how the simulator is attached.
func address(text string, plain bool) string {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return "is missing; write https://host"
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return "must be https:// and a host, without a path"
	case u.Scheme == "http" && plain && (u.Hostname() == "localhost" || strings.HasPrefix(u.Hostname(), "127.") || u.Hostname() == "::1"):
		return ""
	case u.Scheme != "https":
		return "must start with https://"
	}
	return ""
}

// hosts lists where a firewall must let us out (V-10).
func hosts(addresses ...string) []string {
	var out []string
	for _, a := range addresses {
		u, err := url.Parse(a)
		if err != nil || u.Host == "" {
			continue
		}
		port := u.Port()
		if port == "" {
			port = map[string]string{"http": "80"}[strings.ToLower(u.Scheme)]
		}
		if port == "" {
			port = "443"
		}
		if host := u.Hostname() + ":" + port; !slices.Contains(out, host) {
			out = append(out, host)
		}
	}
	return out
}
