// Fleet judges recordings by the thousand, as one Apache Beam pipeline:
//
//	recordings → clips → a curve of progress and verdicts on pairs of frames, for each → samples, progress files, a report
//
//	go run . -data DIR -out DIR                        # on this machine, by Beam's embedded runner, Prism
//	go run . -lerobot DIR -camera top -out DIR
//	go run . -mcap FILE -mcap FILE -task "Open a drawer" -out DIR     # or -rosbag, -hdf5
//
// OUT gets recordings/<scene>/<episode>/<camera>, a folder for each with its clips and answers.json, and result/ with progress.csv,
// samples.jsonl, dead.jsonl (what could not be used, and why) and the report. A LeRobotDataset gets its progress file too.
//
// What is in OUT depends on the recordings and the flags alone: not on how many work on them, in which order, or how often they were
// killed. Started again, it does what is missing; a finished job is left as it is. Everything appears as a whole or not at all.
//
// README.md says how other runners take it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/metrics"
	beamlog "github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/x/beamx"

	"github.com/egotsr/egotsr/evaluate"
)

func main() {
	var j Job
	var sources []Source
	for _, kind := range kinds {
		flag.Func(kind, "`path` of recordings, see README.md; any number of times", func(path string) error {
			path, err := filepath.Abs(path)
			sources = append(sources, Source{Kind: kind, Path: path})
			return err
		})
	}
	flag.StringVar(&j.Task, "task", "", "the task's `name`, for -mcap, -rosbag and -hdf5")
	flag.StringVar(&j.Topic, "task-topic", "", "or the `topic` of texts that tells it, for -mcap and -rosbag")
	flag.StringVar(&j.Camera, "camera", "", "the only `camera` wanted; empty: all")
	flag.StringVar(&j.Out, "out", "", "`folder` of the outcome, which every worker sees")
	flag.StringVar(&j.Model, "model", "", "checkpoint `directory` in Hugging Face layout, which every worker sees; empty: the embedded nano model")
	flag.StringVar(&j.Backend, "backend", "", "go, xla:cpu, xla:cuda; empty: the best one present, which is to be the same everywhere")
	flag.IntVar(&j.Every, "every", 10, "keep one frame in so many")
	flag.IntVar(&j.Frames, "frames", 64, "at most so many of a recording are placed on its curve, evenly spread")
	flag.IntVar(&j.Pairs, "pairs", 8, "pairs of a recording that are judged, a multiple of 8; 0: none")
	flag.Uint64Var(&j.Seed, "seed", 1, "of the pairs")
	flag.Float64Var(&j.Sure, "sure", 0.9, "a verdict of at least this confidence becomes a sample's label")
	flag.StringVar(&j.Name, "name", "egotsr", "of a LeRobotDataset's file, `name`_progress.parquet; empty: none is written")
	flag.IntVar(&j.Workers, "workers", runtime.NumCPU(), "recordings that a process has in hand at once")
	flag.Parse()
	register()
	beamlog.SetupLogging("warn", "text")
	beam.Init() // a worker's process ends in here
	err := fmt.Errorf("want nothing after the flags, not %q: a flag for each source", flag.Args())
	if flag.NArg() == 0 {
		err = run(context.Background(), j, sources, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "fleet:", err)
		os.Exit(1)
	}
}

// run runs the pipeline and prints the report.
func run(ctx context.Context, j Job, sources []Source, out io.Writer) error {
	if err := j.check(sources); err != nil {
		return err
	}
	for _, path := range []*string{&j.Out, &j.Model} {
		if *path == "" {
			continue
		}
		whole, err := filepath.Abs(*path) // a worker's process may begin elsewhere
		if err != nil {
			return err
		}
		*path = whole
	}
	var err error
	if j.Checkpoint, err = evaluate.HashCheckpoint(j.checkpoint()); err != nil {
		return fmt.Errorf("-model %s: %w", j.Model, err)
	}
	if err := os.MkdirAll(j.Out, 0o755); err != nil {
		return err
	}
	ran, err := beamx.RunWithMetrics(ctx, pipeline(j, sources))
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(j.Out, resultFolder, "report.txt"))
	if errors.Is(err, os.ErrNotExist) {
		return errors.New("there are no recordings")
	}
	if err != nil {
		return err
	}
	if strings.HasPrefix(string(text), "0 recordings") {
		return fmt.Errorf("no recording could be used: %s says why", filepath.Join(j.Out, resultFolder, "dead.jsonl"))
	}
	head, _, _ := strings.Cut(string(text), "\n\n")
	fmt.Fprintf(out, "%s\nThe result is in %s. This run:\n", strings.TrimSpace(head), filepath.Join(j.Out, resultFolder))
	return count(out, ran)
}

// count prints the counters of a run. A runner that tells none prints none.
func count(out io.Writer, ran beam.PipelineResult) error {
	if ran == nil {
		return nil
	}
	sums := map[string]int64{} // of what several steps have counted
	for _, c := range ran.Metrics().Query(func(r metrics.SingleResult) bool { return r.Namespace() == namespace }).Counters() {
		sums[c.Name()] += c.Result()
	}
	for _, name := range counters {
		if n, counted := sums[name]; counted {
			if _, err := fmt.Fprintf(out, "%10d %s\n", n, name); err != nil {
				return err
			}
		}
	}
	return nil
}
