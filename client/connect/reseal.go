package connect

import (
	"fmt"

	"cordon/store/soc"
)

// Reseal opens the credential of an integration and seals it anew for the same record; with a Sealer whose key is being changed that is how
// the credential gets the new key.
func Reseal(s Sealer, in soc.Integration) ([]byte, error) {
	plain, err := s.Open(binding(in), secretVersion, in.Sealed)
	if err != nil {
		return nil, fmt.Errorf("opening the credential of %s: %w", in.Name, err)
	}
	return s.Seal(binding(in), secretVersion, plain)
}
