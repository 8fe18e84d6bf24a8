package egotsr

import (
	"cmp"
	"context"
	"image"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/decompose"
	"github.com/egotsr/egotsr/internal/ask"
	"github.com/egotsr/egotsr/internal/foreign"
	"github.com/egotsr/egotsr/model"
)

// Tracker follows one running task, frame by frame. It keeps the features of a few earlier frames and compares each new one with
// them, in both orders, so work and memory do not grow with the length of the stream, and each frame is encoded once.
//
// The comparisons place the new frame on a scale of log-odds, on which the earlier ones have their places already: its score s is
// the one most likely under the Bradley–Terry model, P(new before r) = σ(s - s_r), see [Model.Progress]. Places are never moved
// afterwards, so a scene at rest stays where it is. The first frame has 0.
//
// Time counts, not frames: of a camera that is faster than TrackOptions.Every, one frame a period is looked at, and the others cost
// nothing. A Tracker is safe for concurrent use; frames count in the order in which Observe gets to them. It is of the weights it
// began with: after [Model.Adapt] a new one is needed.
type Tracker struct {
	m     *Model
	task  string
	plan  []string
	every time.Duration
	err   error         // of the task or the options
	shows []image.Image // of TrackOptions.Demo, until they are looked at; guarded by busy, as demo is
	demo  *demonstration

	busy    chan struct{} // full while a frame is being observed, which guards attempt
	attempt attempt
	lists   func() *lists // of the plan, made on first use
	state   atomic.Pointer[State]
}

// attempt is what is kept of the frames since the first, or since Reset.
type attempt struct {
	pace   pace
	first  *seen
	last   *seen
	sparse []*seen // frames that lie far apart in score
	recent []*seen // the last ones, oldest first
	asked  placed  // when, and at what score, it was last asked what remains
	motion motion
}

// TrackOptions of Track. Nil, or the zero value, is sound.
type TrackOptions struct {
	Plan *decompose.Plan // what the task consists of, for State.Subtask and, beside the comparisons, Trend: from Model.Plan or Decompose, or a program's own; nil = unknown

	// Every is the pace that trends are counted at: a frame is looked at once in so long, and those that come faster are let go. Zero is
	// the pace of the recordings that the checkpoint learnt from, 200 ms for nano. Another pace than that means trends that are slower or
	// hastier. Negative, every frame counts as one period, whenever it comes.
	Every time.Duration

	// Demo is one recording of the task done well, its frames in order; nil = none. Frames are then placed on it as well, by how alike they
	// look and by what came before, for which the model needs to know nothing of the task; its own verdicts count for less. The recording
	// may have another pace, size and shape, but should see the scene from about the same side.
	//
	// Up to 64 frames of it, evenly spaced, are encoded once, by Warmup or else by the first Observe. After that a frame takes 0.2 ms more
	// with nano, 2 ms with a model of 3B, and kept are 16 vectors of the checkpoint's width for each of the 64: 0.8 MB, and 8 MB. Where no
	// two of them differ, all is as without. One that cannot be taken is an *InputError of Warmup and of every Observe.
	Demo []image.Image
}

// State is what a Tracker has seen so far. Its Confidence is the probability that the task is closer to completion than seven periods
// before (Advancing, Recovering), farther from it than it has been (Regressing), or done (Done); Stalled, how alike the frames of the
// last seven periods are in that. A trend turns only when two frames agree, and becomes Done, or stops being it, when three do, so
// Confidence may be less than one half for a while.
type State struct {
	Progress   float64   `json:"progress"` // 0 where the first frame was, or behind; 1 when done; between them 1-e^(-s/8), s being the score; with a Demo, 12 for its length and 0.15 of the score
	Trend      Trend     `json:"trend"`
	Confidence float64   `json:"confidence"`      // probability of what the trend says, as above; 0 for a frame that shows nothing
	Subtask    int       `json:"subtask"`         // index into the subtasks of TrackOptions.Plan of what has to be done next; -1 without one, or when done
	Was        Trend     `json:"was"`             // the trend before this one
	Since      time.Time `json:"since,omitzero"`  // when this one was first seen, on the clock of the frames
	Turned     bool      `json:"turned,omitzero"` // that was with this very frame
}

// Track starts to follow a task. Nothing is computed before the first Observe, which is also what tells of a bad argument.
func (m *Model) Track(task string, opts *TrackOptions) *Tracker {
	t := &Tracker{m: m, task: task, err: checkText("task", task, maxTask), busy: make(chan struct{}, 1)}
	if t.every = defaultEvery; m != nil && m.every != 0 {
		t.every = m.every
	}
	if opts != nil {
		t.every = cmp.Or(opts.Every, t.every)
		t.shows = slices.Clone(opts.Demo)
		if opts.Plan != nil {
			var err error
			t.plan, err = texts(opts.Plan)
			t.err = cmp.Or(t.err, err)
		}
	}
	t.lists = sync.OnceValue(func() *lists { return m.lists(t.plan) })
	t.forget()
	return t
}

// State is that of the last frame observed. Before the first its trend is Unknown. It does not wait for a frame under way.
func (t *Tracker) State() State {
	if s := t.state.Load(); s != nil {
		return *s
	}
	return State{Subtask: -1}
}

// Reset forgets this attempt at the task: the next frame is a first one. It waits for a frame under way.
func (t *Tracker) Reset() {
	t.busy <- struct{}{}
	defer func() { <-t.busy }()
	t.forget()
}

func (t *Tracker) forget() {
	t.attempt = attempt{pace: pace{every: t.every}, motion: motion{end: t.m.done()}}
	t.state.Store(&State{Subtask: -1})
}

// Observe is ObserveAt for a frame that has just been taken. A recording that is played faster than it was made needs ObserveAt.
func (t *Tracker) Observe(ctx context.Context, frame image.Image) (State, error) {
	return t.ObserveAt(ctx, time.Now(), frame)
}

// ObserveAt takes the next frame, taken at a time of any clock that all frames share, and says how the task is going. One that comes
// before the next is due, or out of order, is let go: the state is then the last one, at no cost. So it is after a clock that was set
// back by little; one set back by ten periods or more goes on from there.
//
// A frame equal to the one before it confirms nothing. A frame of a single colour, as a covered or failing camera gives, leaves all as
// it was, with Confidence 0. A frame that cannot be taken gives an *InputError and the last state, and is forgotten, as any frame is whose
// context ends. After a gap the first frame is compared with those before it.
func (t *Tracker) ObserveAt(ctx context.Context, at time.Time, frame image.Image) (State, error) {
	s, _, err := t.observe(ctx, at, frame)
	return s, err
}

// observe also tells whether the frame was due.
func (t *Tracker) observe(ctx context.Context, at time.Time, frame image.Image) (s State, due bool, err error) {
	if t.err != nil {
		return t.still(), false, t.err
	}
	m, began := t.m, time.Now()
	if err := m.enter(); err != nil {
		return t.still(), false, err
	}
	defer m.calls.Done()
	if err := m.check("frame", frame); err != nil {
		return t.still(), false, err
	}
	select {
	case t.busy <- struct{}{}:
		defer func() { <-t.busy }()
	case <-ctx.Done():
		return t.still(), false, ctx.Err()
	}
	pace := t.attempt.pace
	when, due := pace.take(at)
	if !due {
		return t.still(), false, ctx.Err()
	}
	f, err := m.prepare("frame", frame)
	if err == nil {
		err = t.study(ctx)
	}
	if err != nil {
		return t.still(), false, err
	}
	s, err = t.step(ctx, when, f)
	if err != nil {
		return t.still(), false, err
	}
	t.attempt.pace = pace
	before := t.State()
	s.Was, s.Since = before.Was, before.Since
	if s.Trend != before.Trend {
		s.Was, s.Since, s.Turned = before.Trend, at, true
	}
	t.state.Store(&s)
	if m.net.Meter != nil {
		err = foreign.Run("Meter.Record", func() { m.net.Meter.Record("observe", time.Since(began)) })
	}
	return s, true, err
}

// still is the state where a frame changes nothing.
func (t *Tracker) still() State {
	s := t.State()
	s.Turned = false
	return s
}

// step is what a frame that is due changes.
func (t *Tracker) step(ctx context.Context, when float64, f *frame) (State, error) {
	if f.rgb.Flat() {
		dark := t.still()
		dark.Confidence = 0
		return dark, nil
	}
	now, err := t.place(ctx, when, f)
	if err != nil {
		return State{}, err
	}
	a := &t.attempt
	repeated := now == a.last
	a.keep(now)
	a.motion.sight = now.sight
	s := a.motion.step(when, now.score, now.next, repeated)
	if len(t.plan) == 0 {
		s.Subtask = -1
	}
	return s, nil
}

// place compares a frame with those that are kept, and asks what remains where that may have changed. A frame that has just been seen
// is where it was.
func (t *Tracker) place(ctx context.Context, when float64, f *frame) (*seen, error) {
	m, a, known := t.m, &t.attempt, t.attempt.known()
	if i := slices.IndexFunc(known, func(s *seen) bool { return s.hash == f.hash }); i >= 0 {
		return known[i], nil
	}
	features, err := m.features(ctx, []*frame{f})
	if err != nil {
		return nil, err
	}
	now := &seen{hash: f.hash, features: features[0]}
	if err := t.begin(ctx, now); err != nil {
		return nil, err
	}
	if t.demo != nil {
		now.sight = t.demo.see(a.last, now.features, m.net.Config.Vision.MergeSize)
	}
	if compared := a.compared(); len(compared) > 0 {
		p, err := t.compare(ctx, now, compared)
		if err != nil {
			return nil, err
		}
		scores := make([]float64, len(compared))
		for i, s := range compared {
			scores[i] = s.score
		}
		now.score = likeliest(scores, p)
	}
	if a.asks(when, now.score) {
		if now.next, err = t.remaining(ctx, now); err != nil {
			return nil, err
		}
		a.asked = placed{when, now.score}
	}
	return now, nil
}

// begin computes what all questions share that show the frame first: those of now, and those of every later frame that is compared
// with it. That spares half of the frames' tokens, and is kept where features are.
func (t *Tracker) begin(ctx context.Context, s *seen) error {
	if t.m.frames.limit == 0 {
		return nil
	}
	begun, err := t.m.asker.Begin(ctx, s.features)
	if err != nil {
		return argument(err)
	}
	s.begun = begun[0]
	return nil
}

// compare gives the probability that a frame is closer to completion than each of others, by both orders.
func (t *Tracker) compare(ctx context.Context, now *seen, others []*seen) ([]float64, error) {
	pairs := make([]ask.Pair, len(others))
	for i, other := range others {
		pairs[i] = ask.Pair{
			Text:   dataset.Long.Text(t.task),
			Frames: [2]*model.Features{now.features, other.features},
			Begun:  [2]*model.Prefix{now.begun, other.begun},
		}
	}
	odds, err := t.m.asker.Odds(ctx, pairs)
	if err != nil {
		return nil, argument(err)
	}
	temperature := t.m.calibration()
	p := make([]float64, len(others))
	for i, z := range odds {
		p[i] = (sigmoid(z[0]/temperature) + 1 - sigmoid(z[1]/temperature)) / 2
	}
	return p, nil
}

// remaining is what the frame alone says of the plan, as [Model.Next] does.
func (t *Tracker) remaining(ctx context.Context, now *seen) ([]float64, error) {
	about, err := t.m.asker.Prompt(dataset.Remaining.Text(t.task), "", now.features)
	if err != nil {
		return nil, argument(err)
	}
	return t.m.next(ctx, t.lists(), about, now.begun)
}

// Reward is the potential-based reward for having come from one state to the next, gamma*after.Progress - before.Progress:
// added to a task's own reward it leaves the best policy the best (Ng, Harada and Russell, "Policy invariance under reward
// transformations", ICML 1999). gamma is the discount, 0 to 1.
func Reward(before, after State, gamma float64) float64 {
	return gamma*after.Progress - before.Progress
}
