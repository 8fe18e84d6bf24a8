package dataset

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// draw makes the samples of a group from its own generator, so that no group depends on another.
func (p *Pairs) draw(number int) []Sample {
	rng := rand.New(rand.NewPCG(p.opts.Seed, uint64(number)))
	task := p.tasks[rng.IntN(len(p.tasks))]
	e := task[rng.IntN(len(task))]

	samples := make([]Sample, 0, p.size)
	for k, pair := range p.choose(rng, e) {
		s := p.spoil(rng, e, e.pair(pair.i, pair.j, pair.closer))
		// Pairs come in random order, so taking turns favours neither side and tells a judge nothing.
		if turn := [2]string{Img1, Img2}[(number*p.opts.PairsPerGroup+k)%2]; s.Closer != turn && (s.Closer != "" || rng.IntN(2) == 1) {
			s = s.Swap()
		}
		samples = append(samples, s)
		if p.opts.Both {
			samples = append(samples, s.Swap())
		}
	}
	return samples
}

// spoil turns a share of the samples into questions without an answer.
func (p *Pairs) spoil(rng *rand.Rand, e *Episode, s Sample) Sample {
	switch x := rng.Float64(); {
	case x < p.opts.NoChangeShare:
		i := slices.Index(e.Frames, s.Img1)
		return e.pair(i, e.unchanged(rng, i), 0)
	case x < p.opts.NoChangeShare+p.opts.WrongTaskShare:
		// A few draws find an unrelated task, if there is one.
		for range 8 {
			if other := p.tasks[rng.IntN(len(p.tasks))][0].Task; unrelated(other, s.Task) {
				s.Task, s.Closer, s.Kind, s.Plan, s.Done = other, "", KindWrongTask, nil, [2]int{}
				break
			}
		}
	}
	return s
}

// unchanged is a frame from i on that shows the same state as frame i: the robot pauses until then, or it is i itself.
func (e *Episode) unchanged(rng *rand.Rand, i int) int {
	last := i
	for e.Cost != nil && last+1 < len(e.Cost) && e.Cost[last+1] == e.Cost[i] {
		last++
	}
	return i + rng.IntN(last-i+1)
}

// unrelated reports that two tasks differ and have no word of four letters or more in common. Closing a drawer is a wrong name for
// opening one, but it has an answer.
func unrelated(a, b string) bool {
	words := strings.Fields(strings.ToLower(b))
	return a != b && !slices.ContainsFunc(strings.Fields(strings.ToLower(a)), func(w string) bool {
		return len(w) >= 4 && slices.Contains(words, w)
	})
}

// choose draws PairsPerGroup pairs among FramesPerGroup frames of an episode, distinct as far as there are enough.
func (p *Pairs) choose(rng *rand.Rand, e *Episode) []framePair {
	want, part := p.opts.PairsPerGroup, p.opts.RegressionShare
	stretches := p.opts.stretches(e)
	s := stretches[rng.IntN(len(stretches))]
	var keep []int
	quota := -1 // regressions as they fall
	if step, ok := setback(rng, e, s); ok && part > 0 && p.opts.fits(e, step) {
		// Rounded up or down by chance, so that the share is right on average even for one pair a group.
		quota = int(part*float64(want) + rng.Float64())
		if quota > 0 {
			// A short setback would often fall between the frames drawn, so one of its pairs is drawn first.
			keep = []int{step.i, step.j}
		}
	}
	pairs := p.among(rng, e, s, keep)
	shuffle(rng, pairs, len(pairs))
	pairs = p.opts.spread(e, pairs)
	if quota >= 0 {
		worse, rest := split(pairs, func(q framePair) bool { return q.closer < 0 })
		quota = min(quota, len(worse))
		// Whatever one side lacks, the other makes up.
		pairs = slices.Concat(worse[:quota], rest, worse[quota:])
	}
	pairs = repeat(pairs, want)
	shuffle(rng, pairs, want)
	return pairs
}

// among draws frames of a stretch, those in keep for certain, until a pair among them can be labelled, and lists those
// pairs. An episode that stands still for most of its time may fail every draw; its widest pair always serves.
func (p *Pairs) among(rng *rand.Rand, e *Episode, s stretch, keep []int) []framePair {
	const draws = 8
	for range draws {
		frames := stratified(rng, s, p.opts.FramesPerGroup, keep)
		pairs, _ := split(labelable(e, frames), func(q framePair) bool { return p.opts.fits(e, q) })
		if len(pairs) > 0 {
			return pairs
		}
	}
	pair, _ := widest(e, s) // stretches made sure of it
	return []framePair{pair}
}

// fits reports whether a pair is of the level asked for.
func (o PairOptions) fits(e *Episode, q framePair) bool {
	return o.Level == "" || e.oneAction(q.i, q.j) == (o.Level == LevelShort)
}

// stretches are the parts of an episode that a group's frames may be drawn from, each with a pair that fits: its
// uninterrupted actions for short pairs, else the whole of it.
func (o PairOptions) stretches(e *Episode) []stretch {
	all := []stretch{{0, len(e.Frames)}}
	if o.Level == LevelShort {
		all = all[:0]
		for from := 0; from < len(e.Subtask); {
			to := from + 1
			for to < len(e.Subtask) && e.Subtask[to] == e.Subtask[from] {
				to++
			}
			all = append(all, stretch{from, to})
			from = to
		}
	}
	return slices.DeleteFunc(all, func(s stretch) bool {
		pair, ok := widest(e, s)
		return !ok || !o.fits(e, pair)
	})
}

// spread orders pairs so that every prefix holds each range of windows equally often, as far as there are enough. Pairs
// of one range keep their order.
func (o PairOptions) spread(e *Episode, pairs []framePair) []framePair {
	if len(o.Windows) == 0 {
		return pairs
	}
	bins := make([][]framePair, len(o.Windows)+1)
	for _, q := range pairs {
		b, _ := slices.BinarySearch(o.Windows, e.number(q.j)-e.number(q.i))
		bins[b] = append(bins[b], q)
	}
	out := make([]framePair, 0, len(pairs))
	for len(out) < len(pairs) {
		for b, bin := range bins {
			if len(bin) > 0 {
				out, bins[b] = append(out, bin[0]), bin[1:]
			}
		}
	}
	return out
}

// split separates the pairs that satisfy is from the others, keeping their order.
func split(pairs []framePair, is func(framePair) bool) (yes, no []framePair) {
	for _, q := range pairs {
		if is(q) {
			yes = append(yes, q)
		} else {
			no = append(no, q)
		}
	}
	return yes, no
}

// repeat cuts or cycles pairs (at least one) to n.
func repeat(pairs []framePair, n int) []framePair {
	for k := 0; len(pairs) < n; k++ {
		pairs = append(pairs, pairs[k])
	}
	return pairs[:n]
}
