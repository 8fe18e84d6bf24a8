package main

import (
	"flag"
	"fmt"
	"time"
)

// limits bound what one client can cost the others.
type limits struct {
	body     int64         // bytes of a request
	pixels   int           // of a frame, by its header
	frames   int           // of a request; together they have at most 16 frames' pixels
	requests int           // under way at once, waiting for the model included
	sessions int           // open at once
	time     time.Duration // of one answer, and of the arrival of a body
	idle     time.Duration // after which a session is forgotten
	drain    time.Duration // that answers under way have after SIGTERM
}

var defaults = limits{body: 32 << 20, pixels: 4 << 20, frames: 256, requests: 128, sessions: 64,
	time: 30 * time.Second, idle: 10 * time.Minute, drain: 600 * time.Millisecond}

func (l *limits) flags(f *flag.FlagSet) {
	f.Int64Var(&l.body, "body", l.body, "bytes of a request at most (413)")
	f.IntVar(&l.pixels, "pixels", l.pixels, "pixels of a frame at most, by its header; 16 times that of a request (413)")
	f.IntVar(&l.frames, "frames", l.frames, "frames of a request at most (413)")
	f.IntVar(&l.requests, "requests", l.requests, "requests under way at most (503)")
	f.IntVar(&l.sessions, "sessions", l.sessions, "sessions at most (429)")
	f.DurationVar(&l.time, "time", l.time, "time of an answer at most (504), and of the arrival of a body (408)")
	f.DurationVar(&l.idle, "idle", l.idle, "time after which a session without requests is forgotten")
	f.DurationVar(&l.drain, "drain", l.drain, "time that answers under way have after SIGTERM before they are cut (503)")
}

func (l *limits) check() error {
	if min(l.body, int64(l.pixels), int64(l.frames), int64(l.requests), int64(l.sessions), int64(l.time), int64(l.idle)) <= 0 || l.drain < 0 {
		return fmt.Errorf("limits have to be above 0: %+v", *l)
	}
	return nil
}

// frameBudget counts the pixels of one request.
type frameBudget struct{ frames, each, left int }

func (l *limits) budget() *frameBudget {
	return &frameBudget{frames: l.frames, each: l.pixels, left: 16 * l.pixels}
}

// take accounts for one frame before it is decoded.
func (b *frameBudget) take(what string, w, h int) error {
	b.frames--
	switch {
	case b.frames < 0:
		return refuse(413, what, "there are too many frames in the request")
	case w <= 0 || h <= 0:
		return refuse(422, what, "the frame has no pixels")
	case h > b.each/w:
		return refuse(413, what, fmt.Sprintf("%dx%d pixels are too many: a frame may have %d", w, h, b.each))
	case w*h > b.left:
		return refuse(413, what, "the frames of the request have too many pixels together")
	}
	b.left -= w * h
	return nil
}
