package settings

import (
	"net/url"
	"slices"
	"strings"
)

// cloud fills the addresses of the form. The connector judges what is allowed; this only saves typing.
type cloud struct{ name, api, login string }

const custom = "custom"

func clouds() []cloud {
	const world = "https://login.microsoftonline.com"
	const gov = "https://login.microsoftonline.us"
	return []cloud{
		{"commercial", "https://api.securitycenter.microsoft.com", world},
		{"gcc", "https://api-gcc.securitycenter.microsoft.us", world},
		{"gcc-high", "https://api-gov.securitycenter.microsoft.us", gov},
		{"dod", "https://api-gov.securitycenter.microsoft.us", gov},
	}
}

func cloudNames() []string {
	var out []string
	for _, c := range clouds() {
		out = append(out, c.name)
	}
	return append(out, custom)
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
