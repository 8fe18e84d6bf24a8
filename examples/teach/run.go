package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/evaluate"
	"github.com/egotsr/egotsr/examples/internal/program"
	"github.com/egotsr/egotsr/internal/page"
	"github.com/egotsr/egotsr/internal/state"
)

// run teaches, saves, and shows what has changed in a recording that was held back.
func (s *settings) run(ctx context.Context) error {
	if err := (state.Disk{}).Replaceable(s.out); err != nil { // better told now than when there is something to save
		return err
	}
	disk, demos, err := s.source.read(ctx, s.out+".frames")
	if err != nil {
		return err
	}
	if demos, err = dataset.Labelled(ctx, disk, demos, mostFrames); err != nil { // so it is with what cannot be read
		return err
	}
	demos, last, err := apart(disk, demos)
	if err != nil {
		return err
	}
	m, err := s.from.Open(ctx, egotsr.Options{MaxBatch: 16, FrameCache: 128})
	if err != nil {
		return err
	}
	defer m.Close()
	before, err := look(ctx, m, disk, last)
	if err != nil {
		return err
	}
	s.teach.Dir = s.out + ".run"
	taught, err := s.teachWithBar(ctx, m, disk, demos)
	if err != nil {
		return err
	}
	if err := m.Save(ctx, s.out); err != nil {
		return err
	}
	after, err := look(ctx, m, disk, last)
	if err != nil {
		return err
	}
	report(os.Stdout, taught, before, after)
	if err := draw(s.out+".svg", last.Task, before, after); err != nil {
		return err
	}
	fmt.Printf("%s, %s.svg\n", s.out, s.out)
	return nil
}

// What is taken of a recording, and the recordings that go well that are needed: one is held back here and another by Teach.
const (
	mostFrames = 64
	leastGood  = 3
)

// apart takes the last recording that goes well from the others, all of them labelled.
func apart(disk fs.FS, demos []dataset.Episode) (rest []dataset.Episode, last dataset.Episode, err error) {
	good, at := 0, 0
	for k, e := range demos {
		if len(e.Frames) < 2 {
			return nil, last, fmt.Errorf("recording %s has a single frame: what goes on is seen from two on", e.ID)
		}
		if _, err := dataset.NewPairs(disk, []dataset.Episode{e}, dataset.PairOptions{}); err == nil && e.Outcome != dataset.OutcomeFailed {
			good, at = good+1, k
		}
	}
	if good < leastGood {
		return nil, last, fmt.Errorf("%d recordings, in %d of which the task is done and something moves: at least %d of those are needed, one to learn from, one to choose by and one to show the result on", len(demos), good, leastGood)
	}
	return slices.Delete(slices.Clone(demos), at, at+1), demos[at], nil
}

// teachWithBar shows how much of the budget is spent.
func (s *settings) teachWithBar(ctx context.Context, m *egotsr.Model, disk fs.FS, demos []dataset.Episode) (*egotsr.Taught, error) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		bar := program.Bar(os.Stderr, "seconds")
		began, total := time.Now(), int(s.teach.Budget.Seconds())
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				bar(min(int(time.Since(began).Seconds()), total), total, "")
			case <-done:
				bar(total, total, "")
				return
			}
		}
	}()
	taught, err := m.Teach(ctx, disk, demos, &s.teach)
	close(done)
	<-ended
	if errors.Is(err, context.Canceled) {
		return nil, fmt.Errorf("interrupted; the same command goes on from %s", s.teach.Dir)
	}
	return taught, err
}

// seen is how a model sees a recording.
type seen struct {
	curve []float64
	right float64 // share of pairs
	end   float64 // probability that nothing remains at its end
}

func look(ctx context.Context, m *egotsr.Model, disk fs.FS, e dataset.Episode) (s seen, err error) {
	pairs := dataset.ValidationPairs(disk, []dataset.Episode{e}, dataset.ValidationOptions{PerEpisode: 200})
	r, err := evaluate.Pairs(ctx, m, pairs, nil)
	if err != nil {
		return s, err
	}
	s.right = right(r, evaluate.GroupAll)
	var frames []image.Image
	for _, name := range e.Frames {
		img, err := pairs.Image(name)
		if err != nil {
			return s, err
		}
		frames = append(frames, img)
	}
	if s.curve, err = m.Progress(ctx, e.Task, frames); err != nil {
		return s, err
	}
	s.end, err = m.Done(ctx, e.Task, frames[len(frames)-1])
	return s, err
}

// report prints the table.
func report(out io.Writer, t *egotsr.Taught, before, after seen) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\tbefore\tafter %d steps\n", t.Steps)
	for _, row := range []struct {
		name          string
		before, after float64
	}{
		{"right of the pairs it was chosen by", t.Before, t.After},
		{"right of the pairs of the recording held back", before.right, after.right},
		{"probability of done at its end", before.end, after.end},
	} {
		fmt.Fprintf(w, "%s\t%.1f %%\t%.1f %%\n", row.name, 100*row.before, 100*row.after)
	}
	w.Flush()
	if t.Known == t.Known { // not NaN
		fmt.Fprintf(out, "right of the pairs of tasks known before: %.1f %% afterwards\n", 100*t.Known)
	}
	if t.Steps == 0 {
		fmt.Fprintln(out, "nothing was learnt: no weights were better than those before, or there was no time for any; -v tells which")
	}
}

// draw makes a picture of both curves.
func draw(path, task string, before, after seen) error {
	line := func(name string, curve []float64) page.Series {
		s := page.Series{Name: name, Line: true, Quiet: name == "before"}
		for i, v := range curve {
			s.Points = append(s.Points, page.Point{X: float64(i), Y: v})
		}
		return s
	}
	n := float64(len(after.curve) - 1)
	p := page.Plot{
		Title:  task,
		X:      page.Axis{Name: "frame", To: n, Ticks: []page.Tick{{At: 0, Label: "0"}, {At: n, Label: fmt.Sprint(n)}}},
		Y:      page.Axis{Name: "progress", To: 1},
		Series: []page.Series{line("before", before.curve), line("after", after.curve)},
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(p.WriteSVG(f), f.Close())
}
