package client

import (
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"cordon/store/soc"
)

// Cloud is a preset of the three independent settings of a national cloud.
type Cloud struct {
	Name  string // commercial, gcc, gcc-high, dod
	API   string
	Login string
	Scope string
	// Also lists further API hosts that belong to the cloud.
	Also []string
}

// owns reports whether an API host belongs to the cloud besides its first one: an older one, or that of a region.
func (c Cloud) owns(host string) bool {
	return slices.Contains(c.Also, host) || c.Name == "commercial" && regional.MatchString(host)
}

// Clouds returns the presets. China has none: no API host is published for it.
func Clouds() []Cloud {
	return []Cloud{
		{
			Name: "commercial", API: "https://api.securitycenter.microsoft.com", Login: "https://login.microsoftonline.com",
			Scope: "https://api.securitycenter.microsoft.com/.default",
			Also:  []string{"api.security.microsoft.com", "api.securitycenter.windows.com"},
		},
		{
			Name: "gcc", API: "https://api-gcc.securitycenter.microsoft.us", Login: "https://login.microsoftonline.com",
			Scope: "https://api-gcc.securitycenter.microsoft.us/.default",
		},
		{
			Name: "gcc-high", API: "https://api-gov.securitycenter.microsoft.us", Login: "https://login.microsoftonline.us",
			Scope: "https://api-gov.securitycenter.microsoft.us/.default",
		},
		{
			Name: "dod", API: "https://api-gov.securitycenter.microsoft.us", Login: "https://login.microsoftonline.us",
			Scope: "https://api-gov.securitycenter.microsoft.us/.default",
		},
	}
}

// CloudOf returns the preset of that name; the empty name is commercial, "custom" and unknown names have none.
func CloudOf(name string) (Cloud, bool) {
	name = orDefault(strings.ToLower(name), "commercial")
	for _, c := range Clouds() {
		if c.Name == name {
			return c, true
		}
	}
	return Cloud{}, false
}

// Endpoints lists every host:port that an integration contacts, for firewalls and for the settings screen (V-10): where the token comes
// from, the API, and the proxy if one is set. The proxy of the environment is not among them.
func Endpoints(in soc.Integration) ([]string, error) {
	api, login, err := endpoints(in)
	if err != nil {
		return nil, err
	}
	if _, err := proxyOf(in); err != nil {
		return nil, err
	}
	if in.Auth == AuthManaged {
		login = identityHost()
	}
	out := []string{hostPort(login), hostPort(api)}
	if proxy, err := url.Parse(strings.TrimSpace(in.Proxy)); err == nil && proxy.Host != "" {
		out = append(out, hostPort(proxy))
	}
	return slices.Compact(out), nil
}

// regional are the API hosts of the regions of the worldwide cloud, in the old style and in the new one. The names are Microsoft's to give;
// a new region needs no new version of cordon.
var regional = regexp.MustCompile(`^(api-[a-z]{2,4}\.securitycenter|[a-z]{2,4}\.api\.security)\.microsoft\.com$`)

// endpoints parses and judges the two addresses of an integration. Empty ones come from the cloud's preset.
func endpoints(in soc.Integration) (api, login *url.URL, err error) {
	cloud, known := CloudOf(in.Cloud)
	if !known && !in.Custom {
		return nil, nil, invalid("cloud", "the cloud "+soc.Clean(in.Cloud)+" is not known", "use commercial, gcc, gcc-high or dod")
	}
	if api, err = origin("API", orDefault(in.API, cloud.API), in.Custom); err != nil {
		return nil, nil, err
	}
	if login, err = origin("login", orDefault(in.Login, cloud.Login), in.Custom); err != nil {
		return nil, nil, err
	}
	if login.Scheme != "https" {
		return nil, nil, invalid("login", "the login address is not https", "sign-in is never sent in the clear; give an https address")
	}
	if in.Custom {
		return api, login, nil
	}
	preset, _ := url.Parse(cloud.API)
	if hostPort(api) != hostPort(preset) && (api.Port() != "" || !cloud.owns(strings.ToLower(api.Hostname()))) {
		return nil, nil, invalid("api", api.Host+" is not a Defender API host of the "+cloud.Name+" cloud",
			"check the address and the cloud, or allow a custom host explicitly")
	}
	if preset, _ = url.Parse(cloud.Login); hostPort(login) != hostPort(preset) {
		return nil, nil, invalid("login", login.Host+" is not the login host of the "+cloud.Name+" cloud",
			"check the address and the cloud, or allow a custom host explicitly")
	}
	return api, login, nil
}

// origin parses scheme, host and port. Plain http is for a custom host on this machine only.
func origin(field, text string, custom bool) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return nil, invalid(field, "the "+field+" address "+soc.Clean(text)+" is not of the form https://host", "give scheme and host only")
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && custom && loopback(u.Hostname())) {
		return nil, invalid(field, "the "+field+" address "+soc.Clean(text)+" is not https",
			"use https; plain http works for a custom host on this machine only")
	}
	u.Path = ""
	return u, nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// hostPort is the address that a connection goes to, with the port that the scheme implies.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "443"
		if u.Scheme == "http" {
			port = "80"
		}
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// sameOrigin compares scheme, host and port.
func sameOrigin(a, b *url.URL) bool {
	return strings.EqualFold(a.Scheme, b.Scheme) && hostPort(a) == hostPort(b)
}

func invalid(code, what, next string) error {
	return &soc.Error{Kind: soc.KindInvalid, Code: "bad-" + strings.ToLower(code), What: what, Next: next}
}
