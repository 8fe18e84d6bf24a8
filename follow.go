package egotsr

import (
	"context"
	"errors"
	"image"
	"io"
	"iter"
	"time"

	"github.com/egotsr/egotsr/internal/foreign"
)

// Follow observes the newest frame that a camera has, as often as frames are due and the model keeps up, and yields the state after
// each. camera is called in a goroutine of its own, one call after the other, and waits for its next frame; frames that come while one
// is being observed give way to the newest. Calls to it have ctx's values, and end with it or with the loop.
//
// A frame that cannot be taken is yielded as an error, and the loop goes on. An error of the camera's is the last; io.EOF ends the loop
// without one. The loop does not end when the task is Done: that is for its body to decide.
func (t *Tracker) Follow(ctx context.Context, camera func(context.Context) (image.Image, error)) iter.Seq2[State, error] {
	return func(yield func(State, error) bool) {
		if camera == nil {
			yield(t.State(), &InputError{What: "camera", Reason: "is nil"})
			return
		}
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
		// On a goroutine of ours a panic of the camera's would end the process.
		frame, err := foreign.Do("the camera", func() (image.Image, error) { return camera(ctx) })
		s := shot{time.Now(), frame, err}
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
