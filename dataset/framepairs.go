package dataset

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// framePair is two frames of one episode, i < j, and which is closer to completion, as [Episode.order] says.
type framePair struct{ i, j, closer int }

func comparePairs(a, b framePair) int {
	return cmp.Or(cmp.Compare(a.i, b.i), cmp.Compare(a.j, b.j))
}

// stretch is the frames [from, to) of an episode.
type stretch struct{ from, to int }

// labelable lists the pairs among the given frames (ascending) that the truth orders, in canonical order.
func labelable(e *Episode, frames []int) []framePair {
	levels, margin := e.levels()
	var pairs []framePair
	for a, i := range frames {
		for _, j := range frames[a+1:] {
			if closer := e.orderBy(levels, margin, i, j); closer != 0 {
				pairs = append(pairs, framePair{i, j, closer})
			}
		}
	}
	return pairs
}

// shuffle puts n random elements, in random order, at the front of s.
func shuffle[T any](rng *rand.Rand, s []T, n int) {
	for k := range min(n, len(s)) {
		r := k + rng.IntN(len(s)-k)
		s[k], s[r] = s[r], s[k]
	}
}

// stratified draws k frames of a stretch, ascending: one at random from each of k equal parts, so that a draw spans it.
// Frames in keep (ascending, at most k) are drawn for certain, in place of random ones.
func stratified(rng *rand.Rand, within stretch, k int, keep []int) []int {
	n := within.to - within.from
	if k >= n {
		frames := make([]int, n)
		for i := range frames {
			frames[i] = within.from + i
		}
		return frames
	}
	frames := slices.Clone(keep)
	var free []int
	for s := range k {
		lo, hi := within.from+s*n/k, within.from+(s+1)*n/k
		f := lo + rng.IntN(hi-lo)
		if !slices.ContainsFunc(keep, func(p int) bool { return lo <= p && p < hi }) {
			free = append(free, f)
		}
	}
	// Kept frames that share a part leave more free ones than there is room for.
	shuffle(rng, free, k-len(keep))
	frames = append(frames, free[:k-len(keep)]...)
	slices.Sort(frames)
	return frames
}

// setback draws a pair of a stretch whose later frame is worse: a later frame at random among those that have such an
// earlier one, then the earlier one. It reports false where the stretch never steps back. One pass over the levels each,
// because listing all pairs of a long episode for every draw would not be.
func setback(rng *rand.Rand, e *Episode, s stretch) (framePair, bool) {
	levels, margin := e.levels()
	levels = levels[s.from:s.to]
	j := pick(rng, laterFrames(levels, margin))
	if j < 0 {
		return framePair{}, false
	}
	var earlier []int
	for i, c := range levels[:j] {
		if levels[j]-c >= margin {
			earlier = append(earlier, i)
		}
	}
	return framePair{s.from + pick(rng, earlier), s.from + j, -1}, true
}

// laterFrames lists the frames that are worse, by the margin, than some frame before them.
func laterFrames(levels []float64, margin float64) []int {
	var later []int
	best := math.Inf(1)
	for j, c := range levels {
		if c-best >= margin {
			later = append(later, j)
		}
		if c < best { // false for NaN, which min would keep
			best = c
		}
	}
	return later
}

// pick is a random element of s, or -1 of an empty one.
func pick(rng *rand.Rand, s []int) int {
	if len(s) == 0 {
		return -1
	}
	return s[rng.IntN(len(s))]
}

// widest is the pair of a stretch with the greatest difference, and false where the truth orders no pair of it.
func widest(e *Episode, s stretch) (framePair, bool) {
	levels, margin := e.levels()
	lo, hi := s.from, s.from
	for i := s.from; i < s.to; i++ {
		c := levels[i]
		if c < levels[lo] || math.IsNaN(levels[lo]) {
			lo = i
		}
		if c > levels[hi] || math.IsNaN(levels[hi]) {
			hi = i
		}
	}
	if lo == hi || levels[lo] == levels[hi] {
		lo, hi = longestAction(e, s)
	}
	i, j := min(lo, hi), max(lo, hi)
	closer := e.orderBy(levels, margin, i, j)
	return framePair{i, j, closer}, closer != 0 && i < j
}

// longestAction gives the first and the last frame of the longest uninterrupted action in a stretch.
func longestAction(e *Episode, s stretch) (first, last int) {
	first, last = s.from, s.from
	start := s.from
	for i := s.from; i < s.to; i++ {
		k := e.Subtask[i]
		if k != e.Subtask[start] {
			start = i
		}
		if 0 <= k && k < len(e.Plan) && i-start > last-first {
			first, last = start, i
		}
	}
	return first, last
}
