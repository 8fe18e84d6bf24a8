package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/internal/timing"
)

const task = "Pick up the red cup"

// camera gives frames none of which was seen before.
type camera int

func (c *camera) pair() egotsr.Pair {
	*c += 2
	return egotsr.Pair{Task: task, Img1: frame(int(*c)), Img2: frame(int(*c) + 1)}
}

// measurePublished times what a robot's program waits for, through the calls that it makes.
func measurePublished(dir, backend, weights string, repeats int) (f figures, err error) {
	ctx := context.Background()
	start := time.Now()
	m, err := egotsr.Open(ctx, os.DirFS(dir), &egotsr.Options{Backend: backend, Weights: weights})
	if err != nil {
		return f, err
	}
	defer m.Close()
	f.Open = time.Since(start).Seconds()
	if f.OpenRSS, err = peakMB(); err != nil {
		return f, err
	}
	var c camera
	judge := func(p egotsr.Pair, o *egotsr.JudgeOptions) error {
		j, err := m.Judge(ctx, p, o)
		if err == nil && !(j.PImg1 > 0 && j.PImg1 < 1) {
			err = fmt.Errorf("a verdict of %v: the random weights are no good", j.PImg1)
		}
		return err
	}
	if f.First, err = within(1, func() error { return judge(c.pair(), nil) }); err != nil {
		return f, err
	}
	if f.BothOrders, err = within(repeats, func() error { return judge(c.pair(), nil) }); err != nil {
		return f, err
	}
	seen := c.pair()
	if err := judge(seen, nil); err != nil {
		return f, err
	}
	if f.Text, err = within(repeats, func() error { return judge(seen, nil) }); err != nil {
		return f, err
	}
	one := &egotsr.JudgeOptions{SingleOrder: true}
	if backend != "go" {
		if err := judge(c.pair(), one); err != nil { // compiles
			return f, err
		}
	}
	if f.Verdict, err = within(repeats, func() error { return judge(c.pair(), one) }); err != nil {
		return f, err
	}
	if f.BothOrders < patience.Seconds() {
		if f.Frame, err = follow(ctx, m, repeats); err != nil {
			return f, err
		}
	}
	f.RSS, err = peakMB()
	return f, err
}

// follow times a tracker's frame when it has four to compare with. Those before it compile what it takes.
func follow(ctx context.Context, m *egotsr.Model, repeats int) (float64, error) {
	t := m.Track(task, &egotsr.TrackOptions{Every: -1})
	i := 0
	observe := func() error {
		i++
		_, err := t.Observe(ctx, frame(128+i))
		return err
	}
	for range 5 {
		if err := observe(); err != nil {
			return 0, err
		}
	}
	return within(repeats, observe)
}

// patience is, as in scripts/timing.py, how long one measure is repeated, and what a verdict may take for a tracker to be tried, which asks for many.
const patience = time.Minute

// within is the median of n calls, or of as many as fit into a minute.
func within(n int, f func() error) (float64, error) {
	return timing.Median(n, patience, f)
}
