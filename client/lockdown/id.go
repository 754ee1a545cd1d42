package lockdown

import (
	"crypto/rand"

	"cordon/store/soc"
)

// idLetters are base 32 without I, L, O and U, so that an id can be read aloud.
const idLetters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// newID makes an id of 40 random bits.
func newID() soc.LockdownID {
	var b [8]byte
	rand.Read(b[:]) // never fails
	for i := range b {
		b[i] = idLetters[b[i]%32]
	}
	return soc.LockdownID("LK-" + string(b[:]))
}
