package egotsr

import (
	"context"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/ask"
)

// How much a model may write, in tokens.
const (
	verdictLimit = 64  // an answer without a description
	detailsLimit = 512 // a description of both frames
)

// explain has the model describe the frames in each order, and leaves the descriptions for the verdict to follow.
func (m *Model) explain(ctx context.Context, qs []question, pairs []ask.Pair, o *JudgeOptions) error {
	for i := range pairs {
		p := &pairs[i]
		for _, order := range p.Asked() {
			first, second := p.Shown(order)
			var err error
			if p.Said[order], err = m.asker.Describe(ctx, p.Text, m.detailsLimit, first, second); err != nil {
				return err
			}
		}
		qs[i].report(p.Said, p.Asked(), o)
	}
	return nil
}

// generate lets the model answer freely, in each order, and counts what it says as votes: 1, 0 or, where the text says
// nothing, one half.
func (m *Model) generate(ctx context.Context, qs []question, pairs []ask.Pair, o *JudgeOptions) error {
	limit := verdictLimit
	if o.Explain || o.Prompt.Explains() {
		limit = m.detailsLimit
	}
	for i := range pairs {
		p := &pairs[i]
		var written [2]string
		var votes [2]float64
		for _, order := range p.Asked() {
			first, second := p.Shown(order)
			text, err := m.asker.Write(ctx, p.Text, limit, first, second)
			if err != nil {
				return err
			}
			written[order] = text
			switch closer := ask.Verdict(text); {
			case closer == "":
				votes[order] = 0.5
			case (closer == dataset.Img1) == (order == 0):
				votes[order] = 1
			}
		}
		qs[i].report(written, p.Asked(), o)
		qs[i].decide(votes, p.Asked(), o)
	}
	return nil
}

// report fills in what was written. Raw is of the caller's order. Detail is of the question's own order where that
// tells the frames apart, so that it, too, mirrors.
func (q *question) report(written [2]string, orders []int, o *JudgeOptions) {
	q.Raw = written[0]
	if q.flipped {
		q.Raw = written[1]
	}
	if !o.Explain {
		return
	}
	for _, order := range orders {
		d, ok := ask.Details(written[order])
		if !ok {
			continue
		}
		if q.flipped != (order == 1) {
			d[0], d[1] = d[1], d[0]
		}
		q.Detail = d
		return
	}
}
