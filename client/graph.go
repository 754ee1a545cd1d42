package client

import (
	"strings"

	"cordon/store/soc"
)

// graphHost is the address of Microsoft Graph in the integration's cloud. It is never contacted: its token is asked for to read which roles
// were consented, because a token of one API says nothing about another (T-07).
func graphHost(in soc.Integration) string {
	switch strings.ToLower(in.Cloud) {
	case "gcc-high":
		return "https://graph.microsoft.us"
	case "dod":
		return "https://dod-graph.microsoft.us"
	}
	return "https://graph.microsoft.com"
}

func graphScope(in soc.Integration) string { return graphHost(in) + "/.default" }
