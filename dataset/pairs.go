package dataset

import (
	"errors"
	"fmt"
	"image"
	"io/fs"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"
)

// PairOptions say how [NewPairs] draws. The zero value is sound.
type PairOptions struct {
	Seed            uint64  // different seeds give unrelated streams
	Groups          int     // groups in the source; 0 = one for each episode given
	FramesPerGroup  int     // frames that the pairs of a group share; 0 = 8, at least 2
	PairsPerGroup   int     // pairs drawn among those frames; 0 = 8
	Both            bool    // follow every pair by its Swap; samples are then 2*PairsPerGroup a group
	RegressionShare float64 // share of pairs with a worse later frame, in episodes that have some; 0 = 0.25, negative = as they fall
}

// ErrNoPairs means that no episode has two frames whose costs differ enough to be labelled.
var ErrNoPairs = errors.New("dataset: no episode has a pair of frames that can be labelled")

// Pairs is a [Source] that draws training pairs from episodes. Sample i is a pure function of the options, the
// episodes and i. Samples come in groups: those of one group are consecutive and show few frames of one episode, so a
// trainer encodes each frame once for many pairs. Tasks are drawn equally often, then episodes within the task. Which
// frame comes first is the flip of a coin; the answer depends on the costs alone.
//
// Memory beyond the episodes is a few recent groups. All methods are safe for concurrent use.
type Pairs struct {
	images fs.FS
	opts   PairOptions
	size   int          // samples in a group
	tasks  [][]*Episode // episodes that can be labelled, by task in order of appearance
	recent [recentGroups]atomic.Pointer[group]
}

// recentGroups lets that many neighbouring groups be read at once without drawing one again for each sample.
const recentGroups = 16

// group is the samples drawn for one group number. It is never changed once published.
type group struct {
	number  int
	samples []Sample
}

// NewPairs makes a source of pairs; image paths of the episodes lie in images. Episodes without a labelable pair are
// passed over. It fails with an *EpisodeError for an invalid episode, with [ErrNoPairs], or for options out of range.
func NewPairs(images fs.FS, episodes []Episode, opts PairOptions) (*Pairs, error) {
	if opts.Groups == 0 {
		opts.Groups = len(episodes)
	}
	if opts.FramesPerGroup == 0 {
		opts.FramesPerGroup = 8
	}
	if opts.PairsPerGroup == 0 {
		opts.PairsPerGroup = 8
	}
	if opts.RegressionShare == 0 {
		opts.RegressionShare = 0.25
	}
	switch {
	case opts.Groups < 0, opts.FramesPerGroup < 2, opts.PairsPerGroup < 1:
		return nil, fmt.Errorf("dataset: %d groups of %d frames and %d pairs", opts.Groups, opts.FramesPerGroup, opts.PairsPerGroup)
	case math.IsNaN(opts.RegressionShare) || opts.RegressionShare > 1:
		return nil, fmt.Errorf("dataset: regression share %v is above 1", opts.RegressionShare)
	case opts.PairsPerGroup > math.MaxInt/2/max(1, opts.Groups):
		return nil, fmt.Errorf("dataset: %d groups of %d pairs are too many to number", opts.Groups, opts.PairsPerGroup)
	}
	p := &Pairs{images: images, opts: opts, size: opts.PairsPerGroup}
	if opts.Both {
		p.size *= 2
	}
	episodes = slices.Clone(episodes) // a caller may go on to filter its slice in place
	index := map[string]int{}
	for k := range episodes {
		e := &episodes[k]
		if err := e.Validate(); err != nil {
			return nil, err
		}
		if x := extremes(e.Cost); !differs(e.Cost[x[0]], e.Cost[x[1]], e.Margin()) {
			continue
		}
		t, ok := index[e.Task]
		if !ok {
			t = len(p.tasks)
			index[e.Task] = t
			p.tasks = append(p.tasks, nil)
		}
		p.tasks[t] = append(p.tasks[t], e)
	}
	if len(p.tasks) == 0 {
		return nil, ErrNoPairs
	}
	return p, nil
}

// Len is Groups * PairsPerGroup, twice that with Both.
func (p *Pairs) Len() int { return p.opts.Groups * p.size }

// At is sample i, or an *IndexError. It costs the drawing of one group, or nothing where the group was drawn lately.
func (p *Pairs) At(i int) (Sample, error) {
	if i < 0 || i >= p.Len() {
		return Sample{}, &IndexError{Index: i, Len: p.Len()}
	}
	number := i / p.size
	slot := &p.recent[number%recentGroups]
	g := slot.Load()
	if g == nil || g.number != number {
		// Two callers may draw the same group at once; both draw the same samples, so neither has to wait.
		g = &group{number: number, samples: p.draw(number)}
		slot.Store(g)
	}
	return g.samples[i%p.size], nil
}

// Image reads and decodes an image. Its errors are *FileError.
func (p *Pairs) Image(path string) (image.Image, error) { return loadImage(p.images, path) }

// draw makes the samples of a group from its own generator, so that no group depends on another.
func (p *Pairs) draw(number int) []Sample {
	rng := rand.New(rand.NewPCG(p.opts.Seed, uint64(number)))
	task := p.tasks[rng.IntN(len(p.tasks))]
	e := task[rng.IntN(len(task))]

	samples := make([]Sample, 0, p.size)
	for _, pair := range p.choose(rng, e) {
		s := e.pair(pair.i, pair.j)
		if rng.IntN(2) == 1 {
			s = s.Swap()
		}
		samples = append(samples, s)
		if p.opts.Both {
			samples = append(samples, s.Swap())
		}
	}
	return samples
}

// choose draws PairsPerGroup pairs among FramesPerGroup frames of an episode, distinct as far as there are enough.
func (p *Pairs) choose(rng *rand.Rand, e *Episode) []framePair {
	margin, want, part := e.Margin(), p.opts.PairsPerGroup, p.opts.RegressionShare
	var keep []int
	quota := -1 // regressions as they fall
	if step, ok := setback(rng, e.Cost, margin); ok && part > 0 {
		// Rounded up or down by chance, so that the share is right on average even for one pair a group.
		quota = int(part*float64(want) + rng.Float64())
		if quota > 0 {
			// A short setback would often fall between the frames drawn, so one of its pairs is drawn first.
			keep = []int{step.i, step.j}
		}
	}
	pairs := p.among(rng, e, margin, keep)
	shuffle(rng, pairs, len(pairs))
	if quota >= 0 {
		worse, rest := split(pairs, func(q framePair) bool { return e.Cost[q.j] > e.Cost[q.i] })
		quota = min(quota, len(worse))
		// Whatever one side lacks, the other makes up.
		pairs = slices.Concat(worse[:quota], rest, worse[quota:])
	}
	pairs = repeat(pairs, want)
	shuffle(rng, pairs, want)
	return pairs
}

// among draws frames, those in keep for certain, until a pair among them can be labelled, and lists those pairs. An
// episode that stands still for most of its time may fail every draw; its extremes always serve.
func (p *Pairs) among(rng *rand.Rand, e *Episode, margin float64, keep []int) []framePair {
	const draws = 8
	for range draws {
		frames := stratified(rng, len(e.Frames), p.opts.FramesPerGroup, keep)
		if pairs := labelable(e.Cost, frames, margin); len(pairs) > 0 {
			return pairs
		}
	}
	return labelable(e.Cost, extremes(e.Cost), margin)
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
