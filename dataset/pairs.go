package dataset

import (
	"errors"
	"fmt"
	"image"
	"io/fs"
	"math"
	"slices"
	"sync/atomic"
)

// PairOptions say how [NewPairs] draws. The zero value is sound. Shares are of the pairs drawn.
type PairOptions struct {
	Seed            uint64  // different seeds give unrelated streams
	Groups          int     // groups in the source; 0 = one for each episode given
	FramesPerGroup  int     // frames that the pairs of a group share; 0 = 8, at least 2
	PairsPerGroup   int     // pairs drawn among those frames; 0 = 8
	Both            bool    // follow every pair by its Swap; samples are then 2*PairsPerGroup a group
	Level           Level   // LevelShort or LevelLong: only such pairs; "" = both, as they fall
	Windows         []int   // ascending: pairs up to the first, up to the second … and above the last, each equally often; nil = as they fall
	RegressionShare float64 // pairs with a worse later frame, in episodes that have some; 0 = 0.25, negative = as they fall
	NoChangeShare   float64 // pairs of KindNoChange, which have no answer
	WrongTaskShare  float64 // pairs of KindWrongTask, which have none either
}

func (o PairOptions) check() error {
	switch {
	case o.Groups < 0, o.FramesPerGroup < 2, o.PairsPerGroup < 1:
		return fmt.Errorf("dataset: %d groups of %d frames and %d pairs", o.Groups, o.FramesPerGroup, o.PairsPerGroup)
	case math.IsNaN(o.RegressionShare) || o.RegressionShare > 1:
		return fmt.Errorf("dataset: regression share %v is above 1", o.RegressionShare)
	case !(o.NoChangeShare >= 0 && o.WrongTaskShare >= 0 && o.NoChangeShare+o.WrongTaskShare <= 1):
		return fmt.Errorf("dataset: shares %v and %v of pairs without an answer", o.NoChangeShare, o.WrongTaskShare)
	case o.PairsPerGroup > math.MaxInt/2/max(1, o.Groups):
		return fmt.Errorf("dataset: %d groups of %d pairs are too many to number", o.Groups, o.PairsPerGroup)
	case o.Level != "" && o.Level != LevelShort && o.Level != LevelLong:
		return fmt.Errorf("dataset: level %q is neither %q nor %q", o.Level, LevelShort, LevelLong)
	case !slices.IsSorted(o.Windows):
		return fmt.Errorf("dataset: windows %v do not ascend", o.Windows)
	}
	return nil
}

// ErrNoPairs means that no episode has two frames whose costs differ enough to be labelled.
var ErrNoPairs = errors.New("dataset: no episode has a pair of frames that can be labelled")

// Pairs is a [Source] that draws training pairs from episodes. Sample i is a pure function of the options, the
// episodes and i. Samples come in groups: those of one group are consecutive and show few frames of one episode, so a
// trainer encodes each frame once for many pairs. Tasks are drawn equally often, then episodes within the task. The
// answer is what the costs say, or without them the annotation. Each side is the answer equally often, to the sample: a
// judge that always says img1 is right in half of them.
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
	if err := opts.check(); err != nil {
		return nil, err
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
		if len(opts.stretches(e)) == 0 {
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

// Block is the number of samples in a group: an [Order] with it keeps those that share frames together.
func (p *Pairs) Block() int { return p.size }

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
func (p *Pairs) Image(path string) (image.Image, error) { return readImage(p.images, path) }
