package main

import (
	"context"
	"fmt"
	"image"
	"image/draw"
	"math"
	"time"

	"github.com/egotsr/egotsr"
)

// camera is a Tracker that sees the episodes through another camera: frames of another shape, in which the recorded one stands in the
// middle between bars, as often a second as the camera has them. Its trends are counted by its clock.
type camera struct {
	m    *egotsr.Model
	size image.Point
	hz   float64
}

// newCamera reads "640x480@30".
func newCamera(m *egotsr.Model, text string) (camera, error) {
	c := camera{m: m}
	_, err := fmt.Sscanf(text, "%dx%d@%g", &c.size.X, &c.size.Y, &c.hz)
	if err != nil || c.size.X < 28 || c.size.Y < 28 || c.size.X > 1<<13 || c.size.Y > 1<<13 || !(c.hz > 0 && c.hz <= 1000) {
		return c, fmt.Errorf("-camera %q: want something like 640x480@30", text)
	}
	return c, nil
}

func (c camera) Track(task string, o *egotsr.TrackOptions) *through {
	t := &egotsr.TrackOptions{Plan: o.Plan}
	for _, f := range o.Demo {
		t.Demo = append(t.Demo, c.fit(f))
	}
	return &through{camera: c, tracker: c.m.Track(task, t)}
}

// through is a tracker behind such a camera.
type through struct {
	camera
	tracker *egotsr.Tracker
	before  time.Time
	shown   image.Image
}

// ObserveAt shows the frame before as long as it is the newest, then this one once.
func (t *through) ObserveAt(ctx context.Context, at time.Time, frame image.Image) (egotsr.State, error) {
	step := time.Duration(float64(time.Second) / t.hz)
	if t.shown != nil {
		for t.before = t.before.Add(step); at.Sub(t.before) > step/2; t.before = t.before.Add(step) {
			if s, err := t.tracker.ObserveAt(ctx, t.before, t.shown); err != nil {
				return s, err
			}
		}
	}
	if t.shown != nil && t.before.Sub(at) > step/2 { // a camera so slow does not see this one
		t.before = t.before.Add(-step)
		return t.tracker.State(), nil
	}
	t.before, t.shown = at, t.fit(frame)
	return t.tracker.ObserveAt(ctx, at, t.shown)
}

// fit scales a frame to the camera's height, or width, by whole pixels, and puts it in the middle.
func (c camera) fit(frame image.Image) image.Image {
	b := frame.Bounds()
	scale := math.Min(float64(c.size.X)/float64(b.Dx()), float64(c.size.Y)/float64(b.Dy()))
	w, h := int(math.Round(scale*float64(b.Dx()))), int(math.Round(scale*float64(b.Dy())))
	if b.Size() == c.size {
		return frame
	}
	out := image.NewRGBA(image.Rectangle{Max: c.size})
	draw.Draw(out, out.Bounds(), image.Black, image.Point{}, draw.Src)
	left, top := (c.size.X-w)/2, (c.size.Y-h)/2
	for y := range h {
		for x := range w {
			out.Set(left+x, top+y, frame.At(b.Min.X+x*b.Dx()/w, b.Min.Y+y*b.Dy()/h))
		}
	}
	return out
}
