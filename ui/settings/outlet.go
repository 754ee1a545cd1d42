package settings

import (
	"crypto/rand"
	"encoding/base64"
	"net"
	"net/mail"
	"net/url"
	"strings"

	"cordon/store/soc"
	"cordon/ui/form"
)

// Ids of the fields of ways out.
const (
	fServer   = "server"
	fSafety   = "safety"
	fFrom     = "from"
	fTo       = "to"
	fUser     = "user"
	fPassword = "password"
	fHosts    = "hostalerts"
	fStart    = "startfailures"
	fLayout   = "layout"
	fSeed     = "seed"
	fURL      = "url"
	fSigning  = "signing"
	fPrivate  = "private"
)

// How mail is kept from being read on its way.
const (
	safeStart = "STARTTLS"
	safeTLS   = "TLS"
	safeNone  = "none (this machine only)"
)

// mailFields are the fields of a mail channel (T-17, T-18, V-34, V-35).
func mailFields(c soc.Channel) []*form.Field {
	u, o := parsed(c.Out.URL), c.Out
	safety := safeStart
	switch {
	case o.Plain:
		safety = safeNone
	case u.Scheme == "smtps":
		safety = safeTLS
	}
	return []*form.Field{
		form.NewText(fServer, "Mail server", u.Host, "mail.contoso.example:587").Checked(server(fServer)),
		form.NewChoice(fSafety, "Protection", safety, safeStart, safeTLS, safeNone).Checked(func(f *form.Form) string {
			if host, _, err := net.SplitHostPort(f.Get(fServer)); err == nil && f.Get(fSafety) == safeNone && !loopback(host) {
				return "mail without TLS is for this machine only; choose STARTTLS or TLS"
			}
			return ""
		}),
		form.NewText(fFrom, "From", o.From, "cordon@contoso.example").Checked(func(f *form.Form) string { return addresses(f.Get(fFrom), true) }),
		form.NewText(fTo, "Email Address", strings.Join(o.To, ", "), "soc@contoso.example; an administrator's is "+
			"best").Checked(func(f *form.Form) string {
			v := f.Get(fTo)
			if v == "" && !f.On(fHosts) && !f.On(fStart) {
				return ""
			}
			if v == "" {
				return "is missing; notifications are on, so somebody must get them"
			}
			return addresses(v, false)
		}),
		form.NewText(fUser, "User", o.User, "(no sign-in)"),
		form.NewSecret(fPassword, "Password", stored(c, "")).Shown(func(f *form.Form) bool { return f.Field(fUser).Get() != "" }),
		form.NewSwitch(fHosts, "Host alerts", o.HostAlerts, "mail of lockdowns (off: syslog only)"),
		form.NewSwitch(fStart, "Start failures", o.StartFailures, "mail when a part can not start"),
		form.NewBlock(fCAPEM, "CA bundle", o.CAPEM, "(of the system); paste certificates in PEM").Checked(pem(fCAPEM)),
		private(o),
	}
}

// syslogFields are the fields of a syslog channel (V-39).
func syslogFields(c soc.Channel) []*form.Field {
	u, o := parsed(c.Out.URL), c.Out
	at := u.Host
	if u.Scheme == "unix" {
		at = u.Path
	}
	return []*form.Field{
		form.NewChoice(fSafety, "Transport", or(u.Scheme, "tls"), "udp", "tcp", "tls", "unix"),
		form.NewText(fServer, "Server", at, "syslog.contoso.example:6514, or the path of a socket").Checked(func(f *form.Form) string {
			if f.Get(fSafety) == "unix" {
				if !strings.HasPrefix(f.Get(fServer), "/") {
					return "write the path of the socket, such as /dev/log"
				}
				return ""
			}
			return server(fServer)(f)
		}),
		form.NewChoice(fLayout, "Layout", or(o.Layout, "cef"), "cef", "standard", "json"),
		form.NewSwitch(fSeed, "Seed names", o.SeedNames, "names that older parsers expect"),
		form.NewBlock(fCAPEM, "CA bundle", o.CAPEM, "(of the system); paste certificates in PEM").
			Shown(func(f *form.Form) bool { return f.Field(fSafety).Get() == "tls" }).Checked(pem(fCAPEM)),
		private(o),
	}
}

// webhookFields are the fields of a webhook.
func webhookFields(c soc.Channel) []*form.Field {
	return []*form.Field{
		form.NewText(fURL, "URL", c.Out.URL, "https://host/path").Checked(func(f *form.Form) string {
			u, err := url.Parse(f.Get(fURL))
			switch {
			case f.Get(fURL) == "":
				return "is missing; write https://host/path"
			case err != nil || u.Host == "":
				return "is no address; write https://host/path"
			case u.User != nil:
				return "must not hold a password; the messages are signed instead"
			case u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())):
				return "must start with https:// (http works for this machine only)"
			}
			return ""
		}),
		form.NewSecret(fSigning, "Signing secret", stored(c, "whsec_..., or ctrl+g makes one")).Checked(func(f *form.Form) string {
			v := f.Get(fSigning)
			if v == "" && c.ID == "" {
				return "is missing; ctrl+g makes one, or paste the receiver's"
			}
			for _, one := range form.List(v) {
				if raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(one, "whsec_")); err != nil || len(raw) < 24 || len(raw) > 64 {
					return "must be whsec_ and 24 to 64 bytes in base64; ctrl+g makes one"
				}
			}
			return ""
		}),
		form.NewBlock(fCAPEM, "CA bundle", c.Out.CAPEM, "(of the system); paste certificates in PEM").Checked(pem(fCAPEM)),
		private(c.Out),
	}
}

func private(o soc.Outlet) *form.Field {
	return form.NewSwitch(fPrivate, "Own network", o.AllowPrivate, "may connect to the own network")
}

// stored says that an empty field keeps what is stored.
func stored(c soc.Channel, fresh string) string {
	if c.ID != "" {
		return "(stored; empty keeps it)"
	}
	return fresh
}

// outlet is where the channel goes, as typed.
func outlet(c soc.Channel, f *form.Form) soc.Outlet {
	o := c.Out
	o.CAPEM, o.AllowPrivate = f.Get(fCAPEM), f.On(fPrivate)
	switch c.Type {
	case soc.ChannelMail:
		scheme := "smtp"
		if f.Get(fSafety) == safeTLS {
			scheme = "smtps"
		}
		o.URL, o.Plain = scheme+"://"+f.Get(fServer), f.Get(fSafety) == safeNone
		o.From, o.To, o.User = f.Get(fFrom), form.List(f.Get(fTo)), f.Get(fUser)
		o.HostAlerts, o.StartFailures = f.On(fHosts), f.On(fStart)
	case soc.ChannelSyslog:
		o.URL, o.Layout, o.SeedNames = f.Get(fSafety)+"://"+f.Get(fServer), f.Get(fLayout), f.On(fSeed)
	case soc.ChannelWebhook:
		o.URL = f.Get(fURL)
	}
	return o
}

// channelSecret is what was typed into the secret field of a channel.
func channelSecret(f *form.Form) string { return or(f.Get(fPassword), f.Get(fSigning)) }

// channelEdited follows the usual port when the way of sending changes.
func channelEdited(f *form.Form, x *form.Field) {
	host, port, err := net.SplitHostPort(f.Get(fServer))
	if x.ID != fSafety || err != nil {
		return
	}
	usual := map[string]string{safeStart: "587", safeTLS: "465", safeNone: "25", "udp": "514", "tcp": "514", "tls": "6514"}
	for _, p := range usual {
		if p == port && usual[x.Get()] != "" {
			f.Set(fServer, net.JoinHostPort(host, usual[x.Get()]))
			return
		}
	}
}

func parsed(text string) *url.URL {
	u, err := url.Parse(text)
	if err != nil {
		return &url.URL{}
	}
	return u
}

func server(id string) func(*form.Form) string {
	return func(f *form.Form) string {
		v := f.Get(id)
		host, port, err := net.SplitHostPort(v)
		switch {
		case v == "":
			return "is missing; write host:port"
		case strings.Contains(v, "://"):
			return "write host:port only; the way of sending is another field"
		case err != nil || host == "" || port == "":
			return "has no port; write host:port"
		}
		return ""
	}
}

func addresses(text string, one bool) string {
	list := form.List(text)
	switch {
	case len(list) == 0:
		return "is missing; write an address such as soc@contoso.example"
	case one && len(list) > 1:
		return "must be one address"
	}
	for _, a := range list {
		if p, err := mail.ParseAddress(a); err != nil || p.Address != a {
			return a + " is no mail address; write it as soc@contoso.example, several with commas between"
		}
	}
	return ""
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// newSigning makes a signing secret in the form that receivers of standard webhooks expect.
func newSigning() string {
	var raw [32]byte
	rand.Read(raw[:]) // it never returns an error
	return "whsec_" + base64.StdEncoding.EncodeToString(raw[:])
}
