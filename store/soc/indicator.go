package soc

import "strings"

// IndicatorPage is the page of Microsoft's portal that lists the indicators of a type, for the cloud of the tenant (P-04). It is empty for a
// custom cloud, whose portal nobody knows.
func IndicatorPage(in Integration, typ string) string {
	host := ""
	switch strings.ToLower(in.Cloud) {
	case "", "commercial", "gcc":
		host = "security.microsoft.com"
	case "gcc-high":
		host = "security.microsoft.us"
	case "dod":
		host = "security.apps.mil"
	default:
		return ""
	}
	tab := "files"
	switch strings.ToLower(typ) {
	case "ipaddress":
		tab = "ips"
	case "domainname", "url":
		tab = "urls"
	case "certificatethumbprint":
		tab = "certificates"
	}
	page := "https://" + host + "/preferences2/custom_ti_indicators/" + tab
	if in.TenantID != "" {
		page += "?tid=" + in.TenantID
	}
	return page
}
