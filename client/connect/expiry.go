package connect

import (
	"fmt"
	"time"

	"cordon/client"
	"cordon/store/soc"
)

const day = 24 * time.Hour

// expiring tells which credentials end soon (F83): a note a month before, a warning a week before, loud on the last day.
func (s *Service) expiring() []soc.Trouble {
	var list []soc.Trouble
	for _, l := range s.all() {
		if t, ok := expiry(l.in, s.o.Now()); ok {
			list = append(list, t)
		}
	}
	return list
}

func expiry(in soc.Integration, now time.Time) (soc.Trouble, bool) {
	left := in.SecretExpiry.Sub(now)
	if in.SecretExpiry.IsZero() || left > 30*day {
		return soc.Trouble{}, false
	}
	what, next := client.CredentialWord(in.Auth), "make a new secret in Entra and enter it in the settings"
	if in.Auth == client.AuthCertificate {
		next = "register a new certificate on the app and enter it in the settings"
	}
	t := soc.Trouble{
		Code: "secret-expires", Level: soc.LevelInfo, Since: in.SecretExpiry.Add(-30 * day),
		What:  fmt.Sprintf("the %s of %s ends on %s", what, in.Name, in.SecretExpiry.UTC().Format("2006-01-02 15:04Z")),
		Means: "after that cordon can neither isolate nor release there", Next: next,
	}
	switch {
	case left <= 0:
		t.Level, t.Means = soc.LevelBad, "cordon can neither isolate nor release there"
		t.What = fmt.Sprintf("the %s of %s ended on %s", what, in.Name, in.SecretExpiry.UTC().Format("2006-01-02 15:04Z"))
	case left <= day:
		t.Level = soc.LevelBad
	case left <= 7*day:
		t.Level = soc.LevelWarn
	}
	return t, true
}
