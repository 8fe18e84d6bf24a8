package evaluate

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/metrics"
)

// Placer places the frames of one task by how far they have come, any scale, more being nearer to completion. A *egotsr.Model is one.
type Placer interface {
	Progress(ctx context.Context, task string, frames []image.Image) ([]float64, error)
}

// CurveReport is how well progress curves follow true progress.
type CurveReport struct {
	Samples  string        `json:"samples"` // hash of the frames and their true progress
	Seed     uint64        `json:"seed"`
	Systems  []CurveSystem `json:"systems"` // the model, the baselines, and the truth itself
	Episodes []Curve       `json:"episodes"`
	Bad      []BadSample   `json:"bad,omitempty"` // episodes that do not fit together or have frames that cannot be read, by index
}

// CurveSystem is how one way of placing frames did.
type CurveSystem struct {
	Name   string       `json:"name"`
	Groups []CurveGroup `json:"groups"` // all episodes, clean ones, those with setbacks
}

// CurveGroup is the mean figures of some of the episodes, each between -1 and 1. A curve that is constant orders nothing
// and counts as 0.
type CurveGroup struct {
	Name     GroupName `json:"name"`
	Episodes int       `json:"episodes"`

	// Order is value-order correlation: Spearman's, of values with the order of time (Ma et al., Vision Language Models are
	// In-Context Value Learners, 2024). Where there are setbacks the best is not 1 but what the truth itself has.
	Order Mean `json:"order"`
	Truth Mean `json:"truth"` // Spearman's correlation of values with true progress
	Tau   Mean `json:"tau"`   // Kendall's tau-b of values with true progress
}

// Mean over episodes, with its 95 % interval by bootstrap over them.
type Mean struct {
	Value    float64    `json:"value"`
	Interval [2]float64 `json:"interval"`
}

// Curve is one episode: the frames that were placed, and what each system said of them.
type Curve struct {
	Scene    string      `json:"scene"`
	Episode  string      `json:"episode"`
	Task     string      `json:"task"`
	Setbacks bool        `json:"setbacks"` // at some time the task was farther from completion than before, by Episode.Margin
	Frames   []int       `json:"frames"`   // indices into Episode.Frames, ascending
	Truth    []float64   `json:"truth"`    // 1 - cost / the episode's greatest cost
	Values   [][]float64 `json:"values"`   // of every system in the order of CurveReport.Systems
}

// Curves has p place frames of every episode and compares the curves with true progress, beside those of elapsed
// time, of the likeness of pixels to the last frame, and of chance.
//
// Episodes without costs, or whose cost never changes, have no truth and are passed over; CurveReport.Bad lists those whose
// parts do not fit together or whose frames cannot be read. An error of p's ends the measurement.
func Curves(ctx context.Context, p Placer, on Episodes, opts *Options) (*CurveReport, error) {
	if err := cmp.Or(there("placer", p), on.check()); err != nil {
		return nil, err
	}
	o, err := opts.complete("model", 32)
	if err != nil {
		return nil, err
	}
	r := &CurveReport{Seed: o.Seed}
	names := []string{o.Name, "elapsed time", "pixels like the last", "chance", "true progress"}
	rng, samples := rand.New(rand.NewPCG(o.Seed, 2)), sha256.New()
	for k := range on.List {
		e := &on.List[k]
		if err := e.Validate(); err != nil {
			r.Bad = append(r.Bad, BadSample{k, err.Error()})
			continue
		}
		if len(e.Cost) == 0 || slices.Min(e.Cost) == slices.Max(e.Cost) {
			continue
		}
		c := Curve{Scene: e.Scene, Episode: e.ID, Task: e.Task, Setbacks: setbacks(e), Frames: spread(len(e.Frames), o.Frames)}
		frames, err := on.frames(k, c.Frames)
		if err != nil {
			r.Bad = append(r.Bad, BadSample{k, err.Error()})
			continue
		}
		values, err := place(ctx, p, e.Task, frames)
		if err != nil {
			return nil, fmt.Errorf("evaluate: curve of episode %s/%s: %w", e.Scene, e.ID, err)
		}
		elapsed, pixels, chance := make([]float64, len(frames)), make([]float64, len(frames)), make([]float64, len(frames))
		last := newThumb(frames[len(frames)-1])
		for n, i := range c.Frames {
			elapsed[n] = float64(i) / float64(len(e.Frames)-1)
			pixels[n] = -newThumb(frames[n]).distance(last)
			chance[n] = rng.Float64()
			c.Truth = append(c.Truth, 1-e.Cost[i]/slices.Max(e.Cost))
			fmt.Fprintf(samples, "%q %v\n", e.Frames[i], e.Cost[i])
		}
		c.Values = [][]float64{values, elapsed, pixels, chance, c.Truth}
		r.Episodes = append(r.Episodes, c)
	}
	if len(r.Episodes) == 0 {
		return nil, unusable("episodes", "none has true progress and frames that can be read", r.Bad)
	}
	for s, name := range names {
		r.Systems = append(r.Systems, curveSystem(name, s, r.Episodes, o.Seed))
	}
	r.Samples = short(samples)
	return r, nil
}

// place asks p, and takes nothing but a number for every frame.
func place(ctx context.Context, p Placer, task string, frames []image.Image) ([]float64, error) {
	values, err := p.Progress(ctx, task, frames)
	if err == nil && (len(values) != len(frames) || slices.ContainsFunc(values, func(v float64) bool { return math.IsNaN(v - v) })) {
		err = fmt.Errorf("%d values for %d frames, or one that is no number: %v", len(values), len(frames), values)
	}
	return values, err
}

// setbacks tells whether the task is at some time farther from completion than it was before, by more than ties are.
func setbacks(e *dataset.Episode) bool {
	best := math.Inf(1)
	for _, c := range e.Cost {
		if best = min(best, c); c-best >= e.Margin() {
			return true
		}
	}
	return false
}

// curveSystem works out the figures of system s of every curve.
func curveSystem(name string, s int, curves []Curve, seed uint64) CurveSystem {
	out := CurveSystem{Name: name}
	for _, g := range []struct {
		name GroupName
		has  func(Curve) bool
	}{
		{GroupAll, func(Curve) bool { return true }},
		{GroupClean, func(c Curve) bool { return !c.Setbacks }},
		{GroupSetbacks, func(c Curve) bool { return c.Setbacks }},
	} {
		var order, truth, tau []float64
		for _, c := range curves {
			if !g.has(c) {
				continue
			}
			time := make([]float64, len(c.Frames))
			for n, i := range c.Frames {
				time[n] = float64(i)
			}
			order = append(order, orZero(metrics.Spearman(c.Values[s], time)))
			truth = append(truth, orZero(metrics.Spearman(c.Values[s], c.Truth)))
			tau = append(tau, orZero(metrics.Kendall(c.Values[s], c.Truth)))
		}
		if len(order) > 0 {
			out.Groups = append(out.Groups, CurveGroup{g.name, len(order), newMean(order, seed), newMean(truth, seed), newMean(tau, seed)})
		}
	}
	return out
}

// orZero is 0 for the correlation of a constant, which is no number.
func orZero(x float64) float64 {
	if math.IsNaN(x) {
		return 0
	}
	return x
}

func newMean(values []float64, seed uint64) (m Mean) {
	mean := func(times []int) float64 {
		var sum, n float64
		for k, t := range times {
			sum, n = sum+float64(t)*values[k], n+float64(t)
		}
		return sum / n
	}
	m.Value = mean(slices.Repeat([]int{1}, len(values)))
	m.Interval[0], m.Interval[1] = metrics.Bootstrap(len(values), seed, mean)
	return m
}
