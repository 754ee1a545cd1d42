package connect

import (
	"slices"
	"strings"
	"time"

	"cordon/client"
	"cordon/store/soc"
)

const (
	defaultInterval = time.Minute
	defaultHistory  = "30 days ago"
	maxName         = 64
)

// prepare fills what a draft leaves to the cloud and judges the rest. Errors are KindInvalid and start with the name of the field.
func (s *Service) prepare(in soc.Integration) (soc.Integration, error) {
	in, err := auth(s.fill(in))
	if err != nil {
		return in, err
	}
	if err := ids(in); err != nil {
		return in, err
	}
	if in.Name == "" || len(in.Name) > maxName || soc.Clean(in.Name) != in.Name {
		return in, field("Name", "must be 1 to 64 printable characters", "give the tenant a short name")
	}
	if in.Environment != "PROD" && in.Environment != "TEST" {
		return in, field("Environment", "must be PROD or TEST", "it is the badge of every screen")
	}
	if in.PollInterval < time.Second || (!in.Custom && in.PollInterval < 10*time.Second) || in.PollInterval > 24*time.Hour {
		return in, field("Poll interval", "must be between 10s and 24h", "the budget of Defender allows about one poll in ten seconds")
	}
	if s.o.History != nil {
		if _, err := s.o.History(in.MaxHistory, s.o.Now()); err != nil {
			return in, field("Max history", "is not a time: "+err.Error(), `write "30 days ago", a date or a time`)
		}
	}
	if _, err := client.Endpoints(in); err != nil {
		return in, err
	}
	return lists(in)
}

// lists judges the profiles and the people.
func lists(in soc.Integration) (soc.Integration, error) {
	var profiles []string
	for _, name := range in.Profiles {
		known, ok := client.ProfileNamed(name)
		if !ok {
			return in, field("Profile", soc.Clean(name)+" is not known", "use one of "+strings.Join(client.ProfileNames(), ", "))
		}
		if !slices.Contains(profiles, known) {
			profiles = append(profiles, known)
		}
	}
	var people []string
	for _, name := range in.Allowed {
		name = strings.TrimSpace(name)
		if name == "" || name == "role:" || len(name) > 256 || soc.Clean(name) != name {
			return in, field("Allowed people", "holds an empty or unprintable name", "give names as people sign in, or role:responder")
		}
		if !slices.Contains(people, name) {
			people = append(people, name)
		}
	}
	in.Profiles, in.Allowed = profiles, people
	return in, nil
}

func (s *Service) fill(in soc.Integration) soc.Integration {
	in.Name = strings.TrimSpace(in.Name)
	in.TenantID, in.ClientID = strings.ToLower(strings.TrimSpace(in.TenantID)), strings.ToLower(strings.TrimSpace(in.ClientID))
	in.API, in.Login = strings.TrimRight(strings.TrimSpace(in.API), "/"), strings.TrimRight(strings.TrimSpace(in.Login), "/")
	in.Scope = strings.TrimSpace(in.Scope)
	in.Type, in.Proxy = "defender", strings.TrimSpace(in.Proxy)
	in.Cloud = or(in.Cloud, "commercial")
	if cloud, ok := client.CloudOf(in.Cloud); ok {
		in.API, in.Login = or(in.API, cloud.API), or(in.Login, cloud.Login)
	}
	if in.Custom && in.Cloud == "commercial" { // other hosts than Microsoft's are no cloud of it, whoever attaches them
		in.Cloud = "custom"
	}
	in.Environment = or(in.Environment, "PROD")
	in.MaxHistory = or(strings.TrimSpace(in.MaxHistory), defaultHistory)
	if in.PollInterval == 0 {
		in.PollInterval = defaultInterval
	}
	return in
}

// ids judges the two GUIDs (Z-05).
func ids(in soc.Integration) error {
	for _, f := range []struct{ name, value, from string }{
		{"Tenant ID", in.TenantID, "copy the Directory (tenant) ID from the app's overview"},
		{"Application (client) ID", in.ClientID, "copy the Application (client) ID from the app's overview"},
	} {
		if f.value == "" && f.name != "Tenant ID" && in.Auth == client.AuthManaged {
			continue // the identity of the machine itself
		}
		if !guid(f.value) {
			return field(f.name, "is not a GUID such as 7f3c1e0a-9b1d-4c2e-8f00-1a2b3c4d5e6f", f.from)
		}
	}
	if in.TenantID == in.ClientID {
		return field("Application (client) ID", "is the same as the Tenant ID", "the app's overview shows both; copy the other one")
	}
	return nil
}

// guid reports whether s is written as a GUID. All zeroes is what forms are prefilled with, and no tenant.
func guid(s string) bool {
	if len(s) != 36 || strings.Trim(s, "0-") == "" {
		return false
	}
	for i, c := range []byte(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hex := c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
		if dash != (c == '-') || !dash && !hex {
			return false
		}
	}
	return true
}

// swapped finds ids that another integration uses the other way round.
func swapped(in soc.Integration, all []soc.Integration) error {
	for _, other := range all {
		if other.ID != in.ID && (other.ClientID == in.TenantID || other.TenantID == in.ClientID) {
			return field("Tenant ID", "and Application (client) ID look swapped: "+other.Name+" has them the other way round", "exchange the two fields")
		}
	}
	return nil
}

// unique refuses a name that is taken (T-12). The store refuses it too; this answers before the connection test.
func unique(in soc.Integration, all []soc.Integration) error {
	for _, other := range all {
		if other.ID != in.ID && strings.EqualFold(other.Name, in.Name) {
			return &soc.Error{
				Kind: soc.KindConflict, Code: "name-taken", What: "Name: " + in.Name + " is taken",
				Means: "nothing was changed", Next: "give this tenant another name",
			}
		}
	}
	return nil
}

func field(name, what, next string) error {
	return &soc.Error{Kind: soc.KindInvalid, Code: "bad-field", What: name + " " + what, Means: "nothing was changed", Next: next}
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
