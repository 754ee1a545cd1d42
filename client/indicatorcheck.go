package client

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"cordon/store/soc"
)

// IndicatorTypes lists the types of indicators that can be written, with the actions that each may have. Defender refuses the others.
func IndicatorTypes() map[string][]string {
	file := []string{"Allowed", "Audit", "Warn", "Block", "BlockAndRemediate"}
	network := []string{"Allowed", "Audit", "Warn", "Block"}
	return map[string][]string{
		"FileSha1": file, "FileSha256": file, "FileMd5": file,
		"IpAddress": network, "DomainName": network, "Url": network,
		"CertificateThumbprint": {"Allowed", "BlockAndRemediate"},
	}
}

// CheckIndicator makes an indicator fit for Defender, or says what is wrong with it: KindInvalid, naming the field. It writes type, action
// and severity in Defender's letter case, hashes in lower case and IPv6 addresses with all eight groups; Audit always raises an alert.
func CheckIndicator(i soc.Indicator) (soc.Indicator, error) {
	i.Value, i.Title, i.Description = strings.TrimSpace(i.Value), strings.TrimSpace(i.Title), strings.TrimSpace(i.Description)
	types := IndicatorTypes()
	known := make([]string, 0, len(types))
	for t := range types {
		known = append(known, t)
	}
	slices.Sort(known)
	var ok bool
	if i.Type, ok = oneOf(i.Type, known); !ok {
		return i, invalid("type", "the indicator type "+quoted(i.Type)+" is not known", "use one of "+strings.Join(known, ", "))
	}
	actions := types[i.Type]
	if i.Action, ok = oneOf(i.Action, actions); !ok {
		return i, invalid("action", "the action "+quoted(i.Action)+" is not possible for "+i.Type, "use one of "+strings.Join(actions, ", "))
	}
	levels := []string{"", "Informational", "Low", "Medium", "High"}
	if i.Severity, ok = oneOf(i.Severity, levels); !ok {
		return i, invalid("severity", "the severity "+quoted(i.Severity)+" is not known", "use one of "+strings.Join(levels[1:], ", "))
	}
	if i.Title == "" || i.Description == "" {
		return i, invalid("title", "title or description is missing", "Defender wants both")
	}
	if i.Action == "Audit" {
		i.Alert = true
	}
	var err error
	i.Value, err = indicatorValue(i.Type, i.Value)
	return i, err
}

// indicatorValue judges the value of a type and returns it as Defender wants it written.
func indicatorValue(kind, value string) (string, error) {
	if value == "" || soc.Clean(value) != value || len(value) > 2048 {
		return value, invalid("value", "the indicator value is empty, too long or holds control characters", "give one value")
	}
	switch kind {
	case "FileSha1", "CertificateThumbprint":
		return hash(kind, value, 20)
	case "FileSha256":
		return hash(kind, value, 32)
	case "FileMd5":
		return hash(kind, value, 16)
	case "IpAddress":
		addr, err := netip.ParseAddr(value)
		if err != nil || addr.Zone() != "" {
			return value, invalid("value", quoted(value)+" is not one IP address", "networks (CIDR) are not possible; give one address")
		}
		return addr.StringExpanded(), nil
	case "DomainName":
		if strings.ContainsAny(value, "/:@ *?") || !strings.Contains(value, ".") || len(value) > 253 {
			return value, invalid("value", quoted(value)+" is not a domain name", "give a name like evil.example; its subdomains are included")
		}
		return strings.ToLower(strings.TrimSuffix(value, ".")), nil
	}
	if u, err := url.Parse(value); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return value, invalid("value", quoted(value)+" is not a URL", "give one that starts with http:// or https://")
	}
	return value, nil
}

func hash(kind, value string, size int) (string, error) {
	if b, err := hex.DecodeString(value); err != nil || len(b) != size {
		return value, invalid("value", quoted(value)+" is not a "+kind, fmt.Sprintf("give %d hexadecimal digits", 2*size))
	}
	return strings.ToLower(value), nil
}

// oneOf finds a word without regard to case and returns it as it is written in the list.
func oneOf(s string, list []string) (string, bool) {
	for _, w := range list {
		if strings.EqualFold(w, strings.TrimSpace(s)) {
			return w, true
		}
	}
	return s, false
}

func quoted(s string) string { return `"` + soc.Clean(clip(s, 80)) + `"` }
