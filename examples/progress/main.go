// Progress draws how far a task has come in every frame of an episode: a folder of frames, or a video through ffmpeg.
//
//	go run ./examples/progress                                     # an episode and model that come with the library
//	go run ./examples/progress -task "Open a drawer" -every 10 episode.mp4
//	go run ./examples/progress -task "Open a drawer" frames/
//
// It writes progress.csv, and progress.svg for any browser, to the working directory.
package main

import (
	"context"
	"embed"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/examples/internal/program"
)

// Every third frame of a simulated Meta-World episode. The window slides back after the seventh and is opened again.
//
//go:embed frames
var frames embed.FS

func main() {
	var c program.Checkpoint
	c.Flags("model")
	task := flag.String("task", "", "name of the task")
	every := flag.Int("every", 1, "take every n-th frame")
	program.Main(func(ctx context.Context) error {
		switch {
		case flag.NArg() == 0 && *task == "":
			*task = "Push and open a window"
		case flag.NArg() > 1 || *task == "" || *every < 1:
			return errors.New("want -task, one folder or video, and -every of at least 1")
		}
		return run(ctx, c, *task, flag.Arg(0), *every)
	})
}

// run measures the frames of a source; of the embedded episode where it is empty.
func run(ctx context.Context, c program.Checkpoint, task, source string, every int) error {
	images, err := load(ctx, source, every)
	if err != nil {
		return err
	}
	m, err := c.Open(ctx, egotsr.Options{})
	if err != nil {
		return err
	}
	defer m.Close()
	curve, err := m.Progress(ctx, task, images)
	if err != nil {
		return err
	}
	turned := turns(curve)
	if err := errors.Join(writeCSV("progress.csv", curve, every), draw("progress.svg", task, curve, turned, images, every)); err != nil {
		return err
	}
	fmt.Printf("%d frames of %q: progress.csv, progress.svg\n", len(curve), task)
	for _, t := range turned {
		fmt.Printf("%s after frame %d\n", t, t.at*every)
	}
	return nil
}

func writeCSV(path string, curve []float64, every int) error {
	rows := [][]string{{"frame", "progress"}}
	for i, p := range curve {
		rows = append(rows, []string{strconv.Itoa(i * every), strconv.FormatFloat(p, 'f', 4, 64)})
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(csv.NewWriter(f).WriteAll(rows), f.Close())
}
