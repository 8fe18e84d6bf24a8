package egotsr

import (
	"context"
	"errors"
	"image"
	"io"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestFollow: the newest frame counts, a bad one is an error and no end, and the camera's end is the loop's.
func TestFollow(t *testing.T) {
	m := openTiny(t, Options{})
	tracker := m.Track("Open the box", &TrackOptions{Every: time.Millisecond})
	shots := 0
	camera := func(ctx context.Context) (image.Image, error) {
		switch shots++; {
		case shots == 3:
			return noise(1, 5, 5), nil
		case shots > 12:
			return nil, io.EOF
		}
		time.Sleep(20 * time.Millisecond)
		return noise(uint64(shots), 28, 28), nil
	}
	states, bad := 0, 0
	for s, err := range tracker.Follow(t.Context(), camera) {
		switch {
		case err == nil:
			states++
			if s != tracker.State() {
				t.Errorf("%+v is not the tracker's state", s)
			}
		case errors.As(err, new(*InputError)):
			bad++
		default:
			t.Error(err)
		}
	}
	if states == 0 || states+bad > 12 {
		t.Errorf("%d states and %d bad frames of 12", states, bad)
	}
}

// TestFollowEnds: an error or panic of the camera, a context, and leaving the loop end it, and leave no goroutine behind.
func TestFollowEnds(t *testing.T) {
	m := openTiny(t, Options{})
	tracker := m.Track("Open the box", nil)
	before := runtime.NumGoroutine()
	broken := errors.New("lens cap")
	forever := func(ctx context.Context) (image.Image, error) {
		select {
		case <-time.After(time.Millisecond):
			return noise(1, 28, 28), nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	for range tracker.Follow(t.Context(), forever) {
		break
	}
	last := func(ctx context.Context, camera func(context.Context) (image.Image, error)) (last error) {
		for _, err := range tracker.Follow(ctx, camera) {
			last = err
		}
		return last
	}
	if err := last(t.Context(), func(context.Context) (image.Image, error) { return nil, broken }); err != broken {
		t.Error(err)
	}
	if err := last(t.Context(), func(context.Context) (image.Image, error) { panic("dropped") }); err == nil || !strings.Contains(err.Error(), "dropped") {
		t.Error(err)
	}
	soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := last(soon, forever); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	m.Close()
	if err := last(t.Context(), forever); err != ErrClosed {
		t.Error(err)
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

// counter is a Meter that counts.
type counter struct{ queued, ran, compiled, observed atomic.Int64 }

func (c *counter) Record(what string, took time.Duration) {
	map[string]*atomic.Int64{"queue": &c.queued, "run": &c.ran, "compile": &c.compiled, "observe": &c.observed}[what].Add(1)
}

// TestTrackWarmup: once two trackers are warm, nothing that they see compiles a graph.
func TestTrackWarmup(t *testing.T) {
	var c counter
	m := openTiny(t, Options{Meter: &c})
	ctx := t.Context()
	one, two := m.Track("Open the box", &TrackOptions{Plan: threeSteps, Every: -1}), m.Track("Close the lid of the box", &TrackOptions{Every: -1})
	for _, tracker := range []*Tracker{one, two} {
		if err := tracker.Warmup(ctx, 28, 28); err != nil {
			t.Fatal(err)
		}
		if s := tracker.State(); s.Trend != Unknown {
			t.Errorf("warmed up to %+v", s)
		}
		wantInput(t, tracker.Warmup(ctx, 0, 28), "frame size")
	}
	compiled, known := c.compiled.Load(), map[int]bool{}
	if compiled == 0 {
		t.Error("nothing was compiled")
	}
	for i := range 40 {
		for _, tracker := range []*Tracker{one, two} {
			known[len(tracker.attempt.known())] = true
			if _, err := tracker.Observe(ctx, noise(uint64(i*i), 28, 28)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := c.compiled.Load() - compiled; n != 0 || c.observed.Load() != 80 || c.queued.Load() < c.ran.Load() || len(known) < 3 {
		t.Errorf("%d graphs compiled, %d frames observed, %d runs queued and %d run, %v frames known", n, c.observed.Load(), c.queued.Load(), c.ran.Load(), known)
	}
}
