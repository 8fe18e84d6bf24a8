// Validate measures a checkpoint on simulated episodes with true progress: pairs of frames, each asked in both orders.
//
//	go run ./examples/validate -data ../shared/episodes              # the embedded nano model
//	go run ./examples/validate -data DIR -model DIR -pairs 200
//	go run ./examples/validate -plans                                # what remains to be done, at every boundary
//
// It prints, by level and distance of the frames and for setbacks, the share of right answers when the later frame stands
// second (forward), when it stands first (inverse), their difference (Gap), and of the symmetric verdict, with its 95 %
// interval: a bootstrap over episodes, since pairs of one episode are not independent. Judges that do not look follow.
package main

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/model/nano"
)

func main() {
	log.SetFlags(0)
	data := flag.String("data", "../shared/episodes", "`folder` of simulated episodes")
	dir := flag.String("model", "", "checkpoint `directory`; empty: the embedded nano model")
	backend := flag.String("backend", "", "go, xla:cpu, xla:cuda; empty: the best one present")
	perEpisode := flag.Int("pairs", 64, "random pairs an episode, 0 = all")
	prompt := flag.String("prompt", "tag", "tag, long or cot, which describes both frames first and takes much longer")
	plans := flag.Bool("plans", false, "ask for the rest of the plan wherever an action begins, not for pairs")
	dump := flag.String("dump", "", "`file` for a JSON line a pair; empty: none")
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
	episodes, err := dataset.Simulated(disk)
	if err != nil {
		log.Fatal(err)
	}
	start := time.Now()
	if *plans {
		if err := remaining(ctx, m, disk, episodes); err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d episodes, %.0f s\n", len(episodes), time.Since(start).Seconds())
		return
	}
	options := egotsr.EvaluateOptions{Name: "the model", Prompt: dataset.Tag, Seed: 1}
	switch *prompt {
	case "long":
		options.Prompt = dataset.Long
	case "cot":
		options.Prompt, options.Explain = dataset.CoT, true
	}
	if *dump != "" {
		f, err := os.Create(*dump)
		if err != nil {
			log.Fatal(err)
		}
		defer f.Close()
		options.Dump = f
	}
	report, err := egotsr.Evaluate(ctx, m, dataset.ValidationPairs(disk, episodes, *perEpisode, 1), &options)
	if err != nil {
		log.Fatal(err)
	}
	if err := report.WriteTable(os.Stdout); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d episodes, %.0f s\n", len(episodes), time.Since(start).Seconds())
}

// remaining measures plans.
func remaining(ctx context.Context, m *egotsr.Model, disk fs.FS, episodes []dataset.Episode) error {
	boundaries, err := dataset.NewBoundaries(disk, episodes)
	if err != nil {
		return err
	}
	report, err := egotsr.EvaluatePlans(ctx, m, boundaries)
	if err != nil {
		return err
	}
	return report.WriteTable(os.Stdout)
}
