// Judge asks a checkpoint which of two frames is closer to completing a task.
//
//	go run ./examples/judge                                             # frames and model that come with the library
//	go run ./examples/judge -task "Open a drawer" before.jpg after.jpg
//	go run ./examples/judge -model DIR -backend xla:cpu -task "…" a.png b.png
package main

import (
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/examples/internal/program"
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

// prompts have names; any other text is a prompt itself. The empty one is the default, which -explain may change.
var prompts = map[string]dataset.Prompt{"long": "", "tag": dataset.Tag, "cot": dataset.CoT}

func main() {
	var c program.Checkpoint
	c.Flags("model")
	task := flag.String("task", "", "name of the task that the two frames on the command line belong to")
	prompt := flag.String("prompt", "long", "long, tag, cot, or a prompt of your own with {task_name}")
	explain := flag.Bool("explain", false, "describe the frames first, and print the text")
	program.Main(func(ctx context.Context) error {
		pairs, truths, err := load(*task, flag.Args())
		if err != nil {
			return err
		}
		words, named := prompts[*prompt]
		if !named {
			words = dataset.Prompt(*prompt)
		}
		return run(ctx, c, pairs, truths, &egotsr.JudgeOptions{Prompt: words, Explain: *explain})
	})
}

func run(ctx context.Context, c program.Checkpoint, pairs []egotsr.Pair, truths []string, opts *egotsr.JudgeOptions) error {
	m, err := c.Open(ctx, egotsr.Options{})
	if err != nil {
		return err
	}
	defer m.Close()
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TASK\tCLOSER\tTRUTH\tP(IMG1)\tDISAGREEMENT\tTIME")
	var texts strings.Builder
	for i, p := range pairs {
		start := time.Now()
		j, err := m.Judge(ctx, p, opts)
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "%s\t%v\t%s\t%.3f\t%.3f\t%v\n", p.Task, j.Closer, truths[i], j.PImg1, j.Disagreement, time.Since(start).Round(time.Millisecond))
		if opts.Explain {
			fmt.Fprintf(&texts, "\n%s\n%s\n", p.Task, j.Raw)
		}
	}
	err = table.Flush()
	fmt.Print(texts.String())
	return err
}

// load gives the pair on the command line, or else the samples, and which frame is known to be closer.
func load(task string, files []string) (pairs []egotsr.Pair, truths []string, err error) {
	if len(files) == 0 && task == "" {
		for _, s := range samples {
			before, err1 := vision.Read(frames, "frames/"+s.name+"-a.jpg")
			after, err2 := vision.Read(frames, "frames/"+s.name+"-b.jpg")
			err = errors.Join(err, err1, err2)
			pairs, truths = append(pairs, egotsr.Pair{Task: s.task, Img1: before, Img2: after}), append(truths, s.truth)
		}
		return pairs, truths, err
	}
	if len(files) != 2 || strings.TrimSpace(task) == "" {
		return nil, nil, fmt.Errorf("want -task and two image files, got %d files", len(files))
	}
	before, err1 := vision.ReadFile(files[0])
	after, err2 := vision.ReadFile(files[1])
	return []egotsr.Pair{{Task: task, Img1: before, Img2: after}}, []string{"?"}, errors.Join(err1, err2)
}
