package egotsr

import (
	"context"
	"errors"
	"iter"
)

// JudgeAll judges a stream of pairs: it reads Options.MaxBatch of them, answers them in one graph run, yields the
// answers in their order, and goes on. So it holds MaxBatch pairs at most, and breaking out of the loop ends the work.
//
// A pair's error comes in its place and the others go on. A pair's result does not depend on the batch size or on its
// neighbours, up to the rounding of float32 sums. When ctx ends, or the model is closed, that error is yielded once and
// is the last. With Explain or Generate the pairs are read in the same way but answered one after another.
func (m *Model) JudgeAll(ctx context.Context, pairs iter.Seq[Pair], opts *JudgeOptions) iter.Seq2[Judgement, error] {
	return func(yield func(Judgement, error) bool) {
		o, err := settings(opts)
		if err == nil && pairs == nil {
			err = &InputError{What: "pairs", Reason: "is nil"}
		}
		if err == nil {
			err = m.alive(ctx)
		}
		if err != nil {
			yield(Judgement{}, err)
			return
		}
		group := make([]Pair, 0, m.maxBatch)
		more := true
		flush := func() {
			for _, r := range m.judgeGroup(ctx, group, &o) {
				last := r.err != nil && (ctx.Err() != nil || errors.Is(r.err, ErrClosed))
				if more = yield(r.Judgement, failed("", r.err)) && !last; !more {
					return
				}
			}
			clear(group) // the images may go while the next ones come
			group = group[:0]
		}
		for p := range pairs {
			if group = append(group, p); len(group) == m.maxBatch {
				flush()
			}
			if more && ctx.Err() != nil {
				yield(Judgement{}, ctx.Err())
				return
			}
			if !more {
				return
			}
		}
		flush()
	}
}

// judgeGroup is one call as Close sees it: between groups the model may be closed, even by the loop's body.
func (m *Model) judgeGroup(ctx context.Context, group []Pair, o *JudgeOptions) []result {
	if len(group) == 0 {
		return nil
	}
	if err := m.enter(); err != nil {
		return []result{{err: err}}
	}
	defer m.calls.Done()
	return m.judge(ctx, group, o)
}

// alive tells whether there is any point in starting.
func (m *Model) alive(ctx context.Context) error {
	if err := m.enter(); err != nil {
		return err
	}
	m.calls.Done()
	return ctx.Err()
}
