package channel

import (
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"cordon/client/notify"
	"cordon/store/soc"
)

const (
	maxAddress = 254 // of a mail address; the parser of longer ones is slow
	maxPeople  = 20
	maxURL     = 2048
	maxPEM     = 256 << 10
	maxSecret  = 1024
)

// outlet judges where and how a way out tells. stored is set when a sealed secret is there that may go to this place.
func outlet(c soc.Channel, stored bool, secret string) (soc.Outlet, error) {
	o := c.Out
	o.URL, o.From, o.User = strings.TrimSpace(o.URL), strings.TrimSpace(o.From), strings.TrimSpace(o.User)
	u, err := address(c.Type, o)
	if err != nil {
		return o, err
	}
	if len(o.CAPEM) > maxPEM {
		return o, field("CA certificate", "is too long", "give only the certificate of your CA")
	}
	if len(secret) > maxSecret || strings.ContainsAny(secret, "\x00\r") {
		return o, field("Secret", "is no password or signing secret", "paste it again")
	}
	switch c.Type {
	case soc.ChannelMail:
		o, err = mailbox(c.Enabled, o, u, stored, secret)
	case soc.ChannelSyslog:
		o, err = lines(o, u, secret)
	default:
		o, err = hook(o, stored, secret)
	}
	if err != nil {
		return o, err
	}
	c.Out = o
	if _, err := spec(c).Open(notify.Host{}, nil); err != nil { // the CA is all that is left to be wrong
		return o, field("CA certificate", "can not be used", "paste the certificate of your CA in PEM form")
	}
	return o, nil
}

// address judges the URL: the right scheme, a host that may be contacted, no password in it (SC32–SC35).
func address(t soc.ChannelType, o soc.Outlet) (*url.URL, error) {
	want := map[soc.ChannelType]string{
		soc.ChannelMail: "smtp://host:587 or smtps://host:465", soc.ChannelSyslog: "tls://host:6514, tcp://host:port, udp://host:port or unix:///dev/log",
		soc.ChannelWebhook: "https://host/path",
	}[t]
	schemes := map[soc.ChannelType][]string{
		soc.ChannelMail: {"smtp", "smtps"}, soc.ChannelSyslog: {"tls", "tcp", "udp", "unix"}, soc.ChannelWebhook: {"https", "http"},
	}[t]
	u, err := url.Parse(o.URL)
	if err != nil || o.URL == "" || len(o.URL) > maxURL || soc.Clean(o.URL) != o.URL || !slices.Contains(schemes, u.Scheme) {
		return u, field("Address", "can not be used", "write "+want)
	}
	if u.User != nil {
		return u, field("Address", "holds a user name or password", "give them in their own fields")
	}
	if u.Scheme == "unix" {
		if u.Host != "" || !path.IsAbs(u.Path) || u.RawQuery != "" {
			return u, field("Address", "can not be used", "write "+want)
		}
		return u, nil
	}
	port, perr := strconv.ParseUint(u.Port(), 10, 16)
	needs := u.Scheme == "tls" || u.Scheme == "tcp" || u.Scheme == "udp"
	bare := t != soc.ChannelWebhook && (strings.Trim(u.Path, "/") != "" || u.RawQuery != "")
	if u.Hostname() == "" || bare || u.Fragment != "" || u.Port() != "" && (perr != nil || port == 0) || needs && u.Port() == "" {
		return u, field("Address", "can not be used", "write "+want)
	}
	if why := notify.Forbidden(u.Hostname(), o.AllowPrivate); why != "" {
		return u, field("Address", u.Hostname()+" "+why, "name the receiver by its public address, or switch \"Own network\" on in the form (--allow-private)")
	}
	if unencrypted := u.Scheme == "http" || t == soc.ChannelMail && o.Plain; unencrypted && !(own(u.Hostname()) && o.Plain) {
		return u, field("Plain", "is possible only to this machine", "use TLS: smtp with STARTTLS, smtps or https")
	}
	return u, nil
}

// own reports whether a host is surely this machine. Other names may resolve to anything.
func own(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// mailbox judges a mail channel. Notifications that go to nobody can not be switched on (T-18).
func mailbox(enabled bool, o soc.Outlet, u *url.URL, stored bool, secret string) (soc.Outlet, error) {
	o.Layout, o.SeedNames = "", false
	var to []string
	for _, a := range o.To {
		for part := range strings.SplitSeq(a, ",") {
			if part = strings.TrimSpace(part); part != "" && !slices.Contains(to, part) {
				to = append(to, part)
			}
		}
	}
	o.To = to
	switch {
	case len(o.To) == 0 && (enabled || o.HostAlerts || o.StartFailures):
		return o, field("Email Address", "is empty, so nobody would get the notifications that are on",
			"give an administrator's address, or switch them off")
	case len(o.To) > maxPeople:
		return o, field("Email Address", "holds more than 20 addresses", "use a mailing list")
	case o.From == "" && len(o.To) > 0:
		return o, field("From", "is empty", "give the address that the mail comes from")
	}
	for name, list := range map[string][]string{"From": {o.From}, "Email Address": o.To} {
		for _, a := range list {
			if a != "" && !mailAddress(a) {
				return o, field(name, "is no mail address: "+soc.Clean(shorten(a)), "write name@example.com")
			}
		}
	}
	switch {
	case o.User != "" && secret == "" && !stored:
		return o, field("Password", "is missing: a stored one is not sent to another server or for another user", "type it")
	case o.User == "" && secret != "":
		return o, field("User", "is missing", "give the name of the mail account, or leave the password empty")
	case len(o.User) > maxAddress || soc.Clean(o.User) != o.User:
		return o, field("User", "is no sign-in name", "give the name of the mail account")
	case u.Port() == "25" && o.User != "" && o.Plain:
		return o, field("Plain", "would show the password", "use TLS")
	}
	return o, nil
}

// mailAddress accepts one bare address of ordinary length; without display name and comments there is nothing to hide in.
func mailAddress(s string) bool {
	if len(s) > maxAddress || strings.ContainsAny(s, "\r\n\x00") || soc.Clean(s) != s {
		return false
	}
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && !strings.ContainsAny(s, "\"<> ")
}

func shorten(s string) string { return s[:min(len(s), 60)] }

func lines(o soc.Outlet, u *url.URL, secret string) (soc.Outlet, error) {
	o.From, o.To, o.User, o.HostAlerts, o.StartFailures, o.Plain = "", nil, "", false, false, false
	if o.Layout == "" {
		o.Layout = notify.LayoutCEF
	}
	switch {
	case !slices.Contains(notify.Layouts(), o.Layout):
		return o, field("Layout", "is none of the known ones", "choose cef, standard or json")
	case secret != "":
		return o, field("Secret", "has no use in syslog", "leave it empty")
	case o.CAPEM != "" && u.Scheme != "tls":
		return o, field("CA certificate", "is of use only with tls://", "leave it empty, or use tls://"+net.JoinHostPort(u.Hostname(), "6514"))
	}
	return o, nil
}

func hook(o soc.Outlet, stored bool, secret string) (soc.Outlet, error) {
	o.From, o.To, o.User, o.HostAlerts, o.StartFailures, o.Layout, o.SeedNames = "", nil, "", false, false, "", false
	if secret == "" && !stored {
		return o, field("Signing secret", "is missing: a webhook is signed, and a stored secret is not used for another address",
			"paste whsec_… of the receiver")
	}
	for one := range strings.FieldsSeq(secret) {
		if _, err := notify.ParseSecret(one); err != nil {
			return o, field("Signing secret", "can not be used: "+err.Error(), "paste whsec_… of the receiver; two while it changes")
		}
	}
	return o, nil
}
