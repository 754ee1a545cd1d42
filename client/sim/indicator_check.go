package sim

import (
	"encoding/json"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// wrong is why the API refuses a field: an error code and a message.
type wrong struct{ code, message string }

func bad(message string) *wrong { return &wrong{"InvalidRequestBody", message} }

// readIndicator checks keys and values letter by letter, as the API does.
func readIndicator(fields map[string]json.RawMessage, now time.Time) (Indicator, *wrong) {
	var i Indicator
	targets := map[string]any{
		"indicatorValue": &i.Value, "indicatorType": &i.Type, "action": &i.Action, "title": &i.Title, "description": &i.Description,
		"severity": &i.Severity, "recommendedActions": &i.RecommendedActions, "application": &i.Application, "educateUrl": &i.EducateURL,
		"generateAlert": &i.GenerateAlert, "rbacGroupNames": &i.RbacGroupNames, "rbacGroupIds": &i.RbacGroupIDs, "expirationTime": &i.Expires,
	}
	for key, raw := range fields {
		target, ok := targets[key]
		if !ok {
			return i, bad("The field '" + clip(key, 100) + "' is not part of the request.")
		}
		if json.Unmarshal(raw, target) != nil {
			return i, bad("The value of '" + key + "' is not valid.")
		}
	}
	for _, need := range []struct{ key, value string }{
		{"indicatorValue", i.Value}, {"indicatorType", i.Type}, {"action", i.Action}, {"title", i.Title}, {"description", i.Description},
	} {
		if strings.TrimSpace(need.value) == "" {
			return i, &wrong{"MissingRequiredParameter", "The field '" + need.key + "' is required."}
		}
	}
	return i, i.judge(now)
}

// judge checks what depends on more than one field.
func (i *Indicator) judge(now time.Time) *wrong {
	actions, known := actionsOf(i.Type)
	switch {
	case !known:
		return bad("The value of indicatorType is not valid.")
	case !slices.Contains(actions, i.Action):
		return bad("The action '" + clip(i.Action, 50) + "' is not supported for indicatorType '" + i.Type + "'.")
	case i.Severity != "" && !slices.Contains([]string{"Informational", "Low", "Medium", "High"}, i.Severity):
		return bad("The value of severity is not valid.")
	case i.Action == "Audit" && !i.GenerateAlert:
		return bad("generateAlert must be true for the action Audit.")
	case !i.Expires.IsZero() && !i.Expires.After(now):
		return bad("expirationTime must be in the future.")
	case i.EducateURL != "" && (i.Type != "Url" || i.Action != "Block" && i.Action != "Warn"):
		return bad("educateUrl is only supported for indicatorType Url with the action Block or Warn.")
	}
	return checkValue(i.Type, i.Value)
}

// actionsOf lists the actions of a type; known is false for other types.
func actionsOf(kind string) (actions []string, known bool) {
	switch kind {
	case "FileSha1", "FileSha256", "FileMd5":
		return []string{"Allowed", "Audit", "Warn", "Block", "BlockAndRemediate"}, true
	case "IpAddress", "DomainName", "Url":
		return []string{"Allowed", "Audit", "Warn", "Block"}, true
	case "CertificateThumbprint":
		return []string{"Allowed", "BlockAndRemediate"}, true
	}
	return nil, false
}

func checkValue(kind, v string) *wrong {
	switch kind {
	case "FileMd5":
		return hexOf(v, 32)
	case "FileSha1", "CertificateThumbprint":
		return hexOf(v, 40)
	case "FileSha256":
		return hexOf(v, 64)
	case "IpAddress":
		if ip, err := netip.ParseAddr(v); err != nil || ip.Zone() != "" || ip.Is6() && len(strings.Split(v, ":")) != 8 || strings.Contains(v, "::") {
			return &wrong{"InvalidIpAddress", "The IP address is not valid: ranges are not supported, and IPv6 needs all eight groups."}
		}
	case "DomainName":
		if len(v) > 253 || !regexp.MustCompile(`^([a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?\.)+[a-zA-Z0-9-]{2,63}$`).MatchString(v) {
			return &wrong{"InvalidDomainName", "The domain name is not valid."}
		}
	case "Url":
		if u, err := url.Parse(v); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return &wrong{"InvalidUrl", "The URL is not valid."}
		}
	}
	return nil
}

func hexOf(v string, digits int) *wrong {
	if len(v) != digits || strings.Trim(strings.ToLower(v), hexDigits) != "" {
		return &wrong{"InvalidHashValue", "The hash value is not valid for its type."}
	}
	return nil
}
