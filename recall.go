package egotsr

import (
	"cmp"
	"context"
	"image"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/egotsr/egotsr/dataset"
)

// Of so many pairs of frames of the recordings it is asked how they would be judged under so many other names, and the surest are learnt.
const (
	recalledPairs = 64
	askedNames    = 12
	recalledNames = 4
)

// recalled are verdicts, of each pair under several names.
type recalled struct{ *dataset.List }

func (recalled) Block() int { return recalledNames }

// recall asks the teacher about frames of the recordings under the names of known tasks, and makes labels of what it is sure of: what is learnt is
// then learnt of the task's name, not of the scene (Li and Hoiem's learning without forgetting, arXiv 1606.09282). A task is often the
// opposite of a known one, whose scene it shares.
func (c *course) recall(ctx context.Context) (dataset.Source, error) {
	none := recalled{dataset.NewList(nil, nil)}
	names := c.otherNames()
	if len(names) < recalledNames {
		return none, nil
	}
	frames := dataset.NewList(c.images, nil)
	rng := rand.New(rand.NewPCG(c.opts.Seed, 0x7265_6361))
	var all []dataset.Sample
	for range recalledPairs {
		e := c.learnt[rng.IntN(len(c.learnt))]
		at := rng.Perm(len(e.Frames))[:2]
		var img [2]image.Image
		for k, i := range at {
			var err error
			if img[k], err = frames.Image(e.Frames[i]); err != nil {
				return nil, err
			}
		}
		var asked []Pair
		var samples []dataset.Sample
		for _, k := range rng.Perm(len(names))[:min(askedNames, len(names))] {
			asked = append(asked, Pair{Task: names[k], Img1: img[0], Img2: img[1]})
			samples = append(samples, dataset.Sample{Task: names[k], Img1: e.Frames[at[0]], Img2: e.Frames[at[1]], Level: dataset.LevelLong})
		}
		sure := make(map[string]float64, len(asked))
		for k, r := range c.teacher.judge(ctx, asked, &JudgeOptions{}) {
			if r.err != nil {
				return nil, r.err
			}
			p := sigmoid(r.odds[0]) - sigmoid(r.odds[1])
			sure[samples[k].Task] = math.Abs(p)
			if samples[k].Closer = dataset.Img2; p > 0 {
				samples[k].Closer = dataset.Img1
			}
		}
		slices.SortStableFunc(samples, func(a, b dataset.Sample) int { return cmp.Compare(sure[b.Task], sure[a.Task]) })
		all = append(all, samples[:recalledNames]...)
	}
	return recalled{dataset.NewList(c.images, all)}, nil
}

// otherNames are those of known tasks that are none of those taught.
func (c *course) otherNames() (names []string) {
	for _, e := range c.memory.episodes {
		taught := slices.ContainsFunc(c.learnt, func(d dataset.Episode) bool { return d.Task == e.Task })
		if !taught && !slices.Contains(names, e.Task) {
			names = append(names, e.Task)
		}
	}
	return names
}
