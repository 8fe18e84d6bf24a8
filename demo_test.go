package egotsr

import (
	"context"
	"errors"
	"image"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/egotsr/egotsr/model"
	"github.com/egotsr/egotsr/vision"
)

// states are what a tracker says of frames, one a period.
func states(t *testing.T, tracker *Tracker, frames []image.Image) (all []State) {
	t.Helper()
	for i, f := range frames {
		s, err := tracker.ObserveAt(t.Context(), time.Unix(int64(i), 0), f)
		if err != nil || math.IsNaN(s.Progress+s.Confidence) || s.Progress < 0 || s.Progress > 1 || s.Confidence < 0 || s.Confidence > 1 {
			t.Fatalf("frame %d: %+v, %v", i, s, err)
		}
		all = append(all, s)
	}
	return all
}

func noisy(from, n, width, height int) (frames []image.Image) {
	for i := range n {
		frames = append(frames, noise(uint64(from+i), width, height))
	}
	return frames
}

func equal(a, b []State) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

// What shows no two frames that differ is as no demonstration at all, to the bit.
func TestDemoShowsNothing(t *testing.T) {
	m, frames := openTiny(t, Options{}), noisy(0, 8, 28, 28)
	want := states(t, m.Track("Open the box", &TrackOptions{Plan: threeSteps, Every: -1}), frames)
	gray := image.NewGray(image.Rect(0, 0, 28, 28))
	for name, demo := range map[string][]image.Image{
		"empty": {}, "one frame": noisy(20, 1, 28, 28), "the same again": {frames[3], frames[3], frames[3]}, "dark": {gray, gray}, "dark but for one": {gray, frames[1]},
	} {
		if got := states(t, m.Track("Open the box", &TrackOptions{Plan: threeSteps, Every: -1, Demo: demo}), frames); !equal(got, want) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

// A demonstration is placed on itself in its order, each time and after Reset alike; its frames are encoded once, no more than 64 of them.
func TestDemoItself(t *testing.T) {
	m := openTiny(t, Options{FrameCache: 256})
	demo := noisy(0, 150, 28, 28)
	tracker := m.Track("Open the box", &TrackOptions{Every: -1, Demo: demo})
	demo[0] = nil // the tracker has its own list
	if err := tracker.Warmup(t.Context(), 28, 28); err != nil {
		t.Fatal(err)
	}
	encodes := m.frames.encodes
	if encodes > demoFrames || len(tracker.demo.looks) != demoFrames || tracker.shows != nil {
		t.Fatalf("%d encodes, %d frames, %d held", encodes, len(tracker.demo.looks), len(tracker.shows))
	}
	var shown []image.Image
	for k := range demoFrames {
		shown = append(shown, noise(uint64(k*149/(demoFrames-1)), 28, 28))
	}
	first := states(t, tracker, shown)
	if at := tracker.attempt.last.sight.at; at < 0.95 || m.frames.encodes != encodes {
		t.Errorf("the last frame is at %.2f; %d encodes more", at, m.frames.encodes-encodes)
	}
	for i := 8; i < len(first); i++ {
		if first[i].Progress < first[i-8].Progress-0.05 {
			t.Errorf("frame %d: %.2f after %.2f", i, first[i].Progress, first[i-8].Progress)
		}
	}
	tracker.Reset()
	again := m.Track("Open the box", &TrackOptions{Every: -1, Demo: noisy(0, 150, 28, 28)})
	if !equal(states(t, tracker, shown), first) || !equal(states(t, again, shown), first) {
		t.Error("the same frames, other states")
	}
}

// Another shape and size places frames too.
func TestDemoOtherShape(t *testing.T) {
	m := openTiny(t, Options{})
	tracker := m.Track("Open the box", &TrackOptions{Plan: threeSteps, Every: -1, Demo: noisy(0, 5, 90, 40)})
	states(t, tracker, noisy(7, 6, 28, 60))
	if s := tracker.attempt.last.sight; len(s.belief) != 5 {
		t.Errorf("%+v", s)
	}
}

// A demonstration that cannot be taken is told of, changes nothing, and leaves the tracker as it was; one whose context ended is looked at again.
func TestDemoMisused(t *testing.T) {
	m := openTiny(t, Options{})
	bad := m.Track("Open the box", &TrackOptions{Every: -1, Demo: []image.Image{noise(1, 28, 28), (*image.RGBA)(nil), noise(2, 28, 28)}})
	for range 2 {
		_, err := bad.Observe(t.Context(), noise(3, 28, 28))
		if input := (*InputError)(nil); !errors.As(err, &input) || input.What != "frame 1 of the demonstration" || bad.attempt.first != nil {
			t.Error(err)
		}
		if err := bad.Warmup(t.Context(), 28, 28); !errors.As(err, new(*InputError)) {
			t.Error(err)
		}
	}
	good := m.Track("Open the box", &TrackOptions{Every: -1, Demo: noisy(0, 4, 28, 28)})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := good.Warmup(ended, 28, 28); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := good.Observe(ended, noise(3, 28, 28)); !errors.Is(err, context.Canceled) || good.demo != nil {
		t.Error(err)
	}
	states(t, good, noisy(0, 4, 28, 28))
	if good.demo == nil || good.attempt.last.sight == nil {
		t.Error("the demonstration was not looked at again")
	}
}

// scene is a frame at x of a task that goes from 0 to 1: a path through features, in a place of its own.
func scene(x float64, rng *rand.Rand) *model.Features {
	f := &model.Features{Grid: vision.Grid{T: 1, H: 8, W: 8}, Values: make([]float32, 16*8)}
	for i := range f.Values {
		f.Values[i] = float32(1 + math.Sin(5*x+float64(i)) + 0.1*rng.NormFloat64())
	}
	return f
}

// Whatever the pace of the demonstration, an attempt at it is where it is, falls back where it does, and stays where it stays.
func TestDemoPace(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{8, 20, 64} {
		var path []*model.Features
		for i := range n {
			path = append(path, scene(float64(i)/float64(n-1), rng))
		}
		d := newDemonstration(path, 2)
		for _, steps := range []int{10, 30, 100} {
			var before *seen
			worst, sum := 0.0, 0.0
			at := func(x float64) {
				now := &seen{sight: d.see(before, scene(x, rng), 2)}
				worst, before, sum = max(worst, math.Abs(now.sight.at-x)), now, 0
				for _, p := range now.sight.belief {
					sum += p
				}
				if math.Abs(sum-1) > 1e-9 || now.sight.end < 0 || now.sight.end > 1+1e-9 {
					t.Fatalf("%+v", now.sight)
				}
			}
			for i := range steps {
				at(0.8 * float64(i) / float64(steps-1))
			}
			for range 20 {
				at(0.8)
			}
			for i := range steps {
				at(0.8 - 0.6*float64(i)/float64(steps-1))
			}
			for i := range steps {
				at(0.2 + 0.8*float64(i)/float64(steps-1))
			}
			for range endFrames {
				at(1)
			}
			if worst > 0.15 || before.sight.end < 0.5 {
				t.Errorf("%d frames, %d steps: off by up to %.2f, at the end with %.2f", n, steps, worst, before.sight.end)
			}
		}
	}
}

// A demonstration has its say beside the model, and none where there is none.
func TestSighting(t *testing.T) {
	var none *sighting
	some := &sighting{at: 0.75, from: 0.25, end: 0.9}
	for name, c := range map[string][2]float64{
		"none": {none.join(4, 0.2), 4}, "joined": {some.join(4, 0.2), 6.8}, "no end": {none.ends(0.2), 0.2}, "end": {some.ends(0.2), 0.2*endShare + 0.9*(1-endShare)},
	} {
		if math.Abs(c[0]-c[1]) > 1e-12 {
			t.Errorf("%s: %v, want %v", name, c[0], c[1])
		}
	}
}
