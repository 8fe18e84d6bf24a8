// Validate measures a checkpoint on simulated episodes with true progress: pairs of frames, each asked in both orders.
//
//	go run ./examples/validate -data ../shared/episodes              # the embedded nano model
//	go run ./examples/validate -data DIR -model DIR -pairs 200
//	go run ./examples/validate -only "Open a drawer;Press a button"  # the episodes of these tasks
//	go run ./examples/validate -plans                                # what remains to be done, at every boundary
//	go run ./examples/validate -track                                # a tracker, frame by frame
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
	"os/signal"
	"strings"
	"time"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/evaluate"
	"github.com/egotsr/egotsr/model/nano"
)

func main() {
	log.SetFlags(0)
	data := flag.String("data", "../shared/episodes", "`folder` of simulated episodes")
	dir := flag.String("model", "", "checkpoint `directory`; empty: the embedded nano model")
	backend := flag.String("backend", "", "go, xla:cpu, xla:cuda; empty: the best one present")
	perEpisode := flag.Int("pairs", 64, "random pairs an episode, 0 = all")
	prompt := flag.String("prompt", "long", "long, tag or cot, which describes both frames first and takes much longer")
	only := flag.String("only", "", "measure on these `tasks` alone; separated by semicolons; empty: on all")
	plans := flag.Bool("plans", false, "ask for the rest of the plan wherever an action begins, not for pairs")
	track := flag.Bool("track", false, "follow the episodes with a tracker, instead of pairs")
	dump := flag.String("dump", "", "`file` for a JSON line a pair; empty: none")
	full := flag.String("report", "", "`folder` for the full report; empty: only pairs, printed")
	frames := flag.Int("frames", 32, "with -report, frames of an episode that a curve has at most")
	answers := flag.String("answers", "", "with -report, a CSV `file` of another system's answers: video_path1,video_path2,task_name,target")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var checkpoint fs.FS = nano.FS()
	if *dir != "" {
		checkpoint = os.DirFS(*dir)
	}
	m, err := egotsr.Open(ctx, checkpoint, &egotsr.Options{Backend: *backend, MaxBatch: 16, FrameCache: 256})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	disk := os.DirFS(*data)
	episodes, skipped, err := dataset.Simulated(disk)
	for _, s := range skipped {
		log.Println("left out:", s)
	}
	if err != nil {
		log.Fatal(err)
	}
	if *only != "" {
		names := strings.Split(*only, ";")
		for i := range names {
			names[i] = strings.TrimSpace(names[i])
		}
		if episodes, _, err = dataset.SplitTasks(episodes, names...); err != nil {
			log.Fatal("-only: ", err)
		}
	}
	start := time.Now()
	options := evaluate.Options{Name: "the model", Seed: 1, Last: lastFrames(episodes)}
	switch *prompt {
	case "long":
		options.Prompt = dataset.Long
	case "tag":
		options.Prompt = dataset.Tag
	case "cot":
		options.Prompt, options.Explain = dataset.CoT, true
	default:
		log.Fatalf("-prompt %s: want long, tag or cot", *prompt)
	}
	pairs := dataset.ValidationPairs(disk, episodes, dataset.ValidationOptions{PerEpisode: *perEpisode, Seed: 1})
	switch {
	case *full != "":
		r := reporter{m, checkpoint, disk, episodes, pairs, *frames, *answers}
		err = r.write(ctx, *full, &options)
	case *track:
		err = follow(ctx, m, evaluate.Episodes{List: episodes, Image: pairs.Image}, options.Seed)
	case *plans:
		err = remaining(ctx, m, disk, episodes)
	default:
		err = judge(ctx, m, pairs, *dump, &options)
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d episodes, %.0f s\n", len(episodes), time.Since(start).Seconds())
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
func follow(ctx context.Context, m *egotsr.Model, on evaluate.Episodes, seed uint64) error {
	report, err := evaluate.Track(ctx, m, on, &evaluate.Options{Seed: seed})
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
