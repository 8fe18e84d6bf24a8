package evaluate

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"math"
	"slices"
	"time"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/decompose"
	"github.com/egotsr/egotsr/internal/foreign"
	"github.com/egotsr/egotsr/internal/metrics"
)

// Observer follows one running task, frame by frame. A *egotsr.Tracker is one.
type Observer interface {
	ObserveAt(ctx context.Context, at time.Time, frame image.Image) (egotsr.State, error)
}

// Tracker starts to follow a task. A *egotsr.Model is a Tracker[*egotsr.Tracker]; of a foreign one, Track may return Observer or
// whatever type it has. Callers of Track need not name O.
type Tracker[O Observer] interface {
	Track(task string, opts *egotsr.TrackOptions) O
}

// TrackReport is how well a Tracker follows episodes whose truth is known. "In time" means within five frames.
type TrackReport struct {
	Samples  string       `json:"samples"`  // hash of the frames, their plans, and the truth about them
	Seed     uint64       `json:"seed"`     // of the intervals
	Curves   []TrackCurve `json:"curves"`   // the tracker, and what it is measured against
	Setbacks Share        `json:"setbacks"` // spans on which the task fell back and Regressing was said, from their first frame on, in time
	Alarms   Share        `json:"alarms"`   // times that Regressing was said in episodes without a setback, and the number of those
	Done     Share        `json:"done"`     // episodes that succeed and first had Done in time, before or after
	Early    Share        `json:"early"`    // episodes that succeed and had Done too early
	Failed   Share        `json:"failed"`   // episodes that never succeed and never had Done
	// CalibrationError is the expected calibration error of State.Confidence, of the trends that tell of closer or farther; where the truth
	// is neither, Advancing and Recovering are left out.
	CalibrationError float64   `json:"calibration_error"`
	Episodes         []Tracked `json:"episodes"`
	// Demo is all this of the same episodes by a tracker that has a demonstration of each task; nil without Options.Demo.
	Demo *TrackReport `json:"demo,omitempty"`
	Bad  []BadSample  `json:"bad,omitempty"` // episodes that do not fit together or have frames that cannot be read, by index
}

// claimedOver is how many frames before its own State.Confidence compares a frame with, where the trend is onward.
const claimedOver = 7

// trackSlack is how many frames late is still in time.
const trackSlack = 5

// Share is a count out of many.
type Share struct {
	N  int `json:"n"`
	Of int `json:"of"`
}

func (s *Share) add(yes bool) { s.N, s.Of = s.N+count(yes), s.Of+1 }

// TrackCurve is Spearman's correlation of one way to place frames with true progress, over episodes; see CurveGroup.
type TrackCurve struct {
	Name     string  `json:"name"`
	Median   float64 `json:"median"`
	Mean     Mean    `json:"mean"`
	Setbacks float64 `json:"setbacks"` // the median over episodes with setbacks
}

// Tracked is one episode.
type Tracked struct {
	Scene   string         `json:"scene"`
	Episode string         `json:"episode"`
	Task    string         `json:"task"`
	Setback bool           `json:"setback"` // at some time the task was farther from completion than before, by Episode.Margin
	Regress []bool         `json:"regress"` // frames on which something drives the task back; nil = none
	Success int            `json:"success"` // the first frame on which the task is done, -1 where it never is
	Truth   []float64      `json:"truth"`   // 1 - cost / the episode's greatest cost
	States  []egotsr.State `json:"states"`
	Curve   []float64      `json:"curve,omitempty"` // of all frames compared, where the tracker is a Placer too
}

// Track has the tracker t follow every episode that has costs, frame by frame, with its annotated actions for a plan, and compares
// progress with the truth beside elapsed time and, where t is a Placer too, its curve of the whole episode, which has later frames
// before it as well. A *egotsr.Model is both:
//
//	r, err := evaluate.Track(ctx, m, evaluate.Episodes{List: episodes, Image: pairs.Image}, nil)
//
// Episodes without costs, or whose cost never changes, are passed over, and TrackReport.Bad lists those whose parts do not fit
// together or whose frames cannot be read.
// An error of t's ends the measurement.
func Track[O Observer](ctx context.Context, t Tracker[O], on Episodes, opts *Options) (*TrackReport, error) {
	if err := cmp.Or(there("tracker", t), on.check()); err != nil {
		return nil, err
	}
	o, err := opts.complete("tracker", 0)
	if err != nil {
		return nil, err
	}
	r, samples := &TrackReport{Seed: o.Seed}, sha256.New()
	if o.Demo != nil {
		r.Demo = &TrackReport{Seed: o.Seed}
	}
	placer, _ := t.(Placer)
	for k := range on.List {
		e := &on.List[k]
		if err := e.Validate(); err != nil {
			r.Bad = append(r.Bad, BadSample{k, err.Error()})
			continue
		}
		if len(e.Cost) == 0 || slices.Min(e.Cost) == slices.Max(e.Cost) {
			continue
		}
		frames, err := on.frames(k, spread(len(e.Frames), len(e.Frames)))
		if err != nil {
			r.Bad = append(r.Bad, BadSample{k, err.Error()})
			continue
		}
		followed, err := follow(ctx, t, e, frames, nil)
		if err != nil {
			return nil, fmt.Errorf("evaluate: track episode %s/%s: %w", e.Scene, e.ID, err)
		}
		if r.Demo != nil {
			shown, err := show(ctx, t, e, frames, o.Demo)
			if err != nil {
				return nil, fmt.Errorf("evaluate: track episode %s/%s with a demonstration: %w", e.Scene, e.ID, err)
			}
			r.Demo.Episodes = append(r.Demo.Episodes, *shown)
		}
		if placer != nil {
			if followed.Curve, err = place(ctx, placer, e.Task, frames); err != nil {
				return nil, fmt.Errorf("evaluate: curve of episode %s/%s: %w", e.Scene, e.ID, err)
			}
		}
		r.Episodes = append(r.Episodes, *followed)
		samples.Write(asked(e))
	}
	if len(r.Episodes) == 0 {
		return nil, unusable("episodes", "none has true progress and frames that can be read", r.Bad)
	}
	r.Samples = short(samples)
	r.measure(o.Name)
	if r.Demo != nil {
		r.Demo.Samples = r.Samples
		r.Demo.measure(o.Name + ", shown the task once")
	}
	return r, nil
}

// asked has all of an episode that the figures come from.
func asked(e *dataset.Episode) []byte {
	return fmt.Appendf(nil, "%q %q %v %q %v %v\n", e.Task, e.Frames, e.Cost, e.Plan, e.Regress, succeeded(e))
}

// measure works the figures out from the episodes.
func (r *TrackReport) measure(name string) {
	ways := []struct {
		name   string
		values func(*Tracked) []float64
	}{
		{name, (*Tracked).progress},
		{"all frames compared", func(t *Tracked) []float64 { return t.Curve }},
		{"elapsed time", (*Tracked).elapsed},
	}
	if r.Episodes[0].Curve == nil {
		ways = slices.Delete(ways, 1, 2)
	}
	var sure []float64
	var right []bool
	for k := range r.Episodes {
		t := &r.Episodes[k]
		r.count(t)
		c, ok := t.claims()
		sure, right = append(sure, c...), append(right, ok...)
	}
	r.CalibrationError = metrics.CalibrationError(metrics.Reliability(sure, right, calibrationBins))
	for _, w := range ways {
		var rho, hard []float64 // of all episodes, and of those with setbacks
		for k := range r.Episodes {
			t := &r.Episodes[k]
			rho = append(rho, orZero(metrics.Spearman(w.values(t), t.Truth)))
			if t.Setback {
				hard = append(hard, rho[k])
			}
		}
		r.Curves = append(r.Curves, TrackCurve{w.name, median(rho), newMean(rho, r.Seed), median(hard)})
	}
}

func (t *Tracked) progress() (values []float64) {
	for _, s := range t.States {
		values = append(values, s.Progress)
	}
	return values
}

func (t *Tracked) elapsed() (values []float64) {
	for i := range t.States {
		values = append(values, float64(i))
	}
	return values
}

// framePeriod is how far apart the frames of an episode are taken to be. A foreign tracker may go by it; ours counts every one.
const framePeriod = 200 * time.Millisecond

// show is follow by a tracker that has a demonstration of the task.
func show[O Observer](ctx context.Context, t Tracker[O], e *dataset.Episode, frames []image.Image, of func(*dataset.Episode) ([]image.Image, error)) (*Tracked, error) {
	demo, err := foreign.Do("Options.Demo", func() ([]image.Image, error) { return of(e) })
	if err != nil {
		return nil, err
	}
	return follow(ctx, t, e, frames, demo)
}

// follow has t see the frames of one episode, one after the other.
func follow[O Observer](ctx context.Context, t Tracker[O], e *dataset.Episode, frames, demo []image.Image) (*Tracked, error) {
	followed := &Tracked{Scene: e.Scene, Episode: e.ID, Task: e.Task, Setback: setbacks(e), Regress: e.Regress, Success: slices.Index(succeeded(e), true)}
	plan, err := decompose.Annotated(e.Task, e.Plan)
	if err != nil {
		return nil, err
	}
	tracker := t.Track(e.Task, &egotsr.TrackOptions{Plan: plan, Every: -1, Demo: demo})
	if any(tracker) == nil {
		return nil, errors.New("Track returned nil")
	}
	for i, f := range frames {
		s, err := tracker.ObserveAt(ctx, time.Unix(0, 0).UTC().Add(time.Duration(i)*framePeriod), f)
		if err == nil && (math.IsNaN(s.Progress-s.Progress) || !(s.Confidence >= 0 && s.Confidence <= 1) || max(s.Trend, s.Was) > egotsr.Done) {
			err = fmt.Errorf("progress %v, confidence %v, trend %v, before it %v", s.Progress, s.Confidence, s.Trend, s.Was)
		}
		if err != nil {
			return nil, fmt.Errorf("frame %d: %w", i, err)
		}
		followed.States = append(followed.States, s)
		followed.Truth = append(followed.Truth, 1-e.Cost[i]/slices.Max(e.Cost))
	}
	return followed, nil
}

// claims are how sure each trend was that tells of closer or farther, or else of the contrary, and whether that was so.
func (t *Tracked) claims() (sure []float64, right []bool) {
	for i, s := range t.States {
		if i == 0 || s.Trend == egotsr.Stalled || s.Trend == egotsr.Done {
			continue
		}
		before, now := t.Truth[max(0, i-claimedOver)], t.Truth[i]
		holds := now > before
		if s.Trend == egotsr.Regressing {
			holds = now < slices.Max(t.Truth[:i])
		} else if now == before {
			continue
		}
		sure, right = append(sure, max(s.Confidence, 1-s.Confidence)), append(right, holds == (s.Confidence >= 0.5))
	}
	return sure, right
}

// count adds what was said of one episode.
func (r *TrackReport) count(t *Tracked) {
	states := t.States
	says := func(t egotsr.Trend) func(egotsr.State) bool { return func(s egotsr.State) bool { return s.Trend == t } }
	found := false
	for i := 0; i < len(t.Regress); i++ {
		if !t.Regress[i] {
			continue
		}
		last := i
		for last+1 < len(t.Regress) && t.Regress[last+1] {
			last++
		}
		r.Setbacks.add(slices.ContainsFunc(states[i:min(len(states), i+trackSlack+1)], says(egotsr.Regressing)))
		i, found = last, true
	}
	if !found && !t.Setback {
		r.Alarms.Of++
		for i, s := range states {
			r.Alarms.N += count(s.Trend == egotsr.Regressing && (i == 0 || states[i-1].Trend != egotsr.Regressing))
		}
	}
	said, success := slices.IndexFunc(states, says(egotsr.Done)), t.Success
	if success < 0 {
		r.Failed.add(said < 0)
		return
	}
	r.Done.add(said >= success-trackSlack && said <= success+trackSlack && said >= 0)
	r.Early.add(said >= 0 && said < success-trackSlack)
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	values = slices.Sorted(slices.Values(values))
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}
