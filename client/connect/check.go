package connect

import "cordon/store/soc"

// Check judges an integration that comes from a reviewed text, and fills what it leaves to the cloud, as Save would before it connects.
func (s *Service) Check(in soc.Integration) (soc.Integration, error) { return s.prepare(in) }

// NewID makes an id that is never used again.
func NewID(name string) string { return string(newID(name)) }
