package notify

import (
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// never are ranges that no notification goes to, whatever the configuration says: link-local addresses, where clouds keep their metadata
// services, and what is no host at all.
func never() []netip.Prefix {
	return prefixes(
		"0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/128", "fe80::/10", "ff00::/8", "fd00:ec2::254/128", "100.100.100.200/32", "168.63.129.16/32",
	)
}

// inside are the ranges of the own machine and the own network: only with allow-private.
func inside() []netip.Prefix {
	return prefixes(
		"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "192.0.0.0/24", "198.18.0.0/15", "::1/128", "fc00::/7",
		"fec0::/10",
	)
}

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, 0, len(list))
	for _, p := range list {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

// judge says why an address may not be contacted, "" if it may.
func judge(a netip.Addr, private bool) string {
	a = plain(a)
	for _, p := range never() {
		if p.Contains(a) {
			return "is never contacted (link-local, metadata or not a host)"
		}
	}
	if private {
		return ""
	}
	for _, p := range inside() {
		if p.Contains(a) {
			return isInside
		}
	}
	return ""
}

const isInside = "is inside"

// forbids is judge with what a person can do about it: a channel has a form, and a flag of the command line; a sink of the configuration file
// has a key.
func (s Spec) forbids(a netip.Addr) string {
	why := judge(a, s.AllowPrivate)
	switch {
	case why != isInside:
		return why
	case s.Key != "":
		return why + `; if that is meant, switch "Own network" on in the form (--allow-private)`
	}
	return why + "; set allow-private: true if that is meant"
}

// plain takes an IPv4 address out of the IPv6 forms that carry one: mapped, compatible, translated, NAT64 and 6to4.
func plain(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if !a.Is6() {
		return a
	}
	b := a.As16()
	for prefix, at := range map[string]int{"64:ff9b::/96": 12, "64:ff9b:1::/48": 12, "::ffff:0:0:0/96": 12, "2002::/16": 2} {
		if netip.MustParsePrefix(prefix).Contains(a) {
			return netip.AddrFrom4([4]byte(b[at : at+4]))
		}
	}
	if netip.MustParsePrefix("::/96").Contains(a) && a != netip.IPv6Unspecified() && a != netip.IPv6Loopback() {
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return a
}

// dialer connects only to addresses that forbids lets through. It looks at the address that the connection is about to use, after name
// resolution, so neither a name that changes its mind nor an odd spelling of an address gets past it (SC35).
func dialer(s Spec) *net.Dialer {
	return &net.Dialer{
		Timeout: 5 * time.Second,
		Control: func(network, address string, _ syscall.RawConn) error {
			if len(network) >= 4 && network[:4] == "unix" {
				return nil
			}
			ap, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("reading the address of a sink: %w", err)
			}
			if why := s.forbids(ap.Addr()); why != "" {
				return &forbiddenError{ap.Addr().String() + " " + why}
			}
			return nil
		},
	}
}

type forbiddenError struct{ what string }

func (e *forbiddenError) Error() string { return e.what }

// Forbidden says why a host may not be contacted, "" if it may or if that is known only once its name is resolved.
func Forbidden(host string, private bool) string {
	a, err := netip.ParseAddr(host)
	if err != nil {
		return ""
	}
	return judge(a, private)
}
