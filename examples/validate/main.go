// Validate measures a checkpoint on simulated episodes with true progress: pairs of frames, each asked in both orders.
//
//	go run ./examples/validate -data ../shared/episodes              # the embedded nano model
//	go run ./examples/validate -data DIR -model DIR -pairs 200
//	go run ./examples/validate -only "Open a drawer;Press a button"  # the episodes of these tasks
//	go run ./examples/validate -plans                                # what remains to be done, at every boundary
//	go run ./examples/validate -track                                # a tracker, frame by frame
//	go run ./examples/validate -track -camera 640x480@30             # the same, seen through a webcam
//	go run ./examples/validate -track -demo ../shared/episodes       # with one demonstration of each task beside without
//	go run ./examples/validate -report DIR                           # all there is to measure, as a page, JSON and table
//	go run ./examples/validate -report DIR -answers theirs.csv       # beside the answers of another system
//
// It prints, by level and distance of the frames and for setbacks, the share of right answers when the later frame stands
// second (forward), when it stands first (inverse), their difference (Gap), and of the symmetric verdict, with its 95 %
// interval: a bootstrap over episodes, since pairs of one episode are not independent. Judges that do not look follow, and
// one that compares pixels with the episode's last frame.
//
// A report has besides: progress curves against the truth, success detection, and plans. It writes report.html, which
// needs no other file, report.json, report.txt, and items.jsonl with a line a pair.
package main

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"os"
	"time"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/evaluate"
	"github.com/egotsr/egotsr/examples/internal/program"
)

// settings are what the command line says.
type settings struct {
	model        program.Checkpoint
	data, only   string
	perEpisode   int
	prompt       string
	plans, track bool
	camera       string // of another kind, or ""
	demo         string // a folder, or ""
	dump         string
	report       string // a folder, or ""
	frames       int
	answers      string // a file, or ""
}

func main() {
	log.SetFlags(0)
	var s settings
	s.model.Flags("model")
	flag.StringVar(&s.data, "data", "../shared/episodes", "`folder` of simulated episodes")
	flag.IntVar(&s.perEpisode, "pairs", 64, "random pairs an episode, 0 = all")
	flag.StringVar(&s.prompt, "prompt", "long", "long, tag or cot, which describes both frames first and takes much longer")
	flag.StringVar(&s.only, "only", "", "measure on these `tasks` alone; separated by semicolons; empty: on all")
	flag.BoolVar(&s.plans, "plans", false, "ask for the rest of the plan wherever an action begins, not for pairs")
	flag.BoolVar(&s.track, "track", false, "follow the episodes with a tracker, instead of pairs")
	flag.StringVar(&s.camera, "camera", "", "with -track, see the episodes through a camera of another `size@rate`, such as 640x480@30; empty: as recorded")
	flag.StringVar(&s.demo, "demo", "", "with -track, follow each episode also with a clean success of its task out of this `folder` of simulated episodes, another than itself")
	flag.StringVar(&s.dump, "dump", "", "`file` for a JSON line a pair; empty: none")
	flag.StringVar(&s.report, "report", "", "`folder` for the full report; empty: only pairs, printed")
	flag.IntVar(&s.frames, "frames", 32, "with -report, frames of an episode that a curve has at most")
	flag.StringVar(&s.answers, "answers", "", "with -report, a CSV `file` of another system's answers: video_path1,video_path2,task_name,target")
	program.Main(func(ctx context.Context) error {
		start := time.Now()
		n, err := run(ctx, s)
		if err != nil {
			return err
		}
		fmt.Printf("%d episodes, %.0f s\n", n, time.Since(start).Seconds())
		return nil
	})
}

// run measures, prints, and tells on how many episodes.
func run(ctx context.Context, s settings) (int, error) {
	words, err := program.Prompt(s.prompt)
	if err != nil {
		return 0, err
	}
	m, err := s.model.Open(ctx, egotsr.Options{MaxBatch: 16, FrameCache: 256})
	if err != nil {
		return 0, err
	}
	defer m.Close()
	disk := os.DirFS(s.data)
	episodes, err := program.Episodes(disk)
	if err != nil {
		return 0, err
	}
	if names := program.Tasks(s.only); names != nil {
		if episodes, _, err = dataset.SplitTasks(episodes, names...); err != nil {
			return 0, fmt.Errorf("-only: %w", err)
		}
	}
	options := evaluate.Options{Name: "the model", Seed: 1, Last: lastFrames(episodes), Prompt: words, Explain: s.prompt == "cot"}
	pairs := dataset.ValidationPairs(disk, episodes, dataset.ValidationOptions{PerEpisode: s.perEpisode, Seed: 1})
	switch {
	case s.report != "":
		r := reporter{m, s.model.FS(), disk, episodes, pairs, s.frames, s.answers}
		err = r.write(ctx, s.report, &options)
	case s.track:
		o := evaluate.Options{Seed: options.Seed}
		if s.demo != "" {
			if o.Demo, err = demonstrations(s.demo); err != nil {
				return 0, fmt.Errorf("-demo: %w", err)
			}
		}
		err = follow(ctx, m, s.camera, evaluate.Episodes{List: episodes, Image: pairs.Image}, &o)
	case s.plans:
		err = remaining(ctx, m, disk, episodes)
	default:
		err = judge(ctx, m, pairs, s.dump, &options)
	}
	return len(episodes), err
}

// lastFrames finds the last frame of a sample's episode.
func lastFrames(episodes []dataset.Episode) func(*dataset.Sample) string {
	last := map[[3]string]string{}
	for _, e := range episodes {
		last[[3]string{e.Scene, e.ID, e.Camera}] = e.Frames[len(e.Frames)-1]
	}
	return func(s *dataset.Sample) string { return last[[3]string{s.Scene, s.Episode, s.Camera}] }
}

// judge measures pairs alone.
func judge(ctx context.Context, m *egotsr.Model, pairs dataset.Source, dump string, options *evaluate.Options) error {
	if dump != "" {
		f, err := os.Create(dump)
		if err != nil {
			return err
		}
		defer f.Close()
		options.Dump = f
	}
	report, err := evaluate.Pairs(ctx, m, pairs, options)
	if err != nil {
		return err
	}
	return report.WriteTable(os.Stdout)
}

// follow measures the tracker alone.
func follow(ctx context.Context, m *egotsr.Model, through string, on evaluate.Episodes, o *evaluate.Options) error {
	var report *evaluate.TrackReport
	var err error
	if through == "" {
		report, err = evaluate.Track(ctx, m, on, o)
	} else {
		var c camera
		if c, err = newCamera(m, through); err == nil {
			report, err = evaluate.Track(ctx, c, on, o)
		}
	}
	if err != nil {
		return err
	}
	return report.WriteTable(os.Stdout)
}

// remaining measures plans alone.
func remaining(ctx context.Context, m *egotsr.Model, disk fs.FS, episodes []dataset.Episode) error {
	boundaries, err := dataset.NewBoundaries(disk, episodes)
	if err != nil {
		return err
	}
	report, err := evaluate.Plans(ctx, m, boundaries, nil)
	if err != nil {
		return err
	}
	return report.WriteTable(os.Stdout)
}
