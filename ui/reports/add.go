package reports

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"cordon/store/soc"
	"cordon/ui/form"
)

// Ids of the fields.
const (
	fType     = "type"
	fValue    = "value"
	fAction   = "action"
	fSeverity = "severity"
	fTitle    = "title"
	fText     = "description"
	fLife     = "lifetime"
	fAlert    = "alert"
)

// most is how many indicators one form may hold.
const most = 500

func types() []string {
	return []string{"FileSha256", "FileSha1", "FileMd5", "IpAddress", "DomainName", "Url", "CertificateThumbprint"}
}

// newForm is the form of new indicators. Several values of one type can be pasted at once.
func (m *Model) newForm() *form.Form {
	return form.New(
		form.NewChoice(fType, "Type", types()[0], types()...),
		form.NewText(fValue, "Value", "", "one value, or several with blanks between").Checked(m.valuesCheck).Remarked(func(f *form.Form) string {
			if n := len(form.List(f.Get(fValue))); n > 1 {
				return fmt.Sprintf("%d values", n)
			}
			return ""
		}),
		form.NewChoice(fAction, "Action", "Block", "Allowed", "Audit", "Warn", "Block", "BlockAndRemediate").Checked(func(f *form.Form) string {
			if f.Get(fAction) == "BlockAndRemediate" && !strings.HasPrefix(f.Get(fType), "File") {
				return "removes files, so it works for file hashes only; choose Block"
			}
			return ""
		}),
		form.NewChoice(fSeverity, "Severity", "Medium", "Informational", "Low", "Medium", "High"),
		form.NewText(fTitle, "Title", "", "what it is; Defender asks for it").Checked(func(f *form.Form) string {
			if f.Get(fTitle) == "" {
				return "is missing; it is the title of the alert"
			}
			return ""
		}),
		form.NewText(fText, "Description", "", "(as the title)"),
		form.NewText(fLife, "Lives for", "30 days", "30 days, or never").Checked(func(f *form.Form) string {
			if _, ok := life(f.Get(fLife)); !ok {
				return "write a number of days such as 30 days, or never"
			}
			return ""
		}).Remarked(func(f *form.Form) string {
			d, _ := life(f.Get(fLife))
			if d == 0 || m.now.IsZero() {
				return ""
			}
			return "ends " + m.now.Add(d).UTC().Format("2006-01-02")
		}),
		form.NewSwitch(fAlert, "Alert", true, "Defender raises an alert when it is seen"),
	)
}

// life reads "30 days", "30", "never".
func life(text string) (time.Duration, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	if text == "never" || text == "" {
		return 0, true
	}
	num := strings.TrimSpace(strings.TrimSuffix(strings.TrimSuffix(text, "days"), "day"))
	n, err := strconv.Atoi(num)
	return time.Duration(n) * 24 * time.Hour, err == nil && n > 0 && n <= 3650
}

// valuesCheck says which value does not fit the type, and how many still fit into the tenant.
func (m *Model) valuesCheck(f *form.Form) string {
	list := form.List(f.Get(fValue))
	if len(list) == 0 {
		return "is missing; paste one value or several"
	}
	if len(list) > most {
		return fmt.Sprintf("at most %d at once", most)
	}
	seen := map[string]bool{}
	for _, v := range list {
		if why := fits(f.Get(fType), v); why != "" {
			return v + " " + why
		}
		if seen[strings.ToLower(v)] {
			return v + " is there twice"
		}
		seen[strings.ToLower(v)] = true
	}
	if left := m.ioc.list.Cap - len(m.ioc.list.Indicators); m.ioc.list.Cap > 0 && len(list) > left {
		return fmt.Sprintf("%d values, but the tenant has room for %d; delete some first", len(list), max(0, left))
	}
	return ""
}

// fits says why a value can not be of a type.
func fits(typ, v string) string {
	hashes := map[string]int{"FileSha256": 64, "FileSha1": 40, "FileMd5": 32, "CertificateThumbprint": 40}
	if n, ok := hashes[typ]; ok {
		if len(v) != n || strings.Trim(strings.ToLower(v), "0123456789abcdef") != "" {
			return fmt.Sprintf("is no %s: it has %d hexadecimal digits", typ, n)
		}
		return ""
	}
	switch typ {
	case "IpAddress":
		a, err := netip.ParseAddr(v)
		switch {
		case strings.Contains(v, "/"):
			return "is a range; Defender takes single addresses only"
		case err != nil:
			return "is no address"
		case a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified():
			return "is not an address of the internet; Defender takes external ones only"
		}
	case "Url":
		if u, err := url.Parse(v); err != nil || u.Host == "" {
			return "is no address; write https://host/path"
		}
	case "DomainName":
		if strings.ContainsAny(v, "/:@*") || !strings.Contains(v, ".") {
			return "is no domain name; write host.example without https:// and *"
		}
	}
	return ""
}

// drafts are the indicators as typed.
func (m *Model) drafts() []soc.Indicator {
	f := m.form
	d, _ := life(f.Get(fLife))
	var out []soc.Indicator
	for _, v := range form.List(f.Get(fValue)) {
		i := soc.Indicator{
			Integration: m.tenant, Type: f.Get(fType), Value: v, Action: f.Get(fAction), Severity: f.Get(fSeverity), Title: f.Get(fTitle),
			Description: f.Get(fText), Alert: f.On(fAlert),
		}
		if i.Description == "" {
			i.Description = i.Title
		}
		if d > 0 {
			i.Expires = m.now.Add(d).UTC()
		}
		out = append(out, i)
	}
	return out
}
