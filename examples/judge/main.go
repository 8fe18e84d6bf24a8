// Judge asks a checkpoint which of two frames is closer to completing a task.
//
//	go run ./examples/judge                                             # frames and model that come with the library
//	go run ./examples/judge -task "Open a drawer" before.jpg after.jpg
//	go run ./examples/judge -model DIR -backend xla:cpu -task "…" a.png b.png
package main

import (
	"context"
	"embed"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/model/nano"
	"github.com/egotsr/egotsr/vision"
)

// Frames of simulated Meta-World episodes. In the window's pair the later frame is the second, and farther from the
// goal: the window had slid back.
//
//go:embed frames
var frames embed.FS

var samples = []struct{ name, task, truth string }{
	{"drawer", "Open a drawer", "img2"},
	{"door", "Open a door with a revolving joint", "img1"},
	{"window", "Push and open a window", "img1"},
	{"mug", "Push a mug under a coffee machine", "img2"},
}

func main() {
	dir := flag.String("model", "", "checkpoint `directory` in Hugging Face layout; empty: the embedded nano model")
	backend := flag.String("backend", "", "go, xla:cpu, xla:cuda; empty: the best one present")
	task := flag.String("task", "", "name of the task that the two frames on the command line belong to")
	prompt := flag.String("prompt", "long", "long, tag, cot, or a prompt of your own with {task_name}")
	explain := flag.Bool("explain", false, "describe the frames first, and print the text")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *dir, *backend, *task, *prompt, *explain, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "judge:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir, backend, task, prompt string, explain bool, files []string) error {
	pairs, truths, err := load(task, files)
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

	opts := &egotsr.JudgeOptions{Prompt: dataset.Prompt(prompt), Explain: explain}
	switch prompt {
	case "long":
		opts.Prompt = "" // the default, which -explain may change
	case "tag":
		opts.Prompt = dataset.Tag
	case "cot":
		opts.Prompt = dataset.CoT
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TASK\tCLOSER\tTRUTH\tP(IMG1)\tDISAGREEMENT\tTIME")
	var texts []string
	for i, p := range pairs {
		start := time.Now()
		j, err := m.Judge(ctx, p, opts)
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "%s\t%v\t%s\t%.3f\t%.3f\t%v\n", p.Task, j.Closer, truths[i], j.PImg1, j.Disagreement, time.Since(start).Round(time.Millisecond))
		if explain {
			texts = append(texts, fmt.Sprintf("\n%s\n%s", p.Task, j.Raw))
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, text := range texts {
		fmt.Println(text)
	}
	return nil
}

// load gives the pair on the command line, or else the samples, and which frame is known to be closer.
func load(task string, files []string) (pairs []egotsr.Pair, truths []string, err error) {
	if len(files) == 0 && task == "" {
		for _, s := range samples {
			p := egotsr.Pair{Task: s.task}
			if p.Img1, err = vision.Read(frames, "frames/"+s.name+"-a.jpg"); err != nil {
				return nil, nil, err
			}
			if p.Img2, err = vision.Read(frames, "frames/"+s.name+"-b.jpg"); err != nil {
				return nil, nil, err
			}
			pairs, truths = append(pairs, p), append(truths, s.truth)
		}
		return pairs, truths, nil
	}
	if len(files) != 2 || strings.TrimSpace(task) == "" {
		return nil, nil, fmt.Errorf("want -task and two image files, got %d files", len(files))
	}
	p := egotsr.Pair{Task: task}
	if p.Img1, err = vision.ReadFile(files[0]); err != nil {
		return nil, nil, err
	}
	if p.Img2, err = vision.ReadFile(files[1]); err != nil {
		return nil, nil, err
	}
	return []egotsr.Pair{p}, []string{"?"}, nil
}
