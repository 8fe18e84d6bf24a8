// Validate measures a checkpoint on simulated episodes with true progress: pairs of frames, each asked in both orders.
//
//	go run ./examples/validate -data ../shared/episodes              # the embedded nano model
//	go run ./examples/validate -data DIR -model DIR -pairs 200
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
	prompt := flag.String("prompt", "tag", "tag or long")
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
	options := egotsr.EvaluateOptions{Name: "the model", Prompt: dataset.Tag, Seed: 1}
	if *prompt == "long" {
		options.Prompt = dataset.Long
	}
	if *dump != "" {
		f, err := os.Create(*dump)
		if err != nil {
			log.Fatal(err)
		}
		defer f.Close()
		options.Dump = f
	}
	start := time.Now()
	report, err := egotsr.Evaluate(ctx, m, dataset.ValidationPairs(disk, episodes, *perEpisode, 1), &options)
	if err != nil {
		log.Fatal(err)
	}
	if err := report.WriteTable(os.Stdout); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d episodes, %.0f s\n", len(episodes), time.Since(start).Seconds())
}
