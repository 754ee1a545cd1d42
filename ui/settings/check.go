package settings

import (
	"strings"
	"time"

	"cordon/store/soc"
)

// check refuses what the connector would refuse too, but at once and with the field. Empty = fine.
func (m *Model) check(saving bool) (id, why string) {
	f := m.form
	switch {
	case f.get(fName) == "":
		return fName, "give the connection a name"
	case m.taken(f.get(fName)):
		return fName, f.get(fName) + " is taken; names are unique"
	case !guid(f.get(fTenant)):
		return fTenant, "is not a GUID; copy the Directory (tenant) ID from the app's overview"
	case !guid(f.get(fClient)):
		return fClient, "is not a GUID; copy the Application (client) ID from the app's overview"
	case strings.EqualFold(f.get(fTenant), f.get(fClient)):
		return fClient, "is the same as the Tenant ID; the app's overview shows both"
	case m.crossed():
		return fTenant, "Tenant ID and Client ID look swapped: another connection has them the other way round"
	case f.orig.ID == "" && f.get(fSecret) == "":
		return fSecret, "is missing; paste the secret's Value"
	case !secure(f.get(fAPI)) && !f.field(fCustom).on():
		return fAPI, "must start with https://"
	case !secure(f.get(fLogin)):
		return fLogin, "must start with https://"
	}
	if d, err := time.ParseDuration(f.get(fInterval)); err != nil || d <= 0 {
		return fInterval, "is not a time such as 1m or 30s"
	}
	if saving && f.get(fHistory) == "" {
		return fHistory, `write "30 days ago", a date or a time`
	}
	return "", ""
}

func secure(address string) bool { return strings.HasPrefix(strings.ToLower(address), "https://") }

func (m *Model) taken(name string) bool {
	return m.other(func(in soc.Integration) bool { return strings.EqualFold(in.Name, name) })
}

func (m *Model) crossed() bool {
	tenant, client := m.form.get(fTenant), m.form.get(fClient)
	return m.other(func(in soc.Integration) bool {
		return strings.EqualFold(in.ClientID, tenant) || strings.EqualFold(in.TenantID, client)
	})
}

// other reports whether a different integration fits.
func (m *Model) other(fits func(soc.Integration) bool) bool {
	for _, in := range m.list {
		if in.ID != m.form.orig.ID && fits(in) {
			return true
		}
	}
	return false
}

// guid reports whether s is written as a GUID that is not all zeroes.
func guid(s string) bool {
	if len(s) != 36 || strings.Trim(s, "0-") == "" {
		return false
	}
	for i, c := range []byte(strings.ToLower(s)) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (c == '-') || !dash && !strings.ContainsRune("0123456789abcdef", rune(c)) {
			return false
		}
	}
	return true
}
