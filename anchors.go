package egotsr

import (
	"cmp"
	"math"
	"slices"

	"github.com/egotsr/egotsr/model"
)

// seen is a frame that the next ones are compared with.
type seen struct {
	hash     frameHash
	features *model.Features
	begun    *model.Prefix // of the questions that show it first; nil where nothing is kept
	score    float64
	sight    *sighting // by a demonstration; nil without one
	next     []float64 // probability of each subtask of the plan to be next, without a plan of any, and last that none remains; nil = not asked
}

// How many frames are kept, besides the first, and how many of all the next one is compared with: in both orders those fill a batch of
// eight. More comparisons cost more and noticed no more setbacks on held-out episodes, while more recent frames to choose from made a
// better curve.
const (
	sparseFrames = 2
	recentFrames = 3
	mostCompared = 4
)

// compared are the frames that the next one is compared with: the first, the last, and those that lie nearest to the last in score,
// which tell most of one that cannot be far from it.
func (a *attempt) compared() []*seen {
	known := a.known()
	if len(known) <= mostCompared {
		return known
	}
	away := func(s *seen) float64 {
		if s == a.first || s == a.last {
			return -1
		}
		return math.Abs(s.score - a.last.score)
	}
	slices.SortStableFunc(known, func(s, o *seen) int { return cmp.Compare(away(s), away(o)) })
	return known[:mostCompared]
}

// known are the frames that are kept.
func (a *attempt) known() []*seen {
	if a.first == nil {
		return nil
	}
	all := slices.Concat([]*seen{a.first}, a.sparse)
	for _, s := range a.recent {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// keep decides which frames the next ones are compared with. What lies 1 from all others in score is kept, unless
// it leapt there, as a frame does that shows something else for a moment; when there are too many, the one goes whose neighbours
// are closest together.
func (a *attempt) keep(now *seen) {
	before := a.last
	a.last = now
	if a.first == nil {
		a.first = now
		return
	}
	if slices.Contains(a.known(), now) {
		return
	}
	a.recent = append(a.recent, now)
	if len(a.recent) > recentFrames {
		a.recent = slices.Delete(a.recent, 0, 1)
	}
	near := func(s *seen) bool { return math.Abs(s.score-now.score) < 1 }
	if math.Abs(before.score-now.score) > 4 || near(a.first) || slices.ContainsFunc(a.sparse, near) {
		return
	}
	at, _ := slices.BinarySearchFunc(a.sparse, now.score, func(s *seen, x float64) int {
		if s.score < x {
			return -1
		}
		return 1
	})
	a.sparse = slices.Insert(a.sparse, at, now)
	if len(a.sparse) <= sparseFrames {
		return
	}
	closest, out := math.Inf(1), 0
	for i := 1; i+1 < len(a.sparse); i++ {
		if d := a.sparse[i+1].score - a.sparse[i-1].score; d < closest {
			closest, out = d, i
		}
	}
	a.sparse = slices.Delete(a.sparse, out, out+1)
}

// likeliest is the score x that maximises Σ p log σ(x-s) + (1-p) log σ(s-x), by Newton's method. One comparison that is all but
// certain says little about how far apart the frames are, so probabilities are held within 0.01 and 0.99.
func likeliest(scores, p []float64) float64 {
	if len(scores) == 0 {
		return 0
	}
	x := 0.0
	for i, s := range scores {
		x += s / float64(len(scores))
		p[i] = min(max(p[i], 0.01), 0.99)
	}
	for range 50 {
		slope, curve := 0.0, 0.0
		for i, s := range scores {
			q := sigmoid(x - s)
			slope += p[i] - q
			curve += q * (1 - q)
		}
		step := min(max(slope/max(curve, 1e-3), -1), 1)
		x += step
		if math.Abs(step) < 1e-9 {
			break
		}
	}
	return x
}
