package egotsr

import (
	"context"
	"errors"
	"image"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/egotsr/egotsr/decompose"
	"github.com/egotsr/egotsr/model"
)

var threeSteps = &decompose.Plan{Goal: "Open the box", Subtasks: []decompose.Subtask{{Text: "Reach the box."}, {Text: "Reach the lid."}, {Text: "Lift it."}}}

func TestTrack(t *testing.T) {
	m := openTiny(t, Options{})
	ctx := t.Context()
	tracker := m.Track("Open the box", &TrackOptions{Plan: threeSteps})
	var now time.Time
	observe := func(img image.Image) State {
		t.Helper()
		now = now.Add(defaultEvery)
		s, err := tracker.ObserveAt(ctx, now, img)
		if err != nil || math.IsNaN(s.Progress+s.Confidence) || s.Subtask < -1 || s.Subtask > 2 {
			t.Fatalf("%+v, %v", s, err)
		}
		return s
	}
	var states []State
	for i := range 14 {
		states = append(states, observe(noise(uint64(i), 28, 28)))
		if n := len(tracker.attempt.known()); n > 1+sparseFrames+recentFrames {
			t.Fatalf("frame %d: %d frames are kept", i, n)
		}
	}
	if m.frames.encodes != 14 {
		t.Errorf("14 frames were encoded %d times", m.frames.encodes)
	}
	// What shows nothing, and what cannot be taken, changes nothing.
	before := states[13]
	dark := observe(image.NewRGBA(image.Rect(0, 0, 28, 28)))
	if dark.Confidence != 0 || dark.Trend != before.Trend || dark.Progress != before.Progress {
		t.Errorf("dark: %+v after %+v", dark, before)
	}
	for _, bad := range []image.Image{nil, (*image.RGBA)(nil), noise(1, 5, 5)} {
		if _, err := tracker.Observe(ctx, bad); !errors.As(err, new(*InputError)) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := tracker.ObserveAt(ended, now.Add(defaultEvery), noise(99, 28, 28)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if len(tracker.attempt.motion.places) != 8 || m.frames.encodes > 15 {
		t.Error(len(tracker.attempt.motion.places), m.frames.encodes)
	}
	// A scene at rest stays where it is, and comes to be called stalled.
	encodes := m.frames.encodes
	rest := observe(noise(13, 28, 28))
	for range 10 {
		if s := observe(noise(13, 28, 28)); s.Progress != rest.Progress {
			t.Errorf("at rest %v became %v", rest.Progress, s.Progress)
		}
	}
	if s := observe(noise(13, 28, 28)); s.Trend != Stalled && s.Trend != Done || m.frames.encodes != encodes {
		t.Errorf("%+v after %d encodes", s, m.frames.encodes-encodes)
	}
	observe(noise(5, 60, 40)) // another size

	again := m.Track("Open the box", &TrackOptions{Plan: threeSteps})
	for i, want := range states {
		if got, err := again.ObserveAt(ctx, time.Time{}.Add(time.Duration(i+1)*defaultEvery), noise(uint64(i), 28, 28)); got != want || err != nil {
			t.Errorf("frame %d, seen again: %+v, %v, want %+v", i, got, err, want)
		}
	}
}

func TestTrackMisused(t *testing.T) {
	m := openTiny(t, Options{})
	if s := new(Tracker).State(); s != (State{Subtask: -1}) {
		t.Errorf("%+v", s)
	}
	// What goes wrong changes nothing, and tells so.
	going := m.Track("task", &TrackOptions{Every: -1})
	for i := range 3 {
		if _, err := going.Observe(t.Context(), noise(uint64(i), 28, 28)); err != nil {
			t.Fatal(err)
		}
	}
	last, ended := going.still(), func() context.Context { ctx, end := context.WithCancel(t.Context()); end(); return ctx }()
	for name, bad := range map[string]func() (State, error){
		"no frame": func() (State, error) { return going.Observe(t.Context(), nil) },
		"tiny":     func() (State, error) { return going.Observe(t.Context(), noise(1, 3, 3)) },
		"ended":    func() (State, error) { return going.Observe(ended, noise(9, 28, 28)) },
	} {
		if s, err := bad(); err == nil || s != last || going.still() != last {
			t.Errorf("%s: %+v, %v; was %+v", name, s, err, last)
		}
	}
	if _, err := m.Track("", nil).Observe(t.Context(), noise(1, 28, 28)); !errors.As(err, new(*InputError)) {
		t.Error(err)
	}
	tracker := m.Track("task", &TrackOptions{Every: -1})
	var together sync.WaitGroup
	for i := range 8 {
		together.Go(func() {
			if s, err := tracker.Observe(context.Background(), noise(uint64(i), 28, 28)); err != nil || s.Subtask != -1 {
				t.Errorf("%+v, %v", s, err)
			}
		})
	}
	together.Wait()
	if m.frames.encodes != 8 {
		t.Error(m.frames.encodes)
	}
	m.Close()
	if _, err := tracker.Observe(t.Context(), noise(1, 28, 28)); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

// Next against the tokens of every list one by one, each weighed against those with which a list could have gone on there.
func TestNext(t *testing.T) {
	m := openTiny(t, Options{})
	ctx, frame := t.Context(), noise(1, 60, 60)
	got, err := m.Next(ctx, threeSteps, frame)
	if err != nil || len(got) != 4 {
		t.Fatal(got, err)
	}
	var all [][]int32
	for _, list := range []string{`["Reach the box.","Reach the lid.","Lift it."]`, `["Reach the lid.","Lift it."]`, `["Lift it."]`, `[]`} {
		all = append(all, m.tok.EncodeText(list))
	}
	about, err := m.layOut(ctx, "You are a spatial awareness expert.\nYour task is to observe one picture and tell which subtasks remain.\nTask name:Open the box \nOutput format: [\"subtask\", ...]", []image.Image{frame})
	if err != nil {
		t.Fatal(err)
	}
	m.calls.Done()
	for k, ids := range all {
		want := 1.0
		for i, id := range ids {
			could := map[int32]bool{}
			for _, other := range all {
				if len(other) > i && slices.Equal(other[:i], ids[:i]) {
					could[other[i]] = true
				}
			}
			here := about
			here.IDs = slices.Concat(about.IDs, ids[:i])
			total, mine := 0.0, 0.0
			for next := range could {
				z, err := m.net.Score(ctx, []model.Prompt{here}, []int32{next})
				if err != nil {
					t.Fatal(err)
				}
				e := math.Exp(float64(z[0][0]))
				total += e
				if next == id {
					mine = e
				}
			}
			want *= mine / total
		}
		if math.Abs(got[k]-want) > 1e-4 {
			t.Errorf("list %d: %v, want %v", k, got[k], want)
		}
	}
	done, err := m.Done(ctx, threeSteps.Goal, frame)
	if err != nil || math.Abs(done-got[3]) > 1e-4 {
		t.Errorf("done %v, want %v, %v", done, got[3], err)
	}
	for _, bad := range []*decompose.Plan{nil, {}, {Goal: "\xff"}} {
		if _, err := m.Next(ctx, bad, frame); !errors.As(err, new(*InputError)) {
			t.Error(err)
		}
	}
	if p, err := m.Next(ctx, &decompose.Plan{Goal: "nothing known"}, frame); err != nil || len(p) != 2 || math.Abs(p[0]+p[1]-1) > 1e-9 {
		t.Error(p, err)
	}
}

func TestReward(t *testing.T) {
	if r := Reward(State{Progress: 0.25}, State{Progress: 0.5}, 0.5); r != 0 {
		t.Error(r)
	}
	if r := Reward(State{}, State{Progress: 1}, 1); r != 1 {
		t.Error(r)
	}
}

// TestTrackRates: a scene seen at 30, 10 and 5 Hz, or with frames missing, turns at the same times; what is not due costs no work.
func TestTrackRates(t *testing.T) {
	m := openTiny(t, Options{})
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	run := func(hz float64, missing func(second float64) bool) (states []State) {
		tracker := m.Track("Open the box", &TrackOptions{Plan: threeSteps})
		for i := range int(4 * hz) {
			at := float64(i) / hz
			if missing(at) {
				continue
			}
			// Ten scenes of 0.4 seconds, of which the middle ones come again.
			s, err := tracker.ObserveAt(t.Context(), start.Add(time.Duration(at*1e9)), noise(uint64(at/0.4)%6, 28, 28))
			if err != nil {
				t.Fatal(err)
			}
			if s.Turned {
				states = append(states, s)
			}
		}
		return states
	}
	never := func(float64) bool { return false }
	want := run(5, never)
	if len(want) < 2 {
		t.Fatalf("turns: %+v", want)
	}
	for name, got := range map[string][]State{
		"30 Hz": run(30, never), "10 Hz": run(10, never),
		"a gap": run(30, func(at float64) bool { return at > 0.61 && at < 0.79 }),
	} {
		if len(got) != len(want) {
			t.Errorf("%s: %d turns, want %d", name, len(got), len(want))
			continue
		}
		for k := range got {
			if got[k].Trend != want[k].Trend || got[k].Since.Sub(want[k].Since).Abs() > defaultEvery {
				t.Errorf("%s: turn %d is %v at %v, want %v at %v", name, k, got[k].Trend, got[k].Since.Sub(start), want[k].Trend, want[k].Since.Sub(start))
			}
		}
	}
	if m.frames.encodes != 6 {
		t.Errorf("6 scenes were encoded %d times", m.frames.encodes)
	}
}

// TestTrackReset: what comes after Reset is as it was in a new tracker, and State tells of the last frame throughout.
func TestTrackReset(t *testing.T) {
	m := openTiny(t, Options{})
	tracker := m.Track("Open the box", &TrackOptions{Plan: threeSteps})
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	nothing := State{Subtask: -1}
	for round := range 2 {
		if s := tracker.State(); s != nothing {
			t.Errorf("round %d begins with %+v", round, s)
		}
		fresh := m.Track("Open the box", &TrackOptions{Plan: threeSteps})
		for i := range 5 {
			img := noise(uint64(7*round+i), 28, 28)
			now := at.Add(time.Duration(i) * defaultEvery)
			got, err1 := tracker.ObserveAt(t.Context(), now, img)
			want, err2 := fresh.ObserveAt(t.Context(), now, img)
			if got != want || tracker.State() != want || errors.Join(err1, err2) != nil {
				t.Errorf("round %d, frame %d: %+v, want %+v, %v", round, i, got, want, errors.Join(err1, err2))
			}
		}
		tracker.Reset()
	}
}
