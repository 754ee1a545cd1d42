package soc

import (
	"crypto/sha256"
	"encoding/binary"
)

// Number is the host as a number, for receivers that know hosts only by numbers: host_id of the API (V-37), externalId of syslog (V-39). It
// is taken from the machine and its tenant as this cordon knows it, so it is the same for ever here, also after a restart or a restore, and
// differs after a tenant was detached and attached again. It has 53 bits, which every JSON reader keeps; that two of ten thousand hosts have
// the same number is less likely than one in a hundred million. The number of nothing is 0.
func (k HostKey) Number() uint64 {
	if k.IsZero() {
		return 0
	}
	sum := sha256.Sum256([]byte(string(k.Integration) + "\x00" + k.MachineID))
	return binary.BigEndian.Uint64(sum[:8]) >> 11
}
