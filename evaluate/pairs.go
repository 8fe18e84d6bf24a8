package evaluate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"iter"
	"math"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
)

// Judger answers pairs. A *egotsr.Model is one; so is anything that is to be measured beside it. Where a Judger has the Model's
// JudgeAll too, Pairs uses that. Of its answers PImg1 is what counts; a Closer that contradicts it is an error.
type Judger interface {
	Judge(ctx context.Context, p egotsr.Pair, opts *egotsr.JudgeOptions) (egotsr.Judgement, error)
}

// Item is one pair that was measured on, asked in both orders.
type Item struct {
	Index   int            `json:"index"` // in the source
	Sample  dataset.Sample `json:"-"`
	Task    string         `json:"task"`
	Img1    string         `json:"img1"`
	Img2    string         `json:"img2"`
	Closer  string         `json:"closer"`
	Kind    dataset.Kind   `json:"kind,omitempty"`
	Level   dataset.Level  `json:"level,omitempty"`
	Window  int            `json:"window"`
	Asked   float64        `json:"p_asked"`   // that Img1 is closer, asked in the sample's order
	Swapped float64        `json:"p_swapped"` // that Img1 is closer, asked with the frames swapped

	// Distance of Img1 and Img2 from the last frame of their episode: the mean absolute difference of 32x32 grey versions,
	// 0 to 255. Both are 0 where the last frame is unknown.
	Distance [2]float64 `json:"distance"`
}

// MarshalJSON adds where the frames come from, which is what is needed to work the figures out again. An order without an
// answer is null.
func (i Item) MarshalJSON() ([]byte, error) {
	type plain Item
	s := &i.Sample
	return json.Marshal(struct {
		plain
		Asked   *float64 `json:"p_asked"`
		Swapped *float64 `json:"p_swapped"`
		Scene   string   `json:"scene"`
		Episode string   `json:"episode"`
		Frame1  int      `json:"frame1"`
		Frame2  int      `json:"frame2"`
	}{plain(i), orNull(i.Asked), orNull(i.Swapped), s.Scene, s.Episode, s.Frame1, s.Frame2})
}

// orNull is a number as JSON can have it.
func orNull(x float64) *float64 {
	if math.IsNaN(x) {
		return nil
	}
	return &x
}

// P is the probability that Img1 is closer: the mean of both orders, or the one that was answered where the other is NaN.
func (i *Item) P() float64 {
	switch {
	case math.IsNaN(i.Asked):
		return i.Swapped
	case math.IsNaN(i.Swapped):
		return i.Asked
	}
	return (i.Asked + i.Swapped) / 2
}

// right tells whether a probability that Img1 is closer names the right frame. An even one names neither.
func (i *Item) right(p float64) bool {
	return p != 0.5 && (p > 0.5) == (i.Closer == dataset.Img1)
}

// forward and inverse are the probabilities with the earlier frame shown first, and with the later one.
func (i *Item) forward() float64 {
	if i.Sample.Frame1 > i.Sample.Frame2 {
		return i.Swapped
	}
	return i.Asked
}

func (i *Item) inverse() float64 {
	if i.Sample.Frame1 > i.Sample.Frame2 {
		return i.Asked
	}
	return i.Swapped
}

// Pairs asks j about every labelled sample of src, once as it is and once with its frames swapped, and reports how it
// did beside judges that do not look: the one that always says the later frame, the one that always says img1, a coin,
// and with Options.Last the one that compares pixels. Samples should stand once in src, in one order; asking both ways is done here.
//
// Samples that have no answer are left out, and so are those whose images cannot be read, which the report lists. An
// error of the judge's ends the measurement.
func Pairs(ctx context.Context, j Judger, src dataset.Source, opts *Options) (*Report, error) {
	if err := there("judge", j); err != nil {
		return nil, err
	}
	o, err := opts.complete("judge", 0)
	if err != nil {
		return nil, err
	}
	items, bad, err := ask(ctx, j, src, &o)
	if err != nil {
		return nil, failed("pairs", err)
	}
	if len(items) == 0 {
		return nil, unusable("source", "has no labelled sample that can be read", bad)
	}
	if o.Dump != nil {
		encoder := json.NewEncoder(o.Dump)
		for i := range items {
			if err := encoder.Encode(&items[i]); err != nil {
				return nil, fmt.Errorf("evaluate: pairs: dump: %w", err)
			}
		}
	}
	r := NewReport(items, &o)
	r.Bad = bad
	return r, nil
}

// errLeft tells that whoever was to judge has stopped asking.
var errLeft = errors.New("stopped")

// ask has every pair judged in both orders. Pairs are made as they are asked for, so few images are held at a time.
func ask(ctx context.Context, j Judger, src dataset.Source, o *Options) (items []Item, bads []BadSample, err error) {
	var failed error
	ends := lastFrames{src: src, path: o.Last, seen: map[string]*thumb{}}
	pairs := func(yield func(egotsr.Pair) bool) {
		failed = eachPair(src, func(i int, s dataset.Sample, p egotsr.Pair, bad error) error {
			var distance [2]float64
			if bad == nil {
				distance, bad = ends.distances(&s, p)
			}
			if bad != nil {
				bads = append(bads, BadSample{i, bad.Error()})
				return nil
			}
			items = append(items, Item{
				Index: i, Sample: s, Task: s.Task, Img1: s.Img1, Img2: s.Img2, Closer: s.Closer, Kind: s.Kind, Level: s.Level, Window: s.Window, Distance: distance,
			})
			if !yield(p) || !yield(egotsr.Pair{Task: p.Task, Img1: p.Img2, Img2: p.Img1}) {
				return errLeft
			}
			return nil
		})
	}
	n := 0
	for answer, err := range judgeAll(ctx, j, pairs, &egotsr.JudgeOptions{SingleOrder: true, Explain: o.Explain, Prompt: o.Prompt}) {
		switch {
		case err != nil && n/2 < len(items):
			return nil, nil, fmt.Errorf("sample %d: %w", items[n/2].Index, err)
		case err != nil:
			return nil, nil, err // before any pair was asked for
		}
		if n%2 == 0 {
			items[n/2].Asked = answer.PImg1
		} else {
			items[n/2].Swapped = 1 - answer.PImg1
		}
		n++
	}
	return items, bads, failed
}

// eachPair reads the labelled samples of a source and their images. A sample that cannot be read comes with its error.
func eachPair(src dataset.Source, do func(i int, s dataset.Sample, p egotsr.Pair, bad error) error) error {
	n, err := length(src)
	if err != nil {
		return err
	}
	for i := range n {
		s, err := sample(src, i)
		if err == nil && s.Closer == "" {
			continue
		}
		p := egotsr.Pair{Task: s.Task}
		for _, image := range []struct {
			path string
			to   *image.Image
		}{{s.Img1, &p.Img1}, {s.Img2, &p.Img2}} {
			if err == nil {
				*image.to, err = frame(src.Image, image.path)
			}
		}
		if err := do(i, s, p, err); err != nil {
			return err
		}
	}
	return nil
}

// judgeAll is a Judger's own JudgeAll, or one pair after the other. What is no probability is an error.
func judgeAll(ctx context.Context, j Judger, pairs iter.Seq[egotsr.Pair], o *egotsr.JudgeOptions) iter.Seq2[egotsr.Judgement, error] {
	answers := func(yield func(egotsr.Judgement, error) bool) {
		for p := range pairs {
			if !yield(j.Judge(ctx, p, o)) {
				return
			}
		}
	}
	if all, ok := j.(interface {
		JudgeAll(context.Context, iter.Seq[egotsr.Pair], *egotsr.JudgeOptions) iter.Seq2[egotsr.Judgement, error]
	}); ok {
		answers = all.JudgeAll(ctx, pairs, o)
	}
	return func(yield func(egotsr.Judgement, error) bool) {
		for answer, err := range answers {
			if err == nil && !(answer.PImg1 >= 0 && answer.PImg1 <= 1) {
				err = fmt.Errorf("probability %v", answer.PImg1)
			}
			if err == nil && (answer.Closer == egotsr.Img1 && answer.PImg1 < 0.5 || answer.Closer == egotsr.Img2 && answer.PImg1 > 0.5) {
				err = fmt.Errorf("%s is said to be closer, with a PImg1 of %v", answer.Closer, answer.PImg1)
			}
			if !yield(answer, err) {
				return
			}
		}
	}
}
