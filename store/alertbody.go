package store

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"time"

	"github.com/klauspost/compress/zstd"

	"cordon/store/soc"
)

// The bodies of alerts are kept in blocks: one zstd frame with the bytes that Defender sent for up to blockSlots alerts, unchanged, and behind
// each the decoded alert in a binary form. Its strings repeat the bytes in front of it and alerts resemble each other, so a block takes half
// the room and half the time of single frames. A fixed dictionary (alertdict.go) helps the small blocks that a poll writes.

const (
	blockSlots = 20
	// blockFull ends a block of large alerts early, so that opening one never unpacks much more.
	blockFull = 256 << 10
	// blockMax bounds what a stored block may unpack to, against a damaged or hostile file.
	blockMax = 512 << 20
)

// body is one alert in a block.
type body struct {
	id, raw, alert []byte
}

// packer compresses and unpacks bodies. It is safe for concurrent use.
type packer struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

func newPacker() (*packer, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderDictRaw(dictID, []byte(alertDict)),
		zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, fmt.Errorf("preparing compression: %w", err)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderDictRaw(dictID, []byte(alertDict)), zstd.WithDecoderConcurrency(0),
		zstd.WithDecoderMaxMemory(blockMax))
	if err != nil {
		return nil, fmt.Errorf("preparing compression: %w", err)
	}
	return &packer{enc: enc, dec: dec}, nil
}

// pack makes the stored form of a block, with room for the envelope in front. buf is scratch memory.
func (p *packer) pack(bodies []body, buf []byte) (block, scratch []byte) {
	buf = binary.AppendUvarint(buf[:0], uint64(len(bodies)))
	for _, b := range bodies {
		for _, part := range [][]byte{b.raw, b.alert, b.id} {
			buf = binary.AppendUvarint(buf, uint64(len(part)))
		}
	}
	for _, b := range bodies {
		buf = append(append(append(buf, b.raw...), b.alert...), b.id...)
	}
	block = make([]byte, envelopeHead, envelopeHead+len(buf)/6)
	return p.enc.EncodeAll(buf, block), buf
}

// unpack returns the bodies of a block; they share one piece of memory.
func (p *packer) unpack(key, value []byte) ([]body, error) {
	payload, err := unseal(key, value)
	if err != nil {
		return nil, err
	}
	plain, err := p.dec.DecodeAll(payload, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: bodies of alerts: %w", errBadRecord, err)
	}
	r := reader{b: plain}
	n := r.uvarint()
	if n > uint64(len(plain)) {
		return nil, fmt.Errorf("%w: bodies of alerts", errBadRecord)
	}
	sizes := make([]uint64, 3*n)
	for i := range sizes {
		sizes[i] = r.uvarint()
	}
	out := make([]body, n)
	for i := range out {
		out[i] = body{raw: r.take(sizes[3*i]), alert: r.take(sizes[3*i+1]), id: r.take(sizes[3*i+2])}
	}
	if r.bad || len(r.b) != 0 {
		return nil, fmt.Errorf("%w: bodies of alerts", errBadRecord)
	}
	return out, nil
}

// decodeAlert reads the binary form.
func decodeAlert(b []byte) (soc.Alert, error) {
	var a soc.Alert
	c := coder{r: &reader{b: b}}
	c.alert(&a)
	if c.r.bad || len(c.r.b) != 0 {
		return soc.Alert{}, fmt.Errorf("%w: content of an alert", errBadRecord)
	}
	return a, nil
}

// coder walks the fields of an alert in a fixed order, either appending them to b or filling them from r: one list for both directions. New
// fields go to the end of a list under a higher form number.
type coder struct {
	b    []byte
	r    *reader
	form uint64
}

const alertForm = 1

func (c *coder) alert(a *soc.Alert) {
	c.form = alertForm
	c.num(&c.form)
	c.str((*string)(&a.Integration), &a.ID, &a.AssignedTo, (*string)(&a.Severity), (*string)(&a.Status), &a.Classification,
		&a.Determination, &a.InvestigationState, &a.DetectionSource, &a.DetectorID, &a.Category, &a.ThreatFamily, &a.ThreatName,
		&a.Title, &a.Description, &a.RecommendedAction, &a.MachineID, &a.HostName, &a.Group, &a.TenantID)
	c.int(&a.IncidentID, &a.InvestigationID)
	c.time(&a.Created, &a.FirstEvent, &a.LastEvent, &a.LastUpdate, &a.Resolved)
	for i := range list(c, &a.Techniques) {
		c.str(&a.Techniques[i])
	}
	if c.has(a.RelatedUser != nil) {
		if a.RelatedUser == nil {
			a.RelatedUser = &soc.UserRef{}
		}
		c.str(&a.RelatedUser.Name, &a.RelatedUser.Domain)
	}
	for i := range list(c, &a.LoggedOnUsers) {
		c.str(&a.LoggedOnUsers[i].Name, &a.LoggedOnUsers[i].Domain)
	}
	for i := range list(c, &a.Comments) {
		c.str(&a.Comments[i].Text, &a.Comments[i].By)
		c.time(&a.Comments[i].At)
	}
	for i := range list(c, &a.Evidence) {
		c.evidence(&a.Evidence[i])
	}
}

func (c *coder) evidence(e *soc.Evidence) {
	c.str(&e.EntityType, &e.SHA1, &e.SHA256, &e.FileName, &e.FilePath, &e.CommandLine, &e.ParentFileName, &e.ParentFilePath,
		&e.IPAddress, &e.URL, &e.RegistryKey, &e.RegistryHive, &e.RegistryValueType, &e.RegistryValueName, &e.RegistryValue,
		&e.AccountName, &e.DomainName, &e.UserSID, &e.AADUserID, &e.UserPrincipalName, &e.DetectionStatus)
	c.int(&e.ProcessID, &e.ParentProcessID)
	c.time(&e.Created, &e.ProcessCreated, &e.ParentCreated)
}

// str handles strings: first all lengths, which are small numbers that compress well together, then all contents.
func (c *coder) str(fields ...*string) {
	lens := make([]uint64, 0, 24)
	for _, f := range fields {
		n := uint64(len(*f))
		c.num(&n)
		lens = append(lens, n)
	}
	for i, f := range fields {
		if c.r != nil {
			*f = string(c.r.take(lens[i]))
		} else {
			c.b = append(c.b, *f...)
		}
	}
}

func (c *coder) num(n *uint64) {
	if c.r != nil {
		*n = c.r.uvarint()
		return
	}
	c.b = binary.AppendUvarint(c.b, *n)
}

func (c *coder) int(fields ...*int64) {
	for _, f := range fields {
		if c.r != nil {
			*f = c.r.varint()
		} else {
			c.b = binary.AppendVarint(c.b, *f)
		}
	}
}

// time keeps 100 nanoseconds, all that Defender's times have.
func (c *coder) time(fields ...*time.Time) {
	for _, f := range fields {
		n := ticks(*f)
		c.int(&n)
		if c.r != nil {
			*f = fromTicks(n)
		}
	}
}

func (c *coder) has(yes bool) bool {
	n := uint64(0)
	if yes {
		n = 1
	}
	c.num(&n)
	return n == 1
}

// list handles the length of a slice; nil and empty are the same.
func list[T any](c *coder, s *[]T) []T {
	n := uint64(len(*s))
	c.num(&n)
	if c.r == nil {
		return *s
	}
	if n > uint64(len(c.r.b)) { // every element takes a byte at least
		c.r.bad = true
		return nil
	}
	if n > 0 {
		*s = make([]T, n)
	}
	return *s
}
