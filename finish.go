package egotsr

import (
	"context"
	"errors"
	"image"
	"path/filepath"
	"slices"
	"time"

	"github.com/egotsr/egotsr/dataset"
)

// blends are the shares of the way from the weights before to those of the peak, at which is looked for the best ones. On the way lie weights that know
// the task nearly as well, or better, and have lost little of what was known (Wortsman et al., arXiv 2109.01903).
var blends = []float32{1, 0.8, 0.65, 0.5, 0.35, 0.2}

// Half a point of the share right of known tasks may be lost for nothing, as pairs of a few episodes may be out by as much; each point more costs as
// much as a tenth by which the answers about the recordings held back are less likely.
const (
	mayForget   = 0.005
	lossOfKnown = 10
)

// Of what the best weights have won, weights nearer to those before may lack so much: what a few recordings held back tell is not exact to that,
// and the nearer they are, the more stays known that no rehearsal set asks about.
const mayLack = 0.1

// fitting is what the very last things take.
func (c *course) fitting() time.Duration { return 2*c.thorough() + c.opts.Budget/50 }

// thorough is what judging takes where weights are chosen.
func (c *course) thorough() time.Duration {
	brief, all := c.chooses.Len()+c.knows.Len(), c.chooses.Len()+c.remembers.Len()
	return c.once * time.Duration(all) / time.Duration(max(1, brief))
}

// blend looks for the best weights, as far from those before as what was known allows: a task that contradicts a known one is learnt at its cost.
func (c *course) blend(ctx context.Context) error {
	if err := c.reopen(ctx, "peak"); err != nil {
		return err
	}
	at := float32(1)
	for _, share := range blends {
		if share < at {
			if err := c.student.net.Take(ctx, c.teacher.net, (at-share)/at); err != nil {
				return err
			}
			c.student.frames.forget()
			at = share
		}
		held, known, err := c.marks(ctx, c.remembers, "teach", "share", share, "left", c.left().Seconds())
		if err != nil {
			return err
		}
		cost := held.Loss
		if lost := c.at.Known - mayForget - known.Right; lost > 0 {
			cost += lossOfKnown * lost
		}
		if held.Right < c.at.Before.Right || cost >= c.at.Best+mayLack*(c.at.Before.Loss-c.at.Best) {
			continue
		}
		if err := c.student.Save(ctx, filepath.Join(c.opts.Dir, "best")); err != nil {
			return err
		}
		c.at.Best = min(c.at.Best, cost)
	}
	c.at.Blended = true
	return c.keep()
}

// kept tells whether there is a best.
func (c *course) kept() bool { return c.at.Best < c.at.Before.Loss }

// hand gives the best weights to the teacher, with a temperature and an end of their own. Where rounding them as they are stored has made
// them worse than those before there is nothing, and no error.
func (c *course) hand(ctx context.Context) (*Taught, error) {
	best, err := c.open(ctx, filepath.Join(c.opts.Dir, "best"))
	if err != nil {
		return nil, err
	}
	defer best.Close()
	asked, err := best.labelled(ctx, c.chooses, &JudgeOptions{})
	if err != nil {
		return nil, err
	}
	known, err := best.labelled(ctx, c.remembers, &JudgeOptions{})
	if err != nil {
		return nil, err
	}
	taught := &Taught{Before: c.at.Before.Right, After: markOf(asked).Right, Known: markOf(known).Right, Steps: c.at.Step}
	f := fitted{Temperature: fitTemperature(append(asked, known...))}
	if f.Done, err = c.end(ctx, best); err != nil || taught.After < taught.Before {
		return nil, err
	}
	if err := errors.Join(ctx.Err(), c.keep()); err != nil {
		return nil, err
	}
	if err := c.teacher.net.Take(ctx, best.net, 1); err != nil {
		return nil, err
	}
	c.teacher.fitted.Store(&f)
	c.teacher.frames.forget()
	c.opts.Logger.Info("teach: done", "steps", taught.Steps, "before", taught.Before, "after", taught.After, "known", taught.Known, "temperature", f.Temperature, "end", f.Done)
	return taught, nil
}

// end fits the probability from which a task is taken for done: the one that tells the ends of what was held back best from the rest, the
// nearest to the usual where several do.
func (c *course) end(ctx context.Context, best *Model) (float64, error) {
	var p []float64
	var over []bool
	ask := func(src dataset.Source, why error) error {
		if errors.Is(why, dataset.ErrNoPlans) {
			return nil
		}
		for i := 0; why == nil && i < src.Len(); i++ {
			var s dataset.Sample
			var img image.Image
			if s, why = src.At(i); why == nil {
				img, why = src.Image(s.Img1)
			}
			if why == nil {
				var done float64
				done, why = best.Done(ctx, s.Task, img)
				p, over = append(p, done), append(over, len(s.Remaining()) == 0)
			}
		}
		return why
	}
	plans, err := dataset.NewPlans(c.images, c.held)
	if err := ask(plans, err); err != nil {
		return 0, err
	}
	return threshold(p, over), nil
}

// threshold is the one above which most of those that are over lie, and below which most of the others: the two shares count alike. Of a
// range of equals it is the nearest to the usual end, within an eighth of the range from its ends.
func threshold(p []float64, over []bool) float64 {
	count := 0
	for _, is := range over {
		if is {
			count++
		}
	}
	if count == 0 || count == len(over) {
		return 0
	}
	at := append([]float64{0, 1}, p...)
	slices.Sort(at)
	at = slices.Compact(at)
	best, from, to := -1.0, 0.0, 1.0
	for k := range at[:len(at)-1] {
		low, high := at[k], at[k+1]
		hits, passes := 0, 0
		for i, x := range p {
			if over[i] && x >= high {
				hits++
			} else if !over[i] && x <= low {
				passes++
			}
		}
		score := float64(hits)/float64(count) + float64(passes)/float64(len(over)-count)
		switch {
		case score > best:
			best, from, to = score, low, high
		case score == best && low == to:
			to = high
		}
	}
	margin := (to - from) / 8
	return min(max(end, from+margin), to-margin)
}
