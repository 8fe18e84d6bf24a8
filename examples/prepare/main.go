// Prepare turns raw observations into training samples: recordings → clips of single actions → pairs of frames for the
// four stages of the curriculum, with statistics and a contact sheet to look at.
//
//	go run ./examples/prepare -data ../shared/episodes -every 1 -out runs/data
//	go run ./examples/prepare -data DIR-OF-AGIBOT-SCENES -out runs/data
//	go run ./examples/prepare -lerobot DIR -out runs/data
//
// DIR holds observation/<scene>/<episode>/<camera>.mp4 (or folders of frames) and task_info/<scene>.json. OUT gets
// clips/ and episodes/ in the layout of EgoTSR-Short, cot.jsonl, tag.jsonl, long.jsonl and general.jsonl, and sheet.png.
// Run again, it does only what is missing. Nothing in DIR is touched. Videos need ffmpeg.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/dataset/clips"
	"github.com/egotsr/egotsr/dataset/cot"
	"github.com/egotsr/egotsr/dataset/lerobot"
)

func main() {
	log.SetFlags(0)
	data := flag.String("data", "", "`folder` of observation/ and task_info/")
	robot := flag.String("lerobot", "", "`folder` of a LeRobotDataset v3, instead of -data")
	out := flag.String("out", "runs/data", "where clips and samples go")
	every := flag.Int("every", 10, "keep one frame in so many")
	camera := flag.String("camera", "", "the only `camera` wanted; empty: all, each in folders of its own")
	perEpisode := flag.Int("pairs", 64, "pairs an episode and stage")
	seed := flag.Uint64("seed", 1, "of the pairs")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	recordings, err := read(*data, *robot)
	if err != nil {
		log.Fatal(err)
	}
	report, err := clips.Prepare(ctx, recordings, *out, &clips.Options{Every: *every, Camera: *camera, Progress: bar()})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report)
	if report.Frames == 0 {
		log.Fatal("nothing to make samples of")
	}
	disk := os.DirFS(*out)
	episodes, err := dataset.Short(disk)
	if err != nil {
		log.Fatal(err)
	}
	episodes, refused := egotsr.Possible(episodes)
	for _, err := range refused {
		log.Println("annotated in an order that is impossible, left out:", err)
	}
	var counts []count
	for _, s := range stages {
		src, err := s.source(*out, episodes, *perEpisode, *seed)
		if err != nil {
			log.Fatalf("stage %s: %v", s.name, err)
		}
		c, err := write(ctx, filepath.Join(*out, s.name+".jsonl"), s, src, episodes)
		if err != nil {
			log.Fatalf("stage %s: %v", s.name, err)
		}
		counts = append(counts, c)
	}
	table(os.Stdout, counts)
	if err := sheet(filepath.Join(*out, "sheet.png"), disk); err != nil {
		log.Fatal(err)
	}
	fmt.Println("a look at them:", filepath.Join(*out, "sheet.png"))
}

// bar draws how far clips are, where somebody may be looking; nil elsewhere.
func bar() func(done, total int) {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return nil
	}
	var b *progressbar.ProgressBar
	return func(done, total int) {
		if b == nil {
			b = progressbar.Default(int64(total), "clips")
		}
		_ = b.Set(done) // a bar that cannot be drawn is no reason to stop
	}
}

// read lists the recordings; episodes that cannot be used are told of and left out.
func read(data, robot string) ([]clips.Recording, error) {
	if robot != "" {
		return lerobot.Recordings(robot)
	}
	if data == "" {
		return nil, errors.New("-data or -lerobot is needed")
	}
	recordings, skipped, err := clips.AgiBot(data)
	for _, s := range skipped {
		log.Println("left out:", s)
	}
	return recordings, err
}

// stages are what each part of the curriculum learns from: CoT and Tag see single actions, LongTag whole subtasks apart,
// General everything and questions that have no answer.
var stages = []stage{
	{"cot", dataset.CoT, dataset.PairOptions{Level: dataset.LevelShort}},
	{"tag", dataset.Tag, dataset.PairOptions{Level: dataset.LevelShort, Windows: []int{3, 11}}},
	{"long", dataset.Long, dataset.PairOptions{Level: dataset.LevelLong, Windows: []int{3, 11}}},
	{"general", dataset.Long, dataset.PairOptions{NoChangeShare: 0.05, WrongTaskShare: 0.05}},
}

type stage struct {
	name   string
	prompt dataset.Prompt
	pairs  dataset.PairOptions
}

func (s stage) source(out string, episodes []dataset.Episode, perEpisode int, seed uint64) (dataset.Source, error) {
	o := s.pairs
	o.Seed, o.Both, o.PairsPerGroup = seed, true, 8
	o.Groups = max(1, len(episodes)*perEpisode/o.PairsPerGroup)
	return dataset.NewPairs(os.DirFS(out), episodes, o)
}

// write makes one stage's file, whole or not at all, and counts what is in it. CoT gets descriptions made from the
// annotations; pairs they cannot tell apart are left out.
func write(ctx context.Context, path string, s stage, src dataset.Source, episodes []dataset.Episode) (c count, err error) {
	c = newCount(s.name)
	err = replace(path, func(f io.Writer) error {
		w := dataset.NewWriter(f, dataset.JSONL)
		put := func(x dataset.Sample) error {
			x.Prompt = s.prompt
			c.add(x)
			return w.Write(x)
		}
		if s.prompt == dataset.CoT {
			var stats cot.Stats
			for x, err := range cot.Fill(ctx, cot.Annotations(episodes), src, cot.Options{}, &stats) {
				if err == nil {
					err = put(x)
				}
				if err != nil {
					return err
				}
			}
			c.rejected = stats.Rejected
			return w.Close()
		}
		for i := range src.Len() {
			if err := ctx.Err(); err != nil {
				return err
			}
			x, err := src.At(i)
			if err == nil {
				err = put(x)
			}
			if err != nil {
				return err
			}
		}
		return w.Close()
	})
	return c, err
}

// replace writes a file under a temporary name first, so that it is never there by half.
func replace(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".writing-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := errors.Join(f.Chmod(0o644), write(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
