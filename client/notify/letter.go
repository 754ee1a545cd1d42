package notify

import (
	"cmp"
	"fmt"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"cordon/store/soc"
)

// maxWord is how long a text from outside may be in a mail.
const maxWord = 300

// letter writes the mail about a message: plain text, nothing to click. Everything that comes from outside is cleaned and shortened, and the
// library encodes the headers, so that no text can add a header or a second mail (SC38). The Message-ID is made of the event's id: a mail
// that is sent twice can be recognised (F80).
func (m *mailer) letter(msg Message, to string) (*gomail.Msg, error) {
	from, err := mail.ParseAddress(m.spec.From)
	if err != nil {
		return nil, fmt.Errorf("the sender's address can not be used: %w", err)
	}
	rcpt, err := mail.ParseAddress(to)
	if err != nil {
		return nil, fmt.Errorf("the recipient's address can not be used: %w", err)
	}
	subject, body := m.words(msg)
	_, domain, _ := strings.Cut(from.Address, "@")
	out := gomail.NewMsg()
	out.FromMailAddress(from)
	out.ToMailAddress(rcpt)
	out.Subject(subject)
	out.SetMessageIDWithValue(msg.ID + "@" + domain)
	out.SetDateWithValue(msg.Time.UTC())
	out.SetGenHeader("Auto-Submitted", "auto-generated")
	out.SetGenHeader("X-Cordon-Event", msg.ID)
	out.SetUserAgent("cordon/" + printable(m.from.Version))
	out.SetBodyString(gomail.TypeTextPlain, body)
	return out, nil
}

// words are subject and text.
func (m *mailer) words(msg Message) (subject, body string) {
	switch {
	case msg.Turn != nil:
		return turnWords(msg.Turn)
	case msg.Event != nil && msg.Event.Action == ActionStartFailed:
		return failureWords(msg.Event, m.from)
	}
	return "[cordon] test mail", "This is a test of the channel " + plainly(m.spec.Name) + " on " + plainly(m.from.Name) + ": nothing happened.\n"
}

func turnWords(t *Turn) (subject, body string) {
	host := plainly(t.Host)
	type row struct{ name, value string }
	rows := []row{{"Host", host}, {"Tenant", plainly(t.Tenant)}}
	if t.Environment != "" {
		rows[1].value += " (" + plainly(t.Environment) + ")"
	}
	var what, then string
	switch {
	case t.Unclear:
		subject = host + " NEEDS A PERSON: nobody knows whether it is isolated"
		what = "cordon does not go on with this lockdown by itself. The host may be isolated: look at it in Defender, then release or close the lockdown."
		rows = append(rows, row{"Ordered by", plainly(t.User)}, row{"What happened", plainly(t.Detail)})
	case t.Action == TurnLock && t.Success:
		subject, what = host+" is isolated", "Lockdown enabled: the host is isolated."
		rows = append(rows, row{"Ordered by", plainly(t.User)}, row{"Until", until(t)}, row{"Reason", plainly(t.Reason)})
		if !t.Until.IsZero() {
			then = "It is released by itself at that time, unless somebody changes it."
		}
	case t.Action == TurnLock && t.WillRetry:
		subject, what = host+" is NOT isolated yet", "The isolation of the host fails. It is still connected, and cordon tries again."
		rows = append(rows, row{"Ordered by", plainly(t.User)}, row{"What happened", plainly(t.Detail)})
	case t.Action == TurnLock:
		subject, what = host+" was NOT isolated", "Lockdown failed: the host is not isolated by cordon, and cordon does not try again."
		rows = append(rows, row{"Ordered by", plainly(t.User)}, row{"What happened", plainly(t.Detail)})
	case t.Success && t.User == "external":
		subject, what = host+" was released outside cordon", "Lockdown disabled: the host was released outside cordon."
		rows = append(rows, row{"What happened", plainly(t.Detail)})
	case t.Success:
		subject, what = host+" is released", "Lockdown disabled: the host is connected again."
		rows = append(rows, row{"Released by", plainly(t.User)}, row{"Reason", plainly(t.Reason)})
	default:
		subject, what = host+" is STILL ISOLATED: its release fails", "The release of the host fails. It stays isolated, and cordon tries again."
		rows = append(rows, row{"Released by", plainly(t.User)}, row{"What happened", plainly(t.Detail)})
	}
	rows = append(rows, row{"Lockdown", string(t.Lockdown)}, row{"Time", moment(t.At)})
	var b strings.Builder
	b.WriteString(what + "\n\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "%-14s %s\n", r.name+":", cmp.Or(r.value, "-"))
	}
	if then != "" {
		b.WriteString("\n" + then + "\n")
	}
	b.WriteString("\nYou get this mail because host alert mail is on in cordon.\n")
	return "[" + strings.TrimSpace("cordon "+plainly(t.Environment)) + "] " + subject, b.String()
}

func failureWords(e *Event, from Host) (subject, body string) {
	what := cmp.Or(plainly(e.Target), plainly(e.Tenant), "a part of cordon")
	body = fmt.Sprintf("%s could not be started on %s.\n\n", what, plainly(from.Name)) +
		fmt.Sprintf("What happened: %s\nTime:          %s\n\n", plainly(e.Detail), moment(e.Time)) +
		"Look at \"cordon status\" there. You get this mail because start failure mail is on in cordon.\n"
	return "[cordon] " + what + " could not be started", body
}

// until is the end of a lockdown, for people. It is not known when the record could not be read.
func until(t *Turn) string {
	if t.Until.IsZero() {
		return "not known; look at the lockdown in cordon"
	}
	return moment(t.Until) + " (" + soc.Spoken(t.Period) + ")"
}

func moment(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05") + " UTC" }

// plainly makes a text from outside one short line without anything that a mail program turns into a link to click.
func plainly(s string) string {
	s = strings.NewReplacer("://", "[:]//", "www.", "www[.]", "WWW.", "WWW[.]").Replace(soc.Clean(s))
	if r := []rune(s); len(r) > maxWord {
		s = string(r[:maxWord]) + "..."
	}
	return strings.TrimSpace(s)
}
