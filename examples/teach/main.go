// Teach makes a checkpoint good at a task of which there are a few recordings.
//
//	go run ./examples/teach -data RECORDINGS -task "Close the box" -out taught
//	go run ./examples/teach -lerobot DIR -out taught              # or -mcap, -rosbag, -hdf5 FILE, with -task where the file has none
//	go run ./examples/teach -measure TASKS -known ../shared/episodes
//
// RECORDINGS holds a folder of frames, or a video, for each recording, three at least; those in RECORDINGS/failed show how it goes wrong. Or it is
// a folder of simulated episodes, of which costs and outcomes are then known. The checkpoint in -out opens with egotsr.Open and loads in
// transformers. The last recording that goes well is held back from all of it: a table says how it is judged before and after, and OUT.svg
// draws it. OUT.run has the run, which goes on with the same command where it was interrupted; OUT.frames has what was decoded.
//
// With -measure it is measured how well that works: TASKS has a folder for each task, with simulated episodes in demos/, failures/ and held/.
package main

import (
	"context"
	"flag"
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
	s.source.flags()
	flag.StringVar(&s.out, "out", "taught", "`folder` of the checkpoint that is made")
	flag.DurationVar(&s.teach.Budget, "budget", 10*time.Minute, "`time` that it may take")
	flag.BoolVar(&s.teach.LoRA, "lora", false, "train adapters; large checkpoints are taught so anyway")
	flag.Uint64Var(&s.teach.Seed, "seed", 0, "of the order of questions")
	s.measure.flags()
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
	source  source
	out     string
	teach   egotsr.TeachOptions
	measure measure
}
