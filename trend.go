package egotsr

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Trend is where a task is heading.
type Trend uint8

const (
	Unknown    Trend = iota // before a second frame that is another than the first
	Stalled                 // the last eight periods have changed next to nothing
	Advancing               // closer to completion than before
	Regressing              // farther from it than it was
	Recovering              // after a setback, advancing but not yet as far as before
	Done                    // nothing remains to be done
)

var trendNames = [...]string{"unknown", "stalled", "advancing", "regressing", "recovering", "done"}

// String gives "unknown", "stalled", "advancing", "regressing", "recovering" or "done".
func (t Trend) String() string {
	if int(t) < len(trendNames) {
		return trendNames[t]
	}
	return fmt.Sprintf("Trend(%d)", uint8(t))
}

// MarshalText is String, so that a State can be read as JSON too.
func (t Trend) MarshalText() ([]byte, error) {
	if int(t) >= len(trendNames) {
		return nil, fmt.Errorf("egotsr: no trend has the number %d", uint8(t))
	}
	return []byte(trendNames[t]), nil
}

// UnmarshalText takes what String gives, of the six trends.
func (t *Trend) UnmarshalText(text []byte) error {
	i := slices.Index(trendNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("egotsr: %.40q is no trend", text)
	}
	*t = Trend(i)
	return nil
}

// Places are log-odds, so these are probabilities: of the frame before the turn being better than both after it, and of a
// frame being better than one that is called as good.
const (
	setbackOdds = 2.75 // 0.94
	levelOdds   = 1.0  // 0.73
)

// Of trends that tell of a stretch of time, it is so long, in periods: from a frame to the seventh after it.
const stretch = 7.0

// The end is where so many frames in a row say that nothing remains, each with more than this probability, where nothing has been fitted.
const (
	endFrames = 3
	end       = 0.4
)

// Where a plan is known, a place is a mean: a subtask of it counts as so many log-odds of the comparisons. Comparisons and plan
// err differently, and what both call a setback seldom is none.
const (
	subtaskOdds = 3
	planShare   = 0.375
)

// How sure a trend is, by logistic regression on 152 held-out episodes: σ(onward + trust·d), where the frame lies d above the one
// a stretch before, is the probability that it is closer to completion, high because most tasks go on; σ(doubt + fear·d), where
// it lies d below the highest place, that it is farther from completion than the task has been. Both are far from 1 per log-odd,
// since what errs in one frame errs in the next as well.
const (
	onward, trust = 2.5, 0.4
	doubt, fear   = -0.5, 0.3
)

// reached is how far a frame is: its score, and where a plan tells more than the end, how many subtasks of it seem done as well.
func reached(score float64, next []float64) float64 {
	if len(next) <= 2 {
		return score
	}
	done := 0.0
	for k, p := range next {
		done += float64(k) * p
	}
	return (1-planShare)*score + planShare*subtaskOdds*done
}

// placed is a place, and when it was taken, in periods.
type placed struct{ when, at float64 }

// motion turns places into a trend. One frame alone changes nothing: every turn and a new subtask take two that agree, the end, at
// which a robot stops, endFrames.
type motion struct {
	end     float64  // the probability of nothing remaining that tells the end; 0 = the usual
	places  []placed // of the last stretch of time
	frames  int
	shown   int     // of them, those that did not repeat the one before
	last    float64 // of the last one of those
	high    float64 // the highest place since the last turn, and the lowest
	low     float64
	lost    float64 // what a setback has cost and is not yet won back: the place before it; else the lowest of all numbers
	falling bool
	done    bool
	other   int // how many frames in a row say otherwise than done
	subtask int
	first   int       // what the last frame that was asked about says of it, alone
	next    []float64 // all that it says
	sight   *sighting // where a demonstration sees the last frame; nil without one
}

// asks tells whether what remains may be another thing than when it was last asked: it is again after so many periods, where the task
// has moved by so much since, and frame by frame where a new subtask waits to be confirmed or the end is near.
func (a *attempt) asks(when, score float64) bool {
	const periods, moved, near = 3, 2, 0.15
	v := &a.motion
	return v.next == nil || when-a.asked.when >= periods || math.Abs(score-a.asked.at) > moved || v.first != v.subtask || v.done ||
		v.sight.ends(v.next[len(v.next)-1]) > near
}

// step takes in the next frame, of the time when, in periods. next is the probability of each subtask to be the next one, and last of
// none remaining; nil where it was not asked, which then is as it was. A frame that repeats the one before it shows that time has passed and nothing else: it is no second frame that agrees.
func (v *motion) step(when, score float64, next []float64, repeated bool) State {
	asked := next != nil
	if asked {
		v.next = next
	}
	next = v.next
	at := v.sight.join(reached(score, next), trendShare)
	score = v.sight.join(score, progressShare)
	v.frames++
	v.places = append(v.places, placed{when, at})
	// After a gap the frame before it is kept, so that what came meanwhile is seen.
	for len(v.places) > 2 && v.places[0].when < when-stretch-0.5 {
		v.places = slices.Delete(v.places, 0, 1)
	}
	if !repeated {
		v.shown++
		v.turns(at)
		if asked {
			v.ends(next)
		}
	}
	plan := len(next) - 1
	s := State{Progress: 1 - math.Exp(-max(0, score)/8), Subtask: v.subtask}
	s.Trend, s.Confidence = v.trend(when, at)
	if v.done {
		s = State{Progress: 1, Trend: Done, Confidence: v.sight.ends(next[plan]), Subtask: -1}
	}
	return s
}

// turns notices where the task begins to fall back, and where it no longer does.
func (v *motion) turns(at float64) {
	if v.frames == 1 {
		v.last, v.high, v.low, v.lost = at, at, at, math.Inf(-1)
	}
	above, below := min(v.last, at), max(v.last, at) // what both frames are above, and below
	v.last = at
	switch {
	case v.falling && above-v.low >= setbackOdds:
		v.falling, v.high = false, above
	case v.falling:
		v.low = min(v.low, below)
	case v.high-below >= setbackOdds:
		v.falling, v.low, v.lost = true, below, max(v.lost, v.high)
	default:
		v.high = max(v.high, above)
	}
	if above > v.lost-levelOdds {
		v.lost = math.Inf(-1)
	}
}

// ends notices where nothing remains, and where the next subtask begins.
func (v *motion) ends(next []float64) {
	plan, first := len(next)-1, 0
	for k := range plan {
		if next[k] > next[first] {
			first = k
		}
	}
	if first == v.first || v.frames == 1 {
		v.subtask = first
	}
	v.first = first
	if (v.sight.ends(next[plan]) > v.sight.least(cmp.Or(v.end, end))) == v.done {
		v.other = 0
	} else if v.other++; v.other == endFrames {
		v.done, v.other = !v.done, 0
	}
}

// trend also gives the probability that it is right. A turn back is noticed late, so in its course it may be less than one half.
func (v *motion) trend(when, at float64) (Trend, float64) {
	low, high := at, at
	for _, p := range v.places {
		low, high = min(low, p.at), max(high, p.at)
	}
	span := high - low
	closer := sigmoid(onward + trust*(at-v.places[0].at))
	switch {
	case when-v.places[0].when > stretch-0.5 && span < levelOdds:
		return Stalled, 1 - math.Abs(2*sigmoid(span)-1)
	case v.shown == 1:
		return Unknown, 0
	case v.falling:
		return Regressing, sigmoid(doubt + fear*(v.high-at))
	case !math.IsInf(v.lost, -1):
		return Recovering, closer
	}
	return Advancing, closer
}
