package dataset

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// framePair is two frame numbers of one episode, i < j.
type framePair struct{ i, j int }

func comparePairs(a, b framePair) int {
	return cmp.Or(cmp.Compare(a.i, b.i), cmp.Compare(a.j, b.j))
}

// labelable lists the pairs among the given frames (ascending) whose costs differ by the margin, in canonical order.
func labelable(cost []float64, frames []int, margin float64) []framePair {
	var pairs []framePair
	for a, i := range frames {
		for _, j := range frames[a+1:] {
			if differs(cost[i], cost[j], margin) {
				pairs = append(pairs, framePair{i, j})
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

// stratified draws k of n frames, ascending: one at random from each of k equal stretches, so that a draw spans the
// episode. Frames in keep (ascending, at most k) are drawn for certain, in place of random ones.
func stratified(rng *rand.Rand, n, k int, keep []int) []int {
	if k >= n {
		return allFrames(n)
	}
	frames := slices.Clone(keep)
	var free []int
	for s := range k {
		lo, hi := s*n/k, (s+1)*n/k
		f := lo + rng.IntN(hi-lo)
		if !slices.ContainsFunc(keep, func(p int) bool { return lo <= p && p < hi }) {
			free = append(free, f)
		}
	}
	// Kept frames that share a stretch leave more free ones than there is room for.
	shuffle(rng, free, k-len(keep))
	frames = append(frames, free[:k-len(keep)]...)
	slices.Sort(frames)
	return frames
}

// setback draws a pair whose later frame is worse by the margin: a later frame at random among those that have such
// an earlier one, then the earlier one. It reports false where the episode never steps back. One pass over the costs
// each, because listing all pairs of a long episode for every draw would not be.
func setback(rng *rand.Rand, cost []float64, margin float64) (framePair, bool) {
	j := pick(rng, laterFrames(cost, margin))
	if j < 0 {
		return framePair{}, false
	}
	var earlier []int
	for i, c := range cost[:j] {
		if cost[j]-c >= margin {
			earlier = append(earlier, i)
		}
	}
	return framePair{pick(rng, earlier), j}, true
}

// laterFrames lists the frames that are worse, by the margin, than some frame before them.
func laterFrames(cost []float64, margin float64) []int {
	var later []int
	best := cost[0]
	for j, c := range cost {
		if c-best >= margin {
			later = append(later, j)
		}
		best = min(best, c)
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

// extremes are the frames with the least and the greatest cost, ascending: the pair with the widest margin.
func extremes(cost []float64) []int {
	lo, hi := 0, 0
	for i, c := range cost {
		if c < cost[lo] {
			lo = i
		}
		if c > cost[hi] {
			hi = i
		}
	}
	return []int{min(lo, hi), max(lo, hi)}
}
