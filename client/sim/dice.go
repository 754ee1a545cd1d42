package sim

import "math/bits"

// The salts keep the random streams of different things apart, so that adding
// a field to one kind of record does not change all others.
const (
	saltTenant = iota + 1
	saltHost
	saltHostName
	saltAlert
	saltAlertTime
	saltEvidence
	saltUser
	saltAction
	saltEvent
	saltIndicator
	saltReport
	saltIdentity
)

// dice is a small deterministic random stream (splitmix64): cheap enough to be
// made anew for each of a million records.
type dice struct{ state uint64 }

func newDice(seed uint64, salt int, i int64) dice {
	d := dice{seed*0x9E3779B97F4A7C15 + uint64(salt)*0xD1B54A32D192ED03 + uint64(i)*0x8CB92BA72F3D8DD7}
	d.next()
	return d
}

func (d *dice) next() uint64 {
	d.state += 0x9E3779B97F4A7C15
	z := d.state
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9
	z = (z ^ (z >> 27)) * 0x94D049BB133111EB
	return z ^ (z >> 31)
}

// n returns a number in [0, limit).
func (d *dice) n(limit int) int {
	hi, _ := bits.Mul64(d.next(), uint64(limit))
	return int(hi)
}

// chance is true in about permille of a thousand cases.
func (d *dice) chance(permille int) bool { return d.n(1000) < permille }

func (d *dice) pick(list []string) string { return list[d.n(len(list))] }

const hexDigits = "0123456789abcdef"

// hex returns up to 64 lower-case hexadecimal digits.
func (d *dice) hex(digits int) string {
	var buf [64]byte
	for i := 0; i < digits; i += 16 {
		v := d.next()
		for j := i; j < i+16; j++ {
			buf[j] = hexDigits[v&15]
			v >>= 4
		}
	}
	return string(buf[:digits])
}

// guid returns a version 4 GUID in its usual text form.
func (d *dice) guid() string {
	h := []byte(d.hex(32))
	h[12] = '4'
	h[16] = hexDigits[8|d.next()&3]
	return string(h[:8]) + "-" + string(h[8:12]) + "-" + string(h[12:16]) + "-" + string(h[16:20]) + "-" + string(h[20:])
}

// Handles (positions in the world) become scattered 32-bit numbers inside ids
// and back again; that spares a lookup table of a million strings.
const (
	scatterMul = 0x9E3779B1
	scatterInv = 0x0E8B2F51 // scatterMul * scatterInv = 1 mod 2^32, checked by a test
)

func scatter(h int32, seed uint64) uint32 { return uint32(h)*scatterMul ^ uint32(seed*0x2545F491) }

func gather(v uint32, seed uint64) int32 {
	return int32((v ^ uint32(seed*0x2545F491)) * scatterInv)
}
