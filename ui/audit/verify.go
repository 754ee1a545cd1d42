package audit

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/screen"
	"cordon/ui/words"
)

// progress is how far a verification has come. It is written where the verification runs and read by the screen.
type progress struct{ done, total atomic.Uint64 }

func (p *progress) set(done, total uint64) {
	p.done.Store(done)
	p.total.Store(total)
}

// String is "41 %", or the number of records while nobody knows how many there are; empty before the first.
func (p *progress) String() string {
	if p == nil {
		return ""
	}
	done, total := p.done.Load(), p.total.Load()
	switch {
	case done == 0:
		return ""
	case total == 0:
		return fmt.Sprintf(", %d records", done)
	}
	return fmt.Sprintf(", %d %% of %d", done*100/max(total, 1), total)
}

// proof says what a good verification rests on: a chain alone shows edits, seals show who could not have made them, checkpoints show a
// history that was taken back as a whole.
func proof(r soc.ChainReport) string {
	macs := "NO seal checked"
	switch {
	case r.Sealed > 0 && r.Sealed < r.Records:
		macs = fmt.Sprintf("%d of %d seals checked", r.Sealed, r.Records)
	case r.Sealed > 0:
		macs = "all seals checked"
	}
	return macs + ", " + words.Count(r.Checkpoints, "checkpoint")
}

// report is the whole result for a box.
func report(r soc.ChainReport) string {
	var b strings.Builder
	fmt.Fprintf(&b, "records      %d, up to #%d\nproof        %s\n", r.Records, r.LastSeq, proof(r))
	if !r.OK {
		fmt.Fprintf(&b, "problem      %s\n", r.Problem)
		if r.BadSeq > 0 {
			fmt.Fprintf(&b, "first bad    #%d%s\n", r.BadSeq, after(r))
		}
		if r.BadCheckpoint > 0 {
			fmt.Fprintf(&b, "checkpoint   #%d is forged or contradicts the history\n", r.BadCheckpoint)
		}
		b.WriteString("next         keep the database as it is and call whoever runs it\n")
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "not checked  %s\n", n)
	}
	return b.String()
}

func after(r soc.ChainReport) string {
	if r.After == 0 {
		return ""
	}
	return fmt.Sprintf(" at the latest; anything after #%d may be", r.After)
}

// showProof opens the result; of a broken history with the lines around the first bad one.
func (m *Model) showProof() tea.Cmd {
	r, reader := m.chain, m.d.Reader
	return func() tea.Msg {
		text := report(r)
		if !r.OK && r.BadSeq > 0 {
			ctx, cancel := context.WithTimeout(context.Background(), readLimit)
			defer cancel()
			entries, err := reader.AuditAfter(ctx, max(r.BadSeq, 3)-3, 5)
			if err != nil {
				text += "\nthe lines around it can not be read: " + err.Error()
			}
			for _, e := range entries {
				sign := "   "
				if e.Seq == r.BadSeq {
					sign = ">> "
				}
				text += "\n" + sign + plain(e)
			}
		}
		return screen.TextMsg{Title: "Proof of the history", Text: text}
	}
}
