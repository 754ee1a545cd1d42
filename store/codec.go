package store

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"cordon/store/soc"
)

// Every stored value is an envelope: one byte of version, the CRC-32C of key and payload, and the payload. bbolt does not checksum its data
// pages (M9), so a flipped bit would otherwise come back as a fact. The key is part of the sum: a record under a wrong key is bad too.
const (
	envelopeV1   = 1
	envelopeHead = 5
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)

	// errBadRecord is wrapped by every error about a record that does not pass its checksum or can not be decoded.
	errBadRecord = errors.New("damaged record")
)

// seal wraps a payload for storage under key.
func seal(key, payload []byte) []byte {
	out := make([]byte, envelopeHead, envelopeHead+len(payload))
	out = append(out, payload...)
	return sealed(key, out)
}

// sealed fills the head of an envelope whose payload is already behind the first five bytes.
func sealed(key, out []byte) []byte {
	out[0] = envelopeV1
	binary.BigEndian.PutUint32(out[1:], checksum(key, out[envelopeHead:]))
	return out
}

// unseal checks an envelope and returns its payload, which is part of value and must not outlive the transaction.
func unseal(key, value []byte) ([]byte, error) {
	if len(value) < envelopeHead {
		return nil, fmt.Errorf("%w: too short", errBadRecord)
	}
	if value[0] != envelopeV1 {
		return nil, fmt.Errorf("%w: unknown form %d", errBadRecord, value[0])
	}
	if binary.BigEndian.Uint32(value[1:]) != checksum(key, value[envelopeHead:]) {
		return nil, fmt.Errorf("%w: checksum does not match", errBadRecord)
	}
	return value[envelopeHead:], nil
}

func checksum(key, payload []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, payload)
}

// encode makes the stored form of a record.
func encode(key []byte, v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding a record: %w", err)
	}
	return seal(key, b), nil
}

// decode reads a stored record into v.
func decode(key, value []byte, v any) error {
	b, err := unseal(key, value)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: %w", errBadRecord, err)
	}
	return nil
}

// badRecord tells a person about one record that can not be read.
func badRecord(what string, err error) error {
	return &soc.Error{
		Kind: soc.KindInternal, Code: "damaged-record", Err: err, What: fmt.Sprintf("the stored record of %s is damaged", what),
		Means: "other records are not affected", Next: "restore a backup, or look at it in the Defender portal",
	}
}

// ticks orders times as numbers: 100-nanosecond steps since year 1, which is what Defender's own times are made of. The zero time is 0.
func ticks(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	const toUnix = 62135596800
	return (t.Unix()+toUnix)*1e7 + int64(t.Nanosecond()/100)
}

// fromTicks is the time of ticks, in UTC.
func fromTicks(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	const toUnix = 62135596800
	return time.Unix(n/1e7-toUnix, n%1e7*100).UTC()
}

// seqKey is a number as a key that sorts.
func seqKey(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
