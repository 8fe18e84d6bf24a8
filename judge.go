package egotsr

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"math"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/ask"
	"github.com/egotsr/egotsr/model"
)

// Pair asks which of two frames of one task is closer to its completion.
type Pair struct {
	Task       string // the task's name as a person would say it: 1 to 2000 bytes of UTF-8
	Img1, Img2 image.Image
}

// Side is one frame of a Pair, or neither.
type Side uint8

const (
	Undecided Side = iota
	Img1
	Img2
)

// String gives "undecided", "img1" or "img2".
func (s Side) String() string {
	switch s {
	case Undecided:
		return "undecided"
	case Img1:
		return dataset.Img1
	case Img2:
		return dataset.Img2
	}
	return fmt.Sprintf("Side(%d)", uint8(s))
}

// MarshalText is String, so that a Judgement can be read as JSON too.
func (s Side) MarshalText() ([]byte, error) {
	if s > Img2 {
		return nil, fmt.Errorf("egotsr: no side has the number %d", uint8(s))
	}
	return []byte(s.String()), nil
}

// UnmarshalText takes what String gives, of the three sides.
func (s *Side) UnmarshalText(text []byte) error {
	for side := Undecided; side <= Img2; side++ {
		if side.String() == string(text) {
			*s = side
			return nil
		}
	}
	return fmt.Errorf("egotsr: %.40q is no side", text)
}

// Judgement is the answer to a Pair.
type Judgement struct {
	Closer       Side      // the frame closer to completion; Undecided at PImg1 = 0.5 or below JudgeOptions.AbstainBelow
	PImg1        float64   // probability that Img1 is closer: the mean of both orders, unless SingleOrder
	Confidence   float64   // max(PImg1, 1-PImg1), calibrated where the checkpoint carries a calibration.json
	Disagreement float64   // |P(Img1 closer | asked as given) - P(Img1 closer | asked swapped)|; 0 with SingleOrder
	Detail       [2]string // spatial details of Img1 and Img2, as far as the text tells them apart; only with Explain
	Raw          string    // the text generated for the order as given; only with Explain or Generate
}

// JudgeOptions says how to ask. Nil, or the zero value, is the fast and symmetric way.
type JudgeOptions struct {
	SingleOrder  bool           // ask once, in the order given (the reference's protocol): half the work, position bias stays
	Explain      bool           // generate spatial details first, at most 512 tokens an order, then score the answer after them
	Generate     bool           // free greedy generation, then parse the text (the reference's protocol); with both orders, two votes
	AbstainBelow float64        // confidence under which Closer is Undecided, 0 to 1; 0 = never
	Prompt       dataset.Prompt // dataset.Long (default; with Explain dataset.CoT), dataset.Tag, or a user's own
}

// Judge compares the logits of the two answers after the forced prefix "closer to completion: img": one forward pass,
// no sampling, no parsing. Both orders of the frames go through the graph together, and
//
//	PImg1 = (σ(z) + 1 - σ(z')) / 2
//
// where z is the log-odds of "1" over "2" for the frames as they are and z' for the frames swapped. Judge(a,b) and
// Judge(b,a) are exact mirror images, bit for bit, and two equal frames get exactly 0.5; Raw alone depends on the order.
//
// A pair that cannot be asked gives an *InputError, and a closed model ErrClosed.
func (m *Model) Judge(ctx context.Context, p Pair, opts *JudgeOptions) (Judgement, error) {
	o, err := settings(opts)
	if err != nil {
		return Judgement{}, err
	}
	if err := m.enter(); err != nil {
		return Judgement{}, err
	}
	defer m.calls.Done()
	r := m.judge(ctx, []Pair{p}, &o)[0]
	return r.Judgement, r.err
}

// question is a pair made ready. Its frames stand in an order of their own, given by their content, so that a pair and
// its mirror image are the same question; flipped tells that the caller's Img1 is second.
type question struct {
	text    string
	frames  [2]*frame
	flipped bool
	*result
}

type result struct {
	Judgement
	odds [2]float64 // log-odds that the frame shown first is closer: asked as the caller gave them, and swapped
	err  error
}

// judge answers pairs with one graph run where that is possible. Every error is put to the pair it belongs to.
func (m *Model) judge(ctx context.Context, pairs []Pair, o *JudgeOptions) []result {
	results := make([]result, len(pairs))
	var ready []question
	for i, p := range pairs {
		q, err := m.question(ctx, p, o)
		if err != nil {
			results[i].err = err
			continue
		}
		q.result = &results[i]
		ready = append(ready, q)
	}
	m.answer(ctx, ready, o)
	return results
}

func (m *Model) question(ctx context.Context, p Pair, o *JudgeOptions) (q question, err error) {
	if err := ctx.Err(); err != nil {
		return q, err
	}
	if err := checkText("task", p.Task, maxTask); err != nil {
		return q, err
	}
	if q.frames[0], err = m.prepare("img1", p.Img1); err != nil {
		return q, err
	}
	if q.frames[1], err = m.prepare("img2", p.Img2); err != nil {
		return q, err
	}
	q.text = o.Prompt.Text(p.Task)
	if bytes.Compare(q.frames[0].hash[:], q.frames[1].hash[:]) > 0 {
		q.flip()
	}
	return q, nil
}

// flip exchanges the frames of a question.
func (q *question) flip() {
	q.frames[0], q.frames[1] = q.frames[1], q.frames[0]
	q.flipped = !q.flipped
}

// answer fills in the results of questions. Where a shared run fails, each question is tried by itself, so that one
// frame too large for the device does not spoil its neighbours.
func (m *Model) answer(ctx context.Context, qs []question, o *JudgeOptions) {
	if len(qs) == 0 {
		return
	}
	err := m.tryAnswer(ctx, qs, o)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		for _, q := range qs {
			*q.result = result{err: ctx.Err()}
		}
	case len(qs) == 1:
		*qs[0].result = result{err: argument(err)}
	default:
		for i := range qs {
			m.answer(ctx, qs[i:i+1], o)
		}
	}
}

func (m *Model) tryAnswer(ctx context.Context, qs []question, o *JudgeOptions) error {
	frames := make([]*frame, 0, 2*len(qs))
	for _, q := range qs {
		frames = append(frames, q.frames[:]...)
	}
	features, err := m.features(ctx, frames)
	if err != nil {
		return err
	}
	pairs := make([]ask.Pair, len(qs))
	for i, q := range qs {
		pairs[i] = ask.Pair{Text: q.text, Frames: [2]*model.Features(features[2*i : 2*i+2]), Orders: q.orders(o)}
	}
	if o.Generate {
		return m.generate(ctx, qs, pairs, o)
	}
	if o.Explain {
		if err := m.explain(ctx, qs, pairs, o); err != nil {
			return err
		}
	}
	odds, err := m.asker.Odds(ctx, pairs)
	if err != nil {
		return err
	}
	for i := range qs {
		qs[i].weigh(odds[i], pairs[i].Asked(), m.calibration(), o)
	}
	return nil
}

// weigh makes the judgement of the log-odds that each order gave.
func (q *question) weigh(odds [2]float64, orders []int, temperature float64, o *JudgeOptions) {
	var p [2]float64 // that the question's first frame is closer, as each order says
	for _, order := range orders {
		q.odds[order] = odds[order]
		p[order] = sigmoid(odds[order] / temperature)
		if order == 1 {
			p[order] = 1 - p[order]
		}
	}
	if q.flipped {
		q.odds[0], q.odds[1] = q.odds[1], q.odds[0]
	}
	q.decide(p, orders, o)
}

// orders are the ways a question is asked: 0 shows its frames as they stand in it, 1 swapped; nil is both.
func (q *question) orders(o *JudgeOptions) []int {
	switch {
	case !o.SingleOrder:
		return nil
	case q.flipped:
		return []int{1}
	}
	return []int{0}
}

// decide turns the probabilities that the question's first frame is closer, by order asked, into the judgement.
func (q *question) decide(p [2]float64, orders []int, o *JudgeOptions) {
	first := (p[0] + p[1]) / 2
	switch {
	case o.SingleOrder:
		first = p[orders[0]]
	case q.frames[0].hash == q.frames[1].hash:
		first = 0.5
	}
	// A multiple of 2^-40 has an exact complement: the mirror image loses not one bit.
	first = math.Round(first*(1<<40)) / (1 << 40)
	j := &q.Judgement
	j.PImg1 = first
	if q.flipped {
		j.PImg1 = 1 - first
	}
	if !o.SingleOrder {
		j.Disagreement = math.Abs(p[0] - p[1])
	}
	j.Confidence = max(j.PImg1, 1-j.PImg1)
	switch {
	case j.PImg1 == 0.5 || j.Confidence < o.AbstainBelow:
		j.Closer = Undecided
	case j.PImg1 > 0.5:
		j.Closer = Img1
	default:
		j.Closer = Img2
	}
}

// sigmoid is 1/(1+e^-z), without overflow.
func sigmoid(z float64) float64 {
	if z < 0 {
		e := math.Exp(z)
		return e / (1 + e)
	}
	return 1 / (1 + math.Exp(-z))
}
