// Soak runs trackers and judges in one process for a long time, on cameras that fail in all the ways that cameras do, and tells
// whether anything grows, is lost, or comes late:
//
//	go run ./internal/soak -for 30m
//
// It prints a line a minute, and ends with status 1 where memory or goroutines grew by more than a tenth after the first minute with states, a
// state was lost, an error was not an *InputError, or a call outlived its context by more than a second.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/model/nano"
)

// counts are what happened so far.
type counts struct {
	frames, states, bad, judged, cancelled atomic.Int64
	lost, strange                          atomic.Int64 // what must not happen
	latest                                 atomic.Int64 // the longest that a call outlived its context, in nanoseconds
}

func main() {
	log.SetFlags(0)
	long := flag.Duration("for", 30*time.Minute, "how long")
	judges := flag.Int("judges", 64, "goroutines that judge pairs")
	trackers := flag.Int("trackers", 4, "trackers, each on a camera of 30 Hz")
	backend := flag.String("backend", "", "go, xla:cpu; empty: the best one present")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), *long)
	defer cancel()
	m, err := egotsr.Open(ctx, nano.FS(), &egotsr.Options{Backend: *backend})
	if err != nil {
		log.Fatal(err)
	}
	var c counts
	var all sync.WaitGroup
	for i := range *trackers {
		all.Go(func() { c.track(ctx, m, uint64(i)) })
	}
	for i := range *judges {
		all.Go(func() { c.judge(ctx, m, uint64(i)) })
	}
	failed := c.watch(ctx)
	all.Wait()
	if err := m.Close(); err != nil {
		log.Fatal(err)
	}
	if failed {
		os.Exit(1)
	}
}

// track follows one camera, which is switched off and on again from time to time.
func (c *counts) track(ctx context.Context, m *egotsr.Model, seed uint64) {
	t := m.Track("Open a drawer", nil)
	if err := t.Warmup(ctx, 224, 224); err != nil {
		c.strange.Add(1)
		return
	}
	lens := &camera{rng: rand.New(rand.NewPCG(seed, 1)), counts: c}
	for ctx.Err() == nil {
		for s, err := range t.Follow(ctx, lens.next) {
			switch {
			case err == nil:
				c.states.Add(1)
				if s != t.State() {
					c.lost.Add(1)
				}
			case errors.As(err, new(*egotsr.InputError)):
				c.bad.Add(1)
			case ctx.Err() == nil:
				c.strange.Add(1)
			}
		}
		t.Reset()
	}
}

// camera has 30 frames a second of a scene that moves, and now and then none, the same again, a black one, a torn one, or one of another size.
type camera struct {
	rng    *rand.Rand
	counts *counts
	n      int
	last   image.Image
}

func (l *camera) next(ctx context.Context) (image.Image, error) {
	wait := time.Second / 30
	chance := l.rng.IntN(1000)
	if chance < 20 {
		wait *= time.Duration(2 + l.rng.IntN(30)) // dropped frames
	}
	select {
	case <-time.After(wait):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	l.n++
	l.counts.frames.Add(1)
	switch {
	case l.n%3000 == 0:
		return nil, io.EOF
	case chance < 70 && l.last != nil:
		return l.last, nil
	case chance < 80:
		return image.NewRGBA(image.Rect(0, 0, 224, 224)), nil
	case chance < 90:
		return &image.RGBA{Rect: image.Rect(0, 0, 224, 224), Stride: 4 * 224, Pix: make([]uint8, 1000)}, nil
	case chance < 95:
		return image.NewRGBA(image.Rect(0, 0, 5, 5)), nil
	case chance < 100:
		return nil, nil
	}
	l.last = scene(l.n/6, l.rng.Uint64())
	return l.last, nil
}

// scene is a square on a noisy ground.
func scene(n int, noise uint64) image.Image {
	img := image.NewGray(image.Rect(0, 0, 224, 224))
	for i := range img.Pix {
		noise = noise*6364136223846793005 + 1442695040888963407
		img.Pix[i] = uint8(100 + noise>>60)
	}
	at := n * 3 % 180
	for y := at; y < at+40; y++ {
		for x := at; x < at+40; x++ {
			img.SetGray(x, y, color.Gray{255})
		}
	}
	return img
}

// judge asks about pairs, one time in four under a context that ends meanwhile.
func (c *counts) judge(ctx context.Context, m *egotsr.Model, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 2))
	for ctx.Err() == nil {
		p := egotsr.Pair{Task: "Open a drawer", Img1: scene(rng.IntN(60), 1), Img2: scene(rng.IntN(60), 1)}
		short, limit := ctx, time.Duration(rng.IntN(100))*time.Millisecond
		end := func() {}
		if rng.IntN(4) == 0 {
			short, end = context.WithTimeout(ctx, limit)
		}
		began := time.Now()
		_, err := m.Judge(short, p, nil)
		end()
		switch {
		case err == nil:
			c.judged.Add(1)
		case errors.Is(err, context.DeadlineExceeded):
			c.cancelled.Add(1)
			if late := time.Since(began) - limit; short != ctx && late > time.Duration(c.latest.Load()) {
				c.latest.Store(int64(late))
			}
		default:
			c.strange.Add(1)
		}
	}
}

// watch prints a line a minute, and tells whether anything went wrong.
func (c *counts) watch(ctx context.Context) (failed bool) {
	fmt.Println("minute   RSS MB  goroutines   frames   states  refused   judged  cancelled  late ms  lost  strange")
	var firstRSS, firstRoutines int
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for minute := 1; ; minute++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return failed || c.lost.Load()+c.strange.Load() > 0 || c.latest.Load() > int64(time.Second)
		}
		rss, routines := residentMB(), runtime.NumGoroutine()
		fmt.Printf("%6d %8d %11d %8d %8d %8d %8d %10d %8d %5d %8d\n", minute, rss, routines, c.frames.Load(), c.states.Load(), c.bad.Load(),
			c.judged.Load(), c.cancelled.Load(), c.latest.Load()/1e6, c.lost.Load(), c.strange.Load())
		if firstRoutines == 0 && c.states.Load() > 0 { // warming up is over
			firstRSS, firstRoutines = rss, routines
			continue
		}
		failed = failed || firstRoutines > 0 && (rss > firstRSS*11/10 || routines > firstRoutines*11/10+8)
	}
}

// residentMB is the process's resident memory, 0 where the system does not tell.
func residentMB() int {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, _ := strconv.Atoi(strings.Fields(rest)[0])
			return kb >> 10
		}
	}
	return 0
}
