package store

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"cordon/store/soc"
)

// alertRec is the stored row of an alert: what lists show, and what cordon itself noticed about it. The rest is in the body.
type alertRec struct {
	soc.AlertRow
	FirstSeen  time.Time
	ReopenedAt time.Time
	hash       uint64 // of the raw bytes
	block      uint64 // where the body is
	slot       int
}

// recOf makes the row of an alert that was never seen before.
func recOf(a *soc.Alert, hash uint64) alertRec {
	return alertRec{hash: hash, AlertRow: soc.AlertRow{
		Key: a.Key(), Severity: a.Severity, Status: a.Status, Title: a.Title, HostName: a.HostName, MachineID: a.MachineID,
		Owner: a.AssignedTo, User: a.User(), Technique: strings.Join(a.Techniques, " "), Category: a.Category, Evidence: len(a.Evidence),
		Created: fromTicks(ticks(a.Created)), LastUpdate: fromTicks(ticks(a.LastUpdate)),
	}}
}

func (r *alertRec) flags() (f uint8) {
	if r.Reopened {
		f |= flagReopened
	}
	if r.Late {
		f |= flagLate
	}
	return f
}

// encode makes the stored form, with room for the envelope in front.
func (r *alertRec) encode() []byte {
	b := make([]byte, envelopeHead, 224)
	b = append(b, r.flags())
	b = binary.BigEndian.AppendUint64(b, r.hash)
	for _, t := range []time.Time{r.Created, r.LastUpdate, r.FirstSeen, r.ReopenedAt} {
		b = binary.AppendVarint(b, ticks(t))
	}
	for _, n := range []uint64{r.block, uint64(r.slot), uint64(r.Evidence)} {
		b = binary.AppendUvarint(b, n)
	}
	b = appendMachine(b, r.MachineID)
	for _, s := range []string{
		r.Key.ID, string(r.Severity), string(r.Status), r.Title, r.HostName, r.Owner, r.User, r.Technique, r.Category,
	} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return b
}

// appendMachine writes a machine id; Defender's are forty hex digits, which fit into twenty bytes. The length tells the two forms apart.
func appendMachine(b []byte, id string) []byte {
	if len(id) == 40 {
		if raw, err := hex.DecodeString(id); err == nil && hex.EncodeToString(raw) == id {
			return append(binary.AppendUvarint(b, 1), raw...)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(id))<<1)
	return append(b, id...)
}

// decodeRec reads a row. The integration comes from the bucket that it is in.
func decodeRec(key, value []byte, id soc.IntegrationID) (alertRec, error) {
	return decodeRow(key, value, id, nil)
}

// decodeRow reads a row. With a buffer to lend, its texts are parts of value and of the buffer: the loader copies what it keeps, and a
// million rows of ten strings each are a burden on the collector.
func decodeRow(key, value []byte, id soc.IntegrationID, lend *[40]byte) (alertRec, error) {
	p, err := unseal(key, value)
	if err != nil {
		return alertRec{}, err
	}
	d := reader{b: p, lend: lend}
	var r alertRec
	flags := d.byte()
	r.hash = d.uint64()
	for _, t := range []*time.Time{&r.Created, &r.LastUpdate, &r.FirstSeen, &r.ReopenedAt} {
		*t = fromTicks(d.varint())
	}
	r.block, r.slot, r.Evidence = d.uvarint(), int(d.uvarint()), int(d.uvarint())
	r.MachineID = d.machine()
	r.Key.Integration = id
	var sev, status string
	for _, s := range []*string{&r.Key.ID, &sev, &status, &r.Title, &r.HostName, &r.Owner, &r.User, &r.Technique, &r.Category} {
		*s = d.text(d.take(d.uvarint()))
	}
	r.Severity, r.Status = soc.Severity(sev), soc.AlertStatus(status)
	r.Reopened, r.Late = flags&flagReopened != 0, flags&flagLate != 0
	if d.bad || len(d.b) != 0 {
		return alertRec{}, fmt.Errorf("%w: row of an alert", errBadRecord)
	}
	return r, nil
}

// reader takes binary values from the front of b; once something is missing it is bad and gives zeros.
type reader struct {
	b    []byte
	bad  bool
	lend *[40]byte // set: texts need not be copied
}

func (d *reader) text(b []byte) string {
	if d.lend != nil {
		return text(b)
	}
	return string(b)
}

func (d *reader) take(n uint64) []byte {
	if d.bad || n > uint64(len(d.b)) {
		d.bad = true
		return nil
	}
	out := d.b[:n]
	d.b = d.b[n:]
	return out
}

func (d *reader) byte() byte {
	if p := d.take(1); p != nil {
		return p[0]
	}
	return 0
}

func (d *reader) uint64() uint64 {
	if p := d.take(8); p != nil {
		return binary.BigEndian.Uint64(p)
	}
	return 0
}

func (d *reader) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	return d.skip(v, n)
}

func (d *reader) varint() int64 {
	v, n := binary.Varint(d.b)
	return int64(d.skip(uint64(v), n))
}

func (d *reader) skip(v uint64, n int) uint64 {
	if d.bad || n <= 0 {
		d.bad = true
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *reader) machine() string {
	n := d.uvarint()
	if n != 1 {
		return d.text(d.take(n >> 1))
	}
	raw := d.take(20)
	if d.lend == nil || raw == nil {
		return hex.EncodeToString(raw)
	}
	hex.Encode(d.lend[:], raw)
	return text(d.lend[:])
}
