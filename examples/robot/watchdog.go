package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/examples/internal/program"
)

// cameraHz is how often the watchdog's cameras have a frame. The recordings have fewer, so each is shown several times.
const cameraHz = 30

// stopwatch is an egotsr.Meter that keeps every measurement.
type stopwatch struct {
	mu   sync.Mutex
	took map[string][]time.Duration
}

func (s *stopwatch) Record(what string, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.took[what] = append(s.took[what], took)
}

// reset forgets what warming up took.
func (s *stopwatch) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.took = map[string][]time.Duration{}
}

// watched is what came of one camera.
type watched struct {
	name   string
	shown  atomic.Int64 // the camera may outlive the loop by a moment
	looked int64
	turns  []egotsr.State
}

// watchdog follows several recordings at once, in real time, and tells how well one process keeps up with them.
func watchdog(ctx context.Context, c program.Checkpoint, data string, cameras int) error {
	episodes, _, err := dataset.Simulated(os.DirFS(data))
	if err != nil {
		return err
	}
	episodes = slices.DeleteFunc(episodes, func(e dataset.Episode) bool { return !slices.Contains(e.Regress, true) })
	if len(episodes) == 0 {
		return fmt.Errorf("%s has no episode with a setback", data)
	}
	meter := &stopwatch{took: map[string][]time.Duration{}}
	m, err := c.Open(ctx, egotsr.Options{Meter: meter})
	if err != nil {
		return err
	}
	defer m.Close()
	seen, trackers, recordings := make([]watched, cameras), make([]*egotsr.Tracker, cameras), make([]recording, cameras)
	for i := range seen {
		e := &episodes[i*len(episodes)/cameras%len(episodes)]
		seen[i].name = e.Scene + "/" + e.ID
		if recordings[i], err = recorded(data, seen[i].name); err != nil {
			return err
		}
		trackers[i] = m.Track(e.Task, &egotsr.TrackOptions{Plan: recordings[i].plan})
		if err := trackers[i].Warmup(ctx, 224, 224); err != nil {
			return err
		}
	}
	meter.reset()
	var wg sync.WaitGroup
	errs := make([]error, cameras)
	for i := range seen {
		wg.Go(func() { errs[i] = seen[i].watch(ctx, trackers[i], recordings[i]) })
	}
	wg.Wait()
	summary(seen, meter)
	return errors.Join(errs...)
}

// watch follows one camera to the end of its recording.
func (w *watched) watch(ctx context.Context, t *egotsr.Tracker, r recording) error {
	var frame image.Image
	begun, k := time.Now(), 0 // k frames of the recording were read
	camera := func(ctx context.Context) (image.Image, error) {
		select {
		case <-time.After(time.Until(begun.Add(time.Duration(w.shown.Load()) * time.Second / cameraHz))):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		for ; time.Duration(k)*framePeriod <= time.Since(begun); k++ {
			next, err := r.next()
			if err != nil {
				return nil, err
			}
			frame = next
		}
		w.shown.Add(1)
		return frame, nil
	}
	for s, err := range t.Follow(ctx, camera) {
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		w.looked++
		if s.Turned {
			w.turns = append(w.turns, s)
			fmt.Printf("%-32s %5.1f s  %s → %s\n", w.name, s.Since.Sub(begun).Seconds(), s.Was, s.Trend)
		}
	}
	return nil
}

func summary(seen []watched, meter *stopwatch) {
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "\ncamera\tframes\tlooked at\tlet go\tturns")
	for i := range seen {
		w := &seen[i]
		fmt.Fprintf(out, "%s\t%d\t%d\t%d\t%d\n", w.name, w.shown.Load(), w.looked, w.shown.Load()-w.looked, len(w.turns))
	}
	fmt.Fprintln(out, "\nwhat took\ttimes\tp50\tp99")
	for _, what := range []string{"observe", "queue", "run", "compile"} {
		took := slices.Sorted(slices.Values(meter.took[what]))
		if len(took) == 0 {
			fmt.Fprintf(out, "%s\t0\n", what)
			continue
		}
		at := func(share float64) time.Duration {
			return took[int(share*float64(len(took)-1))].Round(100 * time.Microsecond)
		}
		fmt.Fprintf(out, "%s\t%d\t%v\t%v\n", what, len(took), at(0.5), at(0.99))
	}
	out.Flush()
}
