package egotsr

import (
	"context"
	"fmt"
	"image"
	"math"
	"slices"

	"github.com/egotsr/egotsr/model"
)

// demonstration is a recording of the task done well, on which a tracker places frames by how alike they look. What it does not see it
// cannot tell: two moments of the task that look the same are told apart by what came before alone.
type demonstration struct {
	looks [][]float32 // [frames][cells * hidden], in order
	apart float64     // how far two of them are from each other, in the mean; distances are squared
	rest  int         // from here on they look as the last one does
}

// demoFrames is how many frames of a demonstration are looked at, evenly spaced.
const demoFrames = 64

// A frame is laid out as so many by so many cells, whatever its shape.
const lookSide = 4

// Of an attempt that goes on frame by frame: it stays where it is, goes on by k frames of the demonstration with a probability that
// halves with each, falls back by up to four, or is anywhere. Little depends on these: a demonstration of a third, or three times, as
// many frames orders an attempt as well. sharp is what looks tell: log-odds, where one frame is nearer by as much as two of the
// demonstration are apart in the mean.
const (
	demoStays, demoBack, demoLost = 0.35, 0.10, 0.01
	demoSteps, demoBacks          = 8, 4
	sharp                         = 6.0
)

// What is so near to the last frame, in parts of the mean distance, shows the task done as that does; so does what is as near to it as
// frames mostly are to the next.
const demoRest = 0.15

// sighting is where a demonstration sees a frame.
type sighting struct {
	belief []float64 // [frames of the demonstration]: the probability that it is there
	at     float64   // how far it is along the demonstration, in parts of its length
	from   float64   // where the first frame was
	end    float64   // the probability that it looks like the demonstration's end
}

// What a demonstration shows joins what the model says: its length is worth so many log-odds. Beside that the model's score counts in
// part: little for progress, which the demonstration orders better even in tasks that the model has learnt, more for trends, since the
// demonstration has no setback to show.
const (
	demoOdds      = 12
	progressShare = 0.15
	trendShare    = 0.75
	endShare      = 0.2
)

// join is a score with a share of what it was, where there is a demonstration.
func (s *sighting) join(score, share float64) float64 {
	if s == nil {
		return score
	}
	return share*score + demoOdds*(s.at-s.from)
}

// ends is the probability of the end, given what the model says it is.
func (s *sighting) ends(p float64) float64 {
	if s == nil {
		return p
	}
	return endShare*p + (1-endShare)*s.end
}

// least is the probability above which that is the end, given the one that was fitted for the model alone.
func (s *sighting) least(fitted float64) float64 {
	if s == nil {
		return fitted
	}
	return endShare*fitted + (1-endShare)*end
}

// study looks at the frames of TrackOptions.Demo, once. Without them, or where they show no two frames that differ, there is none.
func (t *Tracker) study(ctx context.Context) error {
	if t.shows == nil {
		return nil
	}
	frames, err := t.m.demoFrames(t.shows)
	if err != nil {
		return err
	}
	features, err := t.m.features(ctx, frames)
	if err != nil {
		return err
	}
	t.demo, t.shows = newDemonstration(features, t.m.net.Config.Vision.MergeSize), nil
	return nil
}

// demoFrames makes up to demoFrames of them ready, those that show something.
func (m *Model) demoFrames(images []image.Image) (frames []*frame, err error) {
	n := min(len(images), demoFrames)
	for k := range n {
		i := k * (len(images) - 1) / max(n-1, 1)
		f, err := m.prepare(fmt.Sprintf("frame %d of the demonstration", i), images[i])
		if err != nil {
			return nil, err
		}
		if !f.rgb.Flat() {
			frames = append(frames, f)
		}
	}
	return frames, nil
}

func newDemonstration(features []*model.Features, merge int) *demonstration {
	d := &demonstration{}
	for _, f := range features {
		d.looks = append(d.looks, look(f, merge))
	}
	n, steps := len(d.looks), []float64(nil)
	for i := range n {
		for j := range i {
			d.apart += 2 * distance(d.looks[i], d.looks[j]) / float64(n*(n-1))
		}
		if i > 0 {
			steps = append(steps, distance(d.looks[i-1], d.looks[i]))
		}
	}
	if !(d.apart > 0) {
		return nil
	}
	slices.Sort(steps)
	near := max(steps[len(steps)/2], demoRest*d.apart)
	for d.rest = n - 1; d.rest > 1 && distance(d.looks[d.rest-1], d.looks[n-1]) <= near; d.rest-- {
	}
	return d
}

// look is what a frame looks like: the mean features of each of its cells, of length 1.
func look(f *model.Features, merge int) []float32 {
	rows, cols := f.Grid.H/merge, f.Grid.W/merge
	hidden := len(f.Values) / (rows * cols)
	out := make([]float32, lookSide*lookSide*hidden)
	for i := range lookSide {
		for j := range lookSide {
			cell := out[(i*lookSide+j)*hidden:][:hidden]
			for r := i * rows / lookSide; r < ((i+1)*rows+lookSide-1)/lookSide; r++ {
				for c := j * cols / lookSide; c < ((j+1)*cols+lookSide-1)/lookSide; c++ {
					for k, x := range f.Values[(r*cols+c)*hidden:][:hidden] {
						cell[k] += x
					}
				}
			}
			norm := 0.0
			for _, x := range cell {
				norm += float64(x) * float64(x)
			}
			for k := range cell {
				cell[k] /= float32(math.Sqrt(max(norm, 1e-12)))
			}
		}
	}
	return out
}

// distance is squared.
func distance(a, b []float32) float64 {
	sum := 0.0
	for i, x := range a {
		d := float64(x - b[i])
		sum += d * d
	}
	return sum
}

// see places a frame, given where the one before it was; nil before the first.
func (d *demonstration) see(before *seen, f *model.Features, merge int) *sighting {
	s := &sighting{belief: make([]float64, len(d.looks))}
	if before == nil {
		for j := range s.belief { // most attempts begin where the demonstration did
			s.belief[j] = math.Exp(-10 * float64(j) / float64(len(s.belief)))
		}
	} else {
		d.move(s.belief, before.sight.belief)
	}
	now := look(f, merge)
	away := make([]float64, len(d.looks))
	for j, l := range d.looks {
		away[j] = distance(now, l)
	}
	nearest, total := slices.Min(away), 0.0
	for j := range s.belief {
		s.belief[j] *= math.Exp(-sharp * (away[j] - nearest) / d.apart)
		total += s.belief[j]
	}
	for j := range s.belief {
		s.belief[j] /= total
		s.at += s.belief[j] * float64(j) / float64(len(s.belief)-1)
		if j >= d.rest {
			s.end += s.belief[j]
		}
	}
	if s.from = s.at; before != nil {
		s.from = before.sight.from
	}
	return s
}

// move adds to belief where an attempt is a frame later.
func (d *demonstration) move(belief, before []float64) {
	last := len(belief) - 1
	for i, p := range before {
		known := p * (1 - demoBack - demoLost)
		belief[i] += known * demoStays
		for k, share := 1, 0.5/(1-math.Pow(0.5, demoSteps)); k <= demoSteps; k, share = k+1, share/2 {
			belief[min(i+k, last)] += known * (1 - demoStays) * share
		}
		for k, share := 1, 0.5/(1-math.Pow(0.5, demoBacks)); k <= demoBacks; k, share = k+1, share/2 {
			belief[max(i-k, 0)] += p * demoBack * share
		}
	}
	for i := range belief {
		belief[i] += demoLost / float64(len(belief))
	}
}
