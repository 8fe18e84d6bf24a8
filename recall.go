package egotsr

import (
	"cmp"
	"context"
	"errors"
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

// recalled are samples of which each pair of frames comes under several names, one after another.
type recalled struct{ *dataset.List }

func (recalled) Block() int { return recalledNames }

// recall asks the teacher about frames of the recordings under the names of known tasks, and makes labels of the verdicts it is surest of: what is learnt
// is then learnt of the task's name, not of the scene (Li and Hoiem's learning without forgetting, arXiv 1606.09282). A task is often the
// opposite of a known one, whose scene it shares. Where hardly any task is known there is nothing.
func (c *course) recall(ctx context.Context) (all []dataset.Sample, err error) {
	names := c.otherNames()
	if len(names) < recalledNames {
		return nil, nil
	}
	rng := rand.New(rand.NewPCG(c.opts.Seed, 0x7265_6361))
	for range recalledPairs {
		e := c.learnt[rng.IntN(len(c.learnt))]
		at := rng.Perm(len(e.Frames))[:2]
		asked := make([]string, 0, askedNames)
		for _, k := range rng.Perm(len(names))[:min(askedNames, len(names))] {
			asked = append(asked, names[k])
		}
		of, err := c.under(ctx, asked, e.Frames[at[0]], e.Frames[at[1]])
		if err != nil {
			return nil, err
		}
		all = append(all, of...)
	}
	return all, nil
}

// under are the teacher's surest verdicts on two frames under some names.
func (c *course) under(ctx context.Context, names []string, path1, path2 string) ([]dataset.Sample, error) {
	frames := dataset.NewList(c.images, nil)
	img1, err1 := frames.Image(path1)
	img2, err2 := frames.Image(path2)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	var pairs []Pair
	for _, name := range names {
		pairs = append(pairs, Pair{Task: name, Img1: img1, Img2: img2})
	}
	verdicts := c.teacher.judge(ctx, pairs, &JudgeOptions{})
	order := make([]int, len(names))
	for k, r := range verdicts {
		if order[k] = k; r.err != nil {
			return nil, r.err
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(verdicts[b].Confidence, verdicts[a].Confidence) })
	var out []dataset.Sample
	for _, k := range order[:recalledNames] {
		s := dataset.Sample{Task: names[k], Img1: path1, Img2: path2, Closer: dataset.Img2, Level: dataset.LevelLong}
		if verdicts[k].PImg1 > 0.5 {
			s.Closer = dataset.Img1
		}
		out = append(out, s)
	}
	return out, nil
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
