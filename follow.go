package egotsr

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"iter"
	"time"
)

// Follow observes the newest frame that a camera has, as often as frames are due and the model keeps up, and yields the state after
// each. camera is called in a goroutine of its own, one call after the other, and waits for its next frame; frames that come while one
// is being observed give way to the newest. Calls to it have ctx's values, and end with it or with the loop.
//
// A frame that cannot be taken is yielded as an error, and the loop goes on. An error of the camera's is the last; io.EOF ends the loop
// without one. The loop does not end when the task is Done: that is for its body to decide.
func (t *Tracker) Follow(ctx context.Context, camera func(context.Context) (image.Image, error)) iter.Seq2[State, error] {
	return func(yield func(State, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		newest := make(chan shot, 1)
		go shoot(ctx, camera, newest)
		for {
			var s shot
			select {
			case s = <-newest:
			case <-ctx.Done():
				yield(t.State(), ctx.Err())
				return
			}
			if s.err != nil {
				if !errors.Is(s.err, io.EOF) {
					yield(t.State(), s.err)
				}
				return
			}
			state, due, err := t.observe(ctx, s.at, s.frame)
			last := errors.Is(err, ErrClosed) || ctx.Err() != nil
			if (due || err != nil) && !yield(state, err) || last {
				return
			}
		}
	}
}

// shot is a frame as it comes from a camera.
type shot struct {
	at    time.Time
	frame image.Image
	err   error
}

// shoot puts frames where the newest is waited for, until the camera ends.
func shoot(ctx context.Context, camera func(context.Context) (image.Image, error), newest chan shot) {
	for ctx.Err() == nil {
		s := take(ctx, camera)
		select {
		case <-newest: // nobody has looked at it
		default:
		}
		newest <- s
		if s.err != nil {
			return
		}
	}
}

// take waits for a frame. The camera is foreign code, on a goroutine where a panic would end the process.
func take(ctx context.Context, camera func(context.Context) (image.Image, error)) (s shot) {
	defer func() {
		if p := recover(); p != nil {
			s.err = fmt.Errorf("egotsr: the camera panicked: %v", p)
		}
	}()
	s.frame, s.err = camera(ctx)
	s.at = time.Now()
	return s
}
