package train

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/foreign"
	"github.com/egotsr/egotsr/model"
)

// feed prepares the steps of one stage, ahead of the device and in order.
type feed struct {
	model   *model.Model
	encoder *Encoder
	stage   *stage
	order   dataset.Order
}

// prepared is one step's batches, laid out for the graph.
type prepared struct {
	batches []*model.Batch
	samples []int // indices in the source of what is learnt from
	bad     []bad // what cannot be, in order
	refused int   // how many samples have no answer
	tokens  int   // supervised
	err     error // of the layout: no sample's own
}

type bad struct {
	index int
	err   error
}

func newFeed(m *model.Model, e *Encoder, s *stage, seed uint64) *feed {
	return &feed{m, e, s, dataset.Order{Seed: seed, Len: s.src.n, Block: s.src.block}}
}

// from yields the steps from n (counted from 0) on, and how long each was waited for. Two are prepared ahead.
func (f *feed) from(ctx context.Context, n int) func(yield func(prepared, time.Duration) bool) {
	return func(yield func(prepared, time.Duration) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		ahead := make(chan prepared, 2)
		go func() {
			defer close(ahead)
			for ; n < f.stage.recipe.MaxSteps; n++ {
				p, err := foreign.Get("preparing a step", func() prepared { return f.step(n) })
				if err != nil {
					p.err = err
				}
				select {
				case ahead <- p:
				case <-ctx.Done():
					return
				}
			}
		}()
		for {
			start := time.Now()
			select {
			case p, ok := <-ahead:
				if !ok || !yield(p, time.Since(start)) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

// step prepares step n: its samples are those at n*Batch*Accumulate and after in the order of the run, whatever else has
// happened. Sequences of like length share a batch.
func (f *feed) step(n int) (p prepared) {
	r := f.stage.recipe
	size := r.Batch * r.Accumulate
	var samples []asked
	for k := range size {
		i := f.order.At(uint64(n)*uint64(size) + uint64(k))
		asked, refused, err := f.ask(i)
		if err != nil {
			p.bad = append(p.bad, bad{i, err})
		}
		samples = append(samples, asked...)
		p.refused += refused
	}
	examples, errs := f.encoder.encode(f.stage.src, samples)
	good := examples[:0]
	total := 0.0 // of the tokens' weights
	for i, s := range samples {
		if errs[i] != nil {
			p.bad = append(p.bad, bad{s.index, errs[i]})
			continue
		}
		n, weight := len(examples[i].IDs)-examples[i].Target, cmp.Or(s.turn.Weight, 1)
		examples[i].Weight = float32(weight)
		good = append(good, examples[i])
		p.samples = append(p.samples, s.index)
		p.tokens += n
		total += weight * float64(n)
	}
	for i := range good {
		good[i].Weight /= float32(total) // the mean over the whole step, however it is split
	}
	slices.SortStableFunc(good, func(a, b model.Example) int {
		return cmp.Compare(model.TrainedLength(len(a.IDs)), model.TrainedLength(len(b.IDs)))
	})
	rows := r.Batch
	if r.Both {
		rows *= 2
	}
	for batch := range slices.Chunk(good, rows) {
		laid, err := f.model.NewBatch(batch, rows)
		if err != nil {
			p.err = err
			return p
		}
		p.batches = append(p.batches, laid)
	}
	return p
}

// ask makes turns of a sample: one, or with Recipe.Both one for each order of its frames. Those without an answer are refused.
func (f *feed) ask(i int) (turns []asked, refused int, err error) {
	s, err := f.stage.src.At(i)
	if err != nil {
		return nil, 0, err
	}
	ways := []dataset.Sample{s}
	if f.stage.recipe.Both && s.Kind != dataset.KindPlan {
		ways = append(ways, s.Swap())
	}
	for _, s := range ways {
		t, err := f.stage.turn(i, s)
		switch {
		case err != nil:
			return nil, 0, err
		case t.Answer == "":
			refused++
		default:
			turns = append(turns, asked{i, s, t})
		}
	}
	return turns, refused, nil
}
