// Teach makes a checkpoint good at a task of which there are a few recordings.
//
//	go run ./examples/teach -data RECORDINGS -task "Close the box" -out taught
//	go run ./examples/teach -lerobot DIR -out taught              # or -mcap, -rosbag, -hdf5 FILE, with -task where the file has none
//	go run ./examples/teach -measure TASKS -known ../shared/episodes
//
// RECORDINGS holds a folder of frames, or a video, for each recording; those in RECORDINGS/failed show how it goes wrong. Or it is a
// folder of simulated episodes, whose costs are then used. The checkpoint in -out opens with egotsr.Open and loads in transformers. Beside it come a table of
// before and after, and OUT.svg with both curves of the last recording, which is held back from all learning.
//
// -measure is how well that works: TASKS has a folder for each task, with simulated episodes in demos/, failures/ and held/.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"os"
	"time"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/examples/internal/program"
)

func main() {
	log.SetFlags(log.Ltime)
	var s settings
	s.from.Flags("from")
	s.data.flags()
	flag.StringVar(&s.out, "out", "runs/taught", "`folder` of the checkpoint that is made; beside it the run is kept, to go on with")
	flag.DurationVar(&s.teach.Budget, "budget", 10*time.Minute, "`time` that all of it may take")
	flag.BoolVar(&s.teach.LoRA, "lora", false, "train adapters; large checkpoints are taught so anyway")
	flag.Uint64Var(&s.teach.Seed, "seed", 0, "of the order of questions")
	flag.StringVar(&s.measure.dir, "measure", "", "`folder` of tasks to measure on")
	flag.StringVar(&s.measure.known, "known", "", "`folder` of simulated episodes of known tasks, for -measure")
	flag.StringVar(&s.measure.only, "only", "*", "`pattern` of the tasks' folders, for -measure")
	flag.IntVar(&s.measure.demos, "demos", 10, "`number` of demonstrations, for -measure")
	flag.IntVar(&s.measure.failures, "failures", 0, "`number` of failures among them, in the place of as many successes, for -measure")
	flag.BoolVar(&s.measure.bare, "bare", false, "nothing is known of the recordings but how they ended, for -measure")
	verbose := flag.Bool("v", false, "tell how it goes")
	program.Main(func(ctx context.Context) error {
		if *verbose {
			s.teach.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
		}
		if s.measure.dir != "" {
			return s.measureAll(ctx)
		}
		return s.run(ctx)
	})
}

// settings are what the command line says.
type settings struct {
	from    program.Checkpoint
	data    data
	out     string
	teach   egotsr.TeachOptions
	measure measure
}

func (s *settings) run(ctx context.Context) error { return errors.New("TODO " + fmt.Sprint(s.out)) }

type data struct{}

func (d *data) flags() {}
