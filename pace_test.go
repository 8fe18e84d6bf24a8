package egotsr

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// TestPace: whatever the rate of the camera, a frame is taken each period, or each that comes where fewer do.
func TestPace(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, c := range map[string]struct {
		hz, jitter float64 // jitter in seconds to either side
		want       int     // frames of ten seconds
	}{
		"5 Hz":            {5, 0, 50},
		"5 Hz, unsteady":  {5, 0.02, 50},
		"10 Hz":           {10, 0, 50},
		"29.97 Hz":        {29.97, 0, 50},
		"30 Hz":           {30, 0, 50},
		"30 Hz, unsteady": {30, 0.005, 50},
		"60 Hz":           {60, 0, 50},
		"7 Hz":            {7, 0, 50},
		"2 Hz":            {2, 0, 20},
	} {
		p, rng := pace{every: 200 * time.Millisecond}, rand.New(rand.NewPCG(1, 2))
		taken, before := 0, math.Inf(-1)
		for i := range int(10 * c.hz) {
			at := float64(i)/c.hz + c.jitter*(2*rng.Float64()-1)
			now, due := p.take(start.Add(time.Duration(at * 1e9)))
			if !due {
				continue
			}
			if gap := now - before; gap < 0.7 && taken > 0 {
				t.Errorf("%s: frames %.2f periods apart", name, gap)
			}
			taken, before = taken+1, now
		}
		if math.Abs(float64(taken-c.want)) > 1 {
			t.Errorf("%s: %d frames taken, want %d", name, taken, c.want)
		}
	}
}

// TestPaceClocks: gaps are as long as they are, what comes out of order is let go, and a clock set anew goes on.
func TestPaceClocks(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	p := pace{every: time.Second}
	for i, c := range []struct {
		after float64 // seconds since start
		now   float64
		due   bool
	}{
		{0, 0, true}, {0.5, 0.5, false}, {1, 1, true}, {0.2, 0.2, false}, {1.1, 1.1, false},
		{7.3, 7.3, true}, {7.9, 7.9, false}, {8.3, 8.3, true}, // a gap
		{-3600, 9.3, true}, {-3599.5, 9.8, false}, {-3599, 10.3, true}, // an hour back
		{7200, 10809.3, true}, // and forth: a gap
	} {
		now, due := p.take(start.Add(time.Duration(c.after * 1e9)))
		if due != c.due || math.Abs(now-c.now) > 1e-6 {
			t.Errorf("%d: %v seconds: %v, %v, want %v, %v", i, c.after, now, due, c.now, c.due)
		}
	}
	// A frame without a stamp, or with one of another age, costs itself alone.
	for name, wild := range map[string]time.Time{"none": {}, "far ahead": start.AddDate(7000, 0, 0), "far back": start.AddDate(-1500, 0, 0)} {
		p := pace{every: time.Second}
		due := 0
		for i, at := range []time.Time{wild, start, wild, start.Add(time.Second), start.Add(2 * time.Second), start.Add(2500 * time.Millisecond), start.Add(3 * time.Second)} {
			if now, taken := p.take(at); taken {
				due++
			} else if i != 5 {
				t.Errorf("%s: frame %d is let go at %v", name, i, now)
			}
		}
		if due != 6 {
			t.Errorf("%s: %d frames taken", name, due)
		}
	}
	all := pace{every: -1}
	for i := range 3 {
		if now, due := all.take(start); !due || now != float64(i+1) {
			t.Error(now, due)
		}
	}
}
