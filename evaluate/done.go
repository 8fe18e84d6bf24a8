package evaluate

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"image"
	"math"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/metrics"
)

// Finisher gives the probability, 0 to 1, that nothing remains to be done of a task where a frame shows it to be. A *egotsr.Model is one.
type Finisher interface {
	Done(ctx context.Context, task string, frame image.Image) (float64, error)
}

// DoneReport is how well frames on which the task is done are told from frames on which it is not.
type DoneReport struct {
	Samples string       `json:"samples"` // hash of the frames and whether they show the task done
	Seed    uint64       `json:"seed"`
	Frames  int          `json:"frames"`
	Done    int          `json:"done"`    // of Frames
	Systems []DoneSystem `json:"systems"` // the model, then the baseline
	Items   []DoneItem   `json:"items"`
	Bad     []BadSample  `json:"bad,omitempty"` // episodes that do not fit together or have frames that cannot be read, by index
}

// DoneSystem is how one score did.
type DoneSystem struct {
	Name     string     `json:"name"`
	AUC      float64    `json:"auc"`      // the probability that a frame on which it is done scores above one on which it is not
	Interval [2]float64 `json:"interval"` // of AUC: 95 %, by bootstrap over episodes
	Found    float64    `json:"found"`    // share of frames on which it is done with a score above 0.5
	False    float64    `json:"false"`    // share of the others with one
}

// DoneItem is one frame.
type DoneItem struct {
	Scene   string    `json:"scene"`
	Episode string    `json:"episode"`
	Frame   int       `json:"frame"` // index into Episode.Frames
	Done    bool      `json:"done"`
	Scores  []float64 `json:"scores"` // in the order of DoneReport.Systems
}

// Done asks f, for frames of every episode, how probable it is that nothing is left to do, and compares the answers
// over all episodes and tasks with the truth: the simulator's signal "success", or where that is missing a cost of 0. No
// score is fitted. Each episode adds its last frame and others evenly before it (Options.Frames), so most frames are
// of work under way and some of attempts that failed. The baseline is the frame's place in the recording: it does
// not look, but knows when the recording ends, which a judge of running work cannot.
//
// Episodes that tell neither success nor cost are passed over. There must be frames of both kinds. An error of f's ends the
// measurement.
func Done(ctx context.Context, f Finisher, on Episodes, opts *Options) (*DoneReport, error) {
	if err := cmp.Or(there("finisher", f), on.check()); err != nil {
		return nil, err
	}
	o, err := opts.complete("model", 8)
	if err != nil {
		return nil, err
	}
	r := &DoneReport{Seed: o.Seed}
	samples := sha256.New()
	var of []int // the episode of every item
	for k := range on.List {
		e := &on.List[k]
		if err := e.Validate(); err != nil {
			r.Bad = append(r.Bad, BadSample{k, err.Error()})
			continue
		}
		success := succeeded(e)
		if success == nil {
			continue
		}
		which := spread(len(e.Frames), o.Frames)
		frames, err := on.frames(k, which)
		if err != nil {
			r.Bad = append(r.Bad, BadSample{k, err.Error()})
			continue
		}
		for n, i := range which {
			p, err := f.Done(ctx, e.Task, frames[n])
			if err == nil && !(p >= 0 && p <= 1) {
				err = fmt.Errorf("probability %v", p)
			}
			if err != nil {
				return nil, fmt.Errorf("evaluate: whether the task is done at frame %d of episode %s/%s: %w", i, e.Scene, e.ID, err)
			}
			place := float64(i) / math.Max(1, float64(len(e.Frames)-1))
			r.Items = append(r.Items, DoneItem{e.Scene, e.ID, i, success[i], []float64{p, place}})
			of = append(of, k)
			r.Done += count(success[i])
			fmt.Fprintf(samples, "%q %v\n", e.Frames[i], success[i])
		}
	}
	r.Frames, r.Samples = len(r.Items), short(samples)
	if r.Done == 0 || r.Done == r.Frames {
		return nil, unusable("episodes", fmt.Sprintf("show the task done on %d of %d frames; both kinds are needed", r.Done, r.Frames), r.Bad)
	}
	for s, name := range []string{o.Name, "place in the recording"} {
		r.Systems = append(r.Systems, doneSystem(name, s, r.Items, of, o.Seed))
	}
	return r, nil
}

// succeeded tells of every frame whether the task is done there; nil where that is unknown.
func succeeded(e *dataset.Episode) []bool {
	values, is := e.Signals["success"], func(v float64) bool { return v > 0.5 }
	if values == nil {
		values, is = e.Cost, func(cost float64) bool { return cost == 0 }
	}
	var done []bool
	for _, v := range values {
		done = append(done, is(v))
	}
	return done
}

// doneSystem works out the figures of system s of every item; of has the episode that each item belongs to.
func doneSystem(name string, s int, items []DoneItem, of []int, seed uint64) DoneSystem {
	d := DoneSystem{Name: name}
	scores, done := make([]float64, len(items)), make([]bool, len(items))
	var found, wrong, positives int
	var groups [][]int // indices of the items of one episode
	for k, i := range items {
		scores[k], done[k] = i.Scores[s], i.Done
		if k == 0 || of[k] != of[k-1] {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], k)
		positives += count(i.Done)
		found += count(i.Done && scores[k] > 0.5)
		wrong += count(!i.Done && scores[k] > 0.5)
	}
	d.AUC, d.Found, d.False = metrics.AUC(scores, done), share(found, positives), share(wrong, len(items)-positives)
	d.Interval[0], d.Interval[1] = metrics.Bootstrap(len(groups), seed, func(times []int) float64 {
		var x []float64
		var y []bool
		for g, n := range times {
			for range n {
				for _, k := range groups[g] {
					x, y = append(x, scores[k]), append(y, done[k])
				}
			}
		}
		return metrics.AUC(x, y)
	})
	return d
}
