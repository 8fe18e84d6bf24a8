// Robot is a control loop that looks where it is going: five times a second it takes a frame, asks a tracker how the task
// stands, stops once it is done, and calls a hook when the task slips back.
//
//	go run ./examples/robot                                          # a recorded episode of ../shared/episodes
//	go run ./examples/robot -data DIR -episode drawer-open-v3/1801043 -out overlay.gif
//	go run ./examples/robot -frames DIR -task "Open a drawer"        # a folder of frames
//	go run ./examples/robot -task "Open a drawer" -live "python scripts/robot_live.py drawer-open-v3"
//	go run ./examples/robot -cameras 2                               # two robots watched at once, at 30 Hz
//
// A live robot is a program that writes frames to its standard output, each a JPEG or PNG after its length in four bytes,
// big-endian; it gets a line for every frame on its standard input, such as "advancing 0.43", and "done 1.00" at last. Then its
// input ends, and if it does not end soon after, it is killed.
//
// On a terminal it shows a live view, elsewhere a line a frame. It writes the episode with its curve as an animated GIF, of a
// long one every second picture, or every fourth, and so on.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/examples/internal/program"
)

func main() {
	var c program.Checkpoint
	c.Flags("model")
	data := flag.String("data", "../shared/episodes", "`folder` of simulated episodes")
	episode := flag.String("episode", "", "`scene/id` of an episode in it; empty: the first that has a setback")
	frames := flag.String("frames", "", "`folder` of .jpg and .png frames in the order of the numbers in their names, instead of an episode")
	live := flag.String("live", "", "`command` of a robot, instead of an episode")
	task := flag.String("task", "", "name of the task, for -frames and -live")
	hz := flag.Float64("hz", 5, "frames a second; 0: as fast as they come")
	out := flag.String("out", "robot.gif", "`file` for the episode with its curve; empty: none")
	cameras := flag.Int("cameras", 0, "so many cameras at once, each on an episode of -data shown at 30 Hz: the watchdog, instead of the loop")
	program.Main(func(ctx context.Context) error {
		if *cameras > 0 {
			return watchdog(ctx, c, *data, *cameras)
		}
		var r recording
		var err error
		switch {
		case *live != "":
			r, err = robot(ctx, *live, *task)
		case *frames != "":
			r, err = folder(*frames, *task)
		default:
			r, err = recorded(*data, *episode)
		}
		if err != nil {
			return err
		}
		m, err := c.Open(ctx, egotsr.Options{})
		if err != nil {
			return errors.Join(err, r.close())
		}
		defer m.Close()
		return run(ctx, m, r, *hz, *out)
	})
}

// run goes through a recording. Whatever ends it, an interrupt or a robot that fails, what was seen until then is written.
func run(ctx context.Context, m *egotsr.Model, r recording, hz float64, out string) error {
	var o *overlay
	if out != "" {
		o = &overlay{task: r.task, stride: 1}
	}
	err := errors.Join(control(ctx, m, r, hz, o), r.close())
	if o != nil && len(o.pictures) > 0 {
		err = errors.Join(err, o.write(out))
	}
	return err
}

// control is the loop; o, which may be nil, gets what it sees. The hook is where a robot's own code would open its gripper, go back and try again.
func control(ctx context.Context, m *egotsr.Model, r recording, hz float64, o *overlay) error {
	tracker := m.Track(r.task, &egotsr.TrackOptions{Plan: r.plan})
	var tick <-chan time.Time
	if hz > 0 {
		t := time.NewTicker(time.Duration(float64(time.Second) / min(max(hz, 1e-3), 1e3)))
		defer t.Stop()
		tick = t.C
	}
	begun := time.Now()
	for i := 0; ; i++ {
		frame, err := r.next()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, io.EOF) {
			fmt.Println("\nthe frames have come to an end")
			return nil
		}
		if err != nil {
			return err
		}
		at := time.Now()
		if r.every > 0 { // a recording's own clock, however fast it is played
			at = begun.Add(time.Duration(i) * r.every)
		}
		now, err := tracker.ObserveAt(ctx, at, frame)
		if err != nil {
			return err
		}
		if o != nil {
			o.add(frame, now, r.text(now))
		}
		show(i, now, r.text(now))
		r.tell(now)
		switch {
		case now.Trend == egotsr.Done:
			fmt.Printf("\ndone after %d frames: the robot stops\n", i+1)
			return nil
		case now.Turned && now.Trend == egotsr.Regressing:
			onRegressing(i, now)
		}
		if tick != nil {
			select {
			case <-tick:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

func onRegressing(frame int, s egotsr.State) {
	fmt.Printf("\nframe %d: the task slips back (sure to %.0f %%); here the robot would try again\n", frame, 100*s.Confidence)
}

// show is the live view.
func show(i int, s egotsr.State, subtask string) {
	const width = 30
	full := int(s.Progress*width + 0.5)
	bar := strings.Repeat("█", full) + strings.Repeat("░", width-full)
	line := fmt.Sprintf("%4d %s %3.0f %% %-10s %3.0f %%  %s", i, bar, 100*s.Progress, s.Trend, 100*s.Confidence, subtask)
	if program.Terminal(os.Stdout) {
		fmt.Printf("\r\x1b[K%s", line)
	} else {
		fmt.Println(line)
	}
}
