package report

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cordon/store/soc"
)

// States of a line of the checklist. What no answer of Defender proves is said to be unproved, never ticked.
const (
	ready   = "ok"
	missing = "missing"
	unknown = "cannot verify"
)

// Readiness is the checklist of what blocking by indicators needs (P-05). It asks nobody: it looks at the permissions of the last token and
// at the hosts that cordon knows.
func (s *Service) Readiness(ctx context.Context, id soc.IntegrationID) ([]soc.Readiness, error) {
	if _, err := s.o.Store.Integration(ctx, id); err != nil {
		return nil, fmt.Errorf("reading the tenant: %w", err)
	}
	all, err := s.o.Store.FindHosts(ctx, "", 1<<30)
	if err != nil {
		return nil, fmt.Errorf("reading the hosts: %w", err)
	}
	hosts := slices.DeleteFunc(all, func(h soc.Host) bool { return h.Key.Integration != id || h.Gone || !h.Onboarded() })
	return []soc.Readiness{
		s.permission(ctx, id),
		{Item: "Behaviour monitoring is on", State: unknown, Detail: "the API does not tell; look at the antivirus policy"},
		{Item: "Cloud protection is on and reachable", State: unknown, Detail: "the API does not tell; run the connectivity check on a device"},
		{
			Item: "Advanced feature \"Allow or block file\" is on", State: unknown,
			Detail: "the API does not tell; look in the portal: Settings, Endpoints, Advanced features",
		},
		antivirus(hosts),
		{
			Item: "Antimalware client 4.18.1901 or newer", State: unknown,
			Detail: "the API tells the version of the sensor, not of the antimalware client",
		},
		windows(hosts),
		{Item: "File hash computation is on", State: unknown, Detail: "the API does not tell; look at the antivirus policy"},
		{
			Item: "The hashes are of programs (.exe, .dll)", State: unknown,
			Detail: "other files are not blocked by their hash; a hash does not tell what it is of",
		},
		others(hosts),
	}, nil
}

// permission judges the one thing that a token proves.
func (s *Service) permission(ctx context.Context, id soc.IntegrationID) soc.Readiness {
	r := soc.Readiness{Item: "Permission Ti.ReadWrite.All", State: unknown, Detail: "no token was seen yet"}
	if s.o.Roles == nil {
		return r
	}
	roles, known := s.o.Roles(ctx, id)
	switch {
	case !known:
	case slices.Contains(roles, "Ti.ReadWrite.All"):
		r.State, r.Detail = ready, "in the token"
	case slices.Contains(roles, "Ti.ReadWrite"):
		r.State, r.Detail = ready, "the token carries Ti.ReadWrite: indicators of others stay unseen"
	default:
		r.State, r.Detail = missing, "not in the token: add it to the app registration and grant admin consent"
	}
	return r
}

// antivirus tells what is certain: hosts whose antivirus is off. That it is active, not passive, nobody tells.
func antivirus(hosts []soc.Host) soc.Readiness {
	r := soc.Readiness{Item: "Defender Antivirus is in active mode", State: unknown, Detail: "the API does not tell active from passive mode"}
	off := 0
	for _, h := range hosts {
		if strings.EqualFold(h.AVStatus, "Disabled") || strings.EqualFold(h.AVStatus, "NotSupported") {
			off++
		}
	}
	if off > 0 {
		r.State, r.Detail = missing, fmt.Sprintf("off or not supported on %d of %d hosts; active or passive on the others is not told", off, len(hosts))
	}
	return r
}

// windows judges the versions in the inventory.
func windows(hosts []soc.Host) soc.Readiness {
	r := soc.Readiness{Item: "Windows 10 1703, Windows 11, Server 2012 R2 or newer", State: unknown, Detail: "no Windows host is known yet"}
	fit, old, unclear := 0, 0, 0
	var names []string
	for _, h := range hosts {
		if !strings.HasPrefix(strings.ToLower(h.OSPlatform), "windows") {
			continue
		}
		switch newEnough(h) {
		case ready:
			fit++
		case missing:
			old++
			if len(names) < 3 {
				names = append(names, h.Name)
			}
		default:
			unclear++
		}
	}
	switch {
	case old > 0:
		r.State, r.Detail = missing, fmt.Sprintf("too old: %d of %d hosts, such as %s", old, fit+old+unclear, strings.Join(names, ", "))
	case unclear > 0:
		r.Detail = fmt.Sprintf("%d hosts are new enough, of %d the version is not known", fit, unclear)
	case fit > 0:
		r.State, r.Detail = ready, fmt.Sprintf("all %d Windows hosts", fit)
	}
	return r
}

// build1703 is the build of Windows 10 version 1703.
const build1703 = 15063

func newEnough(h soc.Host) string {
	p := strings.ToLower(h.OSPlatform)
	switch {
	case p == "windows11":
		return ready
	case strings.HasPrefix(p, "windowsserver"):
		year, err := strconv.Atoi(strings.TrimPrefix(p, "windowsserver")[:min(4, len(p)-len("windowsserver"))])
		switch {
		case err != nil:
			return unknown
		case year > 2012 || strings.HasSuffix(p, "2012r2"):
			return ready
		}
		return missing
	case p == "windows10":
		switch {
		case h.OSBuild >= build1703:
			return ready
		case h.OSBuild > 0:
			return missing
		}
		return unknown
	case p == "windows7", p == "windows8", p == "windows81", p == "windows8.1", p == "windowsvista", p == "windowsxp":
		return missing
	}
	return unknown
}

// others counts the hosts that need switches of their own.
func others(hosts []soc.Host) soc.Readiness {
	r := soc.Readiness{Item: "macOS and Linux have their own switches", State: ready, Detail: "no such host is known"}
	n := 0
	for _, h := range hosts {
		if p := strings.ToLower(h.OSPlatform); p != "" && !strings.HasPrefix(p, "windows") && p != "android" && p != "ios" {
			n++
		}
	}
	if n > 0 {
		r.State, r.Detail = unknown, fmt.Sprintf("%d hosts; network protection and file blocking are set on them, and the API does not tell", n)
	}
	return r
}
