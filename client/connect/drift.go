package connect

import (
	"slices"

	"cordon/store/soc"
)

// Troubles joins what the connections know to be wrong, or worth knowing, about their tenants. It answers from memory.
func (s *Service) Troubles() []soc.Trouble {
	out := slices.Concat(s.down(), s.twins())
	for _, l := range s.all() {
		if p, ok := l.link.Poller.(interface{ Troubles() []soc.Trouble }); ok {
			out = append(out, p.Troubles()...)
		}
	}
	return out
}
