package ledger

import "crypto/sha256"

// Records are handed over when there are so many of them, or so many bytes.
const (
	chunkRecords = 64
	chunkBytes   = 256 << 10
)

// Stream feeds a Walk. Another goroutine hashes the records while the caller's follows the chain and the seal, which can not be divided: every
// key comes from the one before. The verdicts are those of Walk, in the same order, only up to two chunks late. Use it as
//
//	s := w.Stream(); for … { if !s.Record(raw) { break } }; s.Close(); report := w.End()
//
// The other goroutine sees copies only, so a fault in memory that belongs to a file stays in the goroutine that reads it. Memory is bounded:
// two chunks.
type Stream struct {
	w      *Walk
	fill   *chunk // being filled
	spare  *chunk // free; nil while it is being hashed
	flying uint64 // records that are being hashed
	jobs   chan *chunk
	done   chan *chunk
	closed bool
}

// chunk is a number of records.
type chunk struct {
	text []byte // one behind the other
	ends []int
	took []taken
}

// taken is a record taken apart and hashed. Its slices are parts of the chunk.
type taken struct {
	rec          record
	hash, digest [sha256.Size]byte
	err          error
}

// take does all work on a record that does not depend on those before it.
func take(raw []byte) (t taken) {
	if t.rec, t.err = split(raw); t.err == nil {
		t.hash, t.digest = t.rec.hashOf()
	}
	return t
}

// Stream begins a stream; Close must be called. Until then the walk itself must be left alone.
func (w *Walk) Stream() *Stream {
	s := &Stream{w: w, fill: new(chunk), spare: new(chunk), jobs: make(chan *chunk, 1), done: make(chan *chunk, 1)}
	go func() {
		defer close(s.done)
		for c := range s.jobs {
			from := 0
			for _, end := range c.ends {
				c.took = append(c.took, take(c.text[from:end]))
				from = end
			}
			s.done <- c
		}
	}()
	return s
}

// Next is the number of the record that is expected.
func (s *Stream) Next() uint64 { return s.w.Next() + s.flying + uint64(len(s.fill.ends)) }

// Record takes the next record. It returns false when one was found to be bad, this one or one before.
func (s *Stream) Record(raw []byte) bool {
	if !s.w.Good() || s.closed {
		return false
	}
	s.fill.text = append(s.fill.text, raw...)
	s.fill.ends = append(s.fill.ends, len(s.fill.text))
	if len(s.fill.ends) == chunkRecords || len(s.fill.text) >= chunkBytes {
		s.settle()
		s.handOver()
	}
	return s.w.Good()
}

// handOver has the filled chunk hashed, unless a bad record ended the walk.
func (s *Stream) handOver() {
	if s.w.Good() && len(s.fill.ends) > 0 {
		s.flying = uint64(len(s.fill.ends))
		s.jobs <- s.fill
		s.fill, s.spare = s.spare, nil
	}
}

// settle judges what is being hashed.
func (s *Stream) settle() {
	if s.spare != nil {
		return
	}
	c := <-s.done
	for i := range c.took {
		s.w.record(&c.took[i])
	}
	c.text, c.ends, c.took = c.text[:0], c.ends[:0], c.took[:0]
	s.spare, s.flying = c, 0
}

// Bad says that the record that is expected next is bad or missing. A bad one before it goes first.
func (s *Stream) Bad(problem string) {
	s.Close()
	s.w.Bad(problem)
}

// Close judges what is left. Nothing may follow.
func (s *Stream) Close() {
	if s.closed {
		return
	}
	s.closed = true
	s.settle()
	s.handOver()
	s.settle()
	close(s.jobs)
}
