package egotsr

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Each case is a list of scores and the initials of the trends that they should give.
func TestMotion(t *testing.T) {
	for name, c := range map[string]struct {
		scores []float64
		want   string
	}{
		"clean":            {[]float64{0, 1, 2, 3, 4, 5, 6}, "uaaaaaa"},
		"one bad frame":    {[]float64{0, 1, 2, -9, 4, 5, 6}, "uaaaaaa"},
		"one good frame":   {[]float64{0, 1, 2, 30, 3, 4, 5}, "uaaaaaa"},
		"a setback":        {[]float64{0, 2, 4, 5, 1, 1, 0.5, 2, 4, 4, 5, 7}, "uaaaarrrraaa"},
		"two setbacks":     {[]float64{0, 3, 6, 6, 2, 2, 5, 6, 2, 2, 5, 5, 6, 7}, "uaaaarrccrrcca"},
		"at rest":          {[]float64{3, 3, 3.2, 3, 3, 3.1, 3, 3, 3, 3}, "uaaaaaasss"},
		"a setback, still": {[]float64{0, 3, 6, 6, 3, 3, 3, 3, 3, 3, 3, 3}, "uaaaarrrrrrs"},
		"slow decline":     {[]float64{5, 4.5, 4, 3.5, 3, 2.5, 2, 1.5, 1}, "uaaaaaarr"},
	} {
		var v motion
		var got strings.Builder
		for _, s := range c.scores {
			state := v.step(float64(v.frames), s, []float64{1, 0}, false)
			got.WriteByte("usarcd"[state.Trend])
			if !(state.Progress >= 0 && state.Progress <= 1 && state.Confidence >= 0 && state.Confidence <= 1) {
				t.Errorf("%s: %+v", name, state)
			}
		}
		if got.String() != c.want {
			t.Errorf("%s: %s, want %s", name, got.String(), c.want)
		}
	}
}

// What the comparisons hardly see is a setback all the same where the plan has fallen back; of a plan with one subtask, or of
// none, only the comparisons tell.
func TestMotionPlan(t *testing.T) {
	for name, c := range map[string]struct {
		next [][]float64
		want Trend
	}{
		"plan": {[][]float64{{1, 0, 0, 0, 0}, {0, 0, 0, 1, 0}, {0, 0, 0, 1, 0}, {1, 0, 0, 0, 0}, {1, 0, 0, 0, 0}}, Regressing},
		"none": {[][]float64{{1, 0}, {0.6, 0.4}, {0.6, 0.4}, {1, 0}, {1, 0}}, Advancing},
	} {
		var v motion
		var last State
		for i, score := range []float64{0, 2, 3, 2, 2} {
			last = v.step(float64(v.frames), score, c.next[i], false)
		}
		if last.Trend != c.want {
			t.Errorf("%s: %+v", name, last)
		}
	}
}

// The next subtask takes two frames that agree, the end three, and so does what undoes it.
func TestMotionEnds(t *testing.T) {
	var v motion
	for i, c := range []struct {
		next    []float64
		trend   Trend
		subtask int
	}{
		{[]float64{0.9, 0.1, 0}, Unknown, 0},
		{[]float64{0.1, 0.9, 0}, Advancing, 0},
		{[]float64{0.9, 0.1, 0}, Advancing, 0},
		{[]float64{0.1, 0.9, 0}, Advancing, 0},
		{[]float64{0.1, 0.8, 0.1}, Advancing, 1},
		{[]float64{0, 0.1, 0.9}, Advancing, 1},
		{[]float64{0, 0.9, 0.1}, Advancing, 1},
		{[]float64{0, 0.1, 0.9}, Advancing, 1},
		{[]float64{0, 0.55, 0.45}, Advancing, 1},
		{[]float64{0, 0.1, 0.9}, Done, -1},
		{[]float64{0, 0.9, 0.1}, Done, -1},
		{[]float64{0, 0.9, 0.1}, Done, -1},
		{[]float64{0, 0.9, 0.1}, Advancing, 1},
	} {
		s := v.step(float64(v.frames), 2*float64(i), c.next, false)
		if s.Trend != c.trend || s.Subtask != c.subtask || (s.Trend == Done) != (s.Progress == 1) {
			t.Errorf("frame %d: %+v, want %v and subtask %d", i, s, c.trend, c.subtask)
		}
	}
}

// A frame that repeats the one before confirms neither a turn nor the end, but a robot that shows nothing else comes to be stalled.
func TestMotionRepeats(t *testing.T) {
	var v motion
	for i, score := range []float64{0, 2, 4} {
		v.step(float64(v.frames), score, []float64{1, 0}, i < 0)
	}
	v.step(float64(v.frames), -5, []float64{0, 1}, false)
	for range 3 {
		if s := v.step(float64(v.frames), -5, []float64{0, 1}, true); s.Trend != Advancing {
			t.Fatalf("repeated: %+v", s)
		}
	}
	if s := v.step(float64(v.frames), -5, []float64{1, 0}, false); s.Trend != Regressing {
		t.Errorf("a second frame that agrees: %+v", s)
	}
	for range 8 {
		v.step(float64(v.frames), -5, []float64{1, 0}, true)
	}
	if s := v.step(float64(v.frames), -5, []float64{1, 0}, true); s.Trend != Stalled {
		t.Errorf("at rest: %+v", s)
	}
}

// A scene that shows one frame alone has no trend until it is stalled, and what comes after a gap is compared with what was before it.
func TestMotionAlone(t *testing.T) {
	var v motion
	for i := range 10 {
		want := Unknown
		if i >= 7 {
			want = Stalled
		}
		if s := v.step(float64(i), 0, []float64{1, 0}, i > 0); s.Trend != want || want == Unknown && s.Confidence != 0 {
			t.Errorf("frame %d: %+v, want %v", i, s, want)
		}
	}
	v = motion{}
	for i, score := range []float64{0, 3, 6, 9} {
		v.step(float64(i), score, []float64{1, 0}, false)
	}
	after := v
	after.places = slices.Clone(v.places)
	if s := after.step(100, 0, []float64{1, 0}, false); s.Confidence > 0.5 {
		t.Errorf("all was lost in a gap: %+v", s)
	}
	if s := v.step(100, 9, []float64{1, 0}, true); s.Trend != Stalled {
		t.Errorf("nothing happened in a gap: %+v", s)
	}
}

// The slope of the log-likelihood is zero at its maximum, whatever the comparisons say.
func TestLikeliest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		n := 1 + r.IntN(11)
		scores, p := make([]float64, n), make([]float64, n)
		for i := range scores {
			scores[i], p[i] = 20*r.NormFloat64(), r.Float64()
		}
		x, slope := likeliest(scores, p), 0.0
		for i, s := range scores {
			slope += min(max(p[i], 0.01), 0.99) - sigmoid(x-s)
		}
		if math.Abs(slope) > 1e-6 {
			t.Errorf("%v, %v: %v, where the slope is %v", scores, p, x, slope)
		}
	}
	if x := likeliest([]float64{3}, []float64{sigmoid(2)}); math.Abs(x-5) > 1e-6 {
		t.Error(x)
	}
	if x := likeliest(slices.Repeat([]float64{1}, 3), []float64{1, 1, 1}); x < 4 || x > 8 {
		t.Errorf("three certain answers are worth %v", x)
	}
}

// TestTrendText: a State survives JSON, with its trend in words, and nothing else is taken for one.
func TestTrendText(t *testing.T) {
	for trend := Unknown; trend <= Done; trend++ {
		b, err := json.Marshal(State{Trend: trend, Progress: 0.25, Subtask: -1})
		var back State
		if err != nil || !strings.Contains(string(b), `"trend":"`+trend.String()+`"`) || json.Unmarshal(b, &back) != nil || back.Trend != trend {
			t.Errorf("%s, %v, %+v", b, err, back)
		}
	}
	if b, err := json.Marshal(State{Trend: 6}); err == nil {
		t.Errorf("%s", b)
	}
	for _, text := range []string{`"Done"`, `""`, `"Trend(6)"`, `4`} {
		var back Trend
		if err := json.Unmarshal([]byte(text), &back); err == nil {
			t.Errorf("%s is %v", text, back)
		}
	}
}
