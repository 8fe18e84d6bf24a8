// Progress draws how far a task has come in every frame of an episode: a folder of frames, or a video through ffmpeg.
//
//	go run ./examples/progress                                     # an episode and model that come with the library
//	go run ./examples/progress -task "Open a drawer" -every 10 episode.mp4
//	go run ./examples/progress -task "Open a drawer" frames/
//
// It writes progress.csv and progress.png to the working directory.
package main

import (
	"context"
	"embed"
	"encoding/csv"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/model/nano"
)

// Every third frame of a simulated Meta-World episode. The window slides back after the seventh and is opened again.
//
//go:embed frames
var frames embed.FS

func main() {
	dir := flag.String("model", "", "checkpoint `directory` in Hugging Face layout; empty: the embedded nano model")
	backend := flag.String("backend", "", "go, xla:cpu, xla:cuda; empty: the best one present")
	task := flag.String("task", "", "name of the task")
	every := flag.Int("every", 1, "take every n-th frame")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *dir, *backend, *task, *every, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "progress:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir, backend, task string, every int, args []string) error {
	if len(args) > 1 || len(args) == 1 && task == "" || every < 1 {
		return fmt.Errorf("want -task, one folder or video, and -every of at least 1")
	}
	var source string
	if len(args) == 1 {
		source = args[0]
	} else if task == "" {
		task = "Push and open a window"
	}
	images, err := load(ctx, source, every)
	if err != nil {
		return err
	}
	checkpoint := nano.FS()
	if dir != "" {
		checkpoint = os.DirFS(dir)
	}
	m, err := egotsr.Open(ctx, checkpoint, &egotsr.Options{Backend: backend})
	if err != nil {
		return err
	}
	defer m.Close()
	curve, err := m.Progress(ctx, task, images)
	if err != nil {
		return err
	}
	if err := writeCSV("progress.csv", curve, every); err != nil {
		return err
	}
	if err := draw("progress.png", task, curve, every); err != nil {
		return err
	}
	fmt.Printf("%d frames of %q: progress.csv, progress.png\n", len(curve), task)
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
	defer f.Close()
	if err := csv.NewWriter(f).WriteAll(rows); err != nil {
		return err
	}
	return f.Close()
}

func draw(path, task string, curve []float64, every int) error {
	p := plot.New()
	p.Title.Text = task
	p.X.Label.Text, p.Y.Label.Text = "frame", "progress"
	p.Y.Min, p.Y.Max = 0, 1
	points := make(plotter.XYs, len(curve))
	for i, y := range curve {
		points[i] = plotter.XY{X: float64(i * every), Y: y}
	}
	line, dots, err := plotter.NewLinePoints(points)
	if err != nil {
		return err
	}
	p.Add(plotter.NewGrid(), line, dots)
	return p.Save(16*vg.Centimeter, 9*vg.Centimeter, path)
}
