// Prepare turns raw observations into training samples: recordings → clips of single actions → pairs of frames for the
// four stages of the curriculum, with statistics and a contact sheet to look at.
//
//	go run ./examples/prepare -data ../shared/episodes -every 1 -out runs/data
//	go run ./examples/prepare -data DIR-OF-AGIBOT-SCENES -out runs/data
//	go run ./examples/prepare -lerobot DIR -out runs/data
//	go run ./examples/prepare -mcap FILE -task "Open a drawer" -out runs/data     # or -rosbag, -hdf5
//	go run ./examples/prepare -data DIR -out runs/data -describe http://localhost:8000/v1 -model NAME
//
// DIR holds observation/<scene>/<episode>/<camera>.mp4 (or folders of frames) and task_info/<scene>.json. OUT gets
// clips/ and episodes/ in the layout of EgoTSR-Short, cot.jsonl, tag.jsonl, long.jsonl and general.jsonl, and sheet.png.
// Run again, it does only what is missing, and a file in OUT that would become another is an error. Nothing in DIR is touched. Videos need ffmpeg. The descriptions for CoT are made
// from the annotations, or with -describe by a vision model, whose answers are kept in OUT/cot.spool.
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/dataset/clips"
	"github.com/egotsr/egotsr/dataset/cot"
	"github.com/egotsr/egotsr/decompose"
	"github.com/egotsr/egotsr/examples/internal/program"
	"github.com/egotsr/egotsr/examples/internal/recordings"
)

func main() {
	data := flag.String("data", "", "`folder` of observation/ and task_info/")
	var f recordings.Files
	f.Flags()
	out := flag.String("out", "runs/data", "where clips and samples go")
	every := flag.Int("every", 10, "keep one frame in so many")
	camera := flag.String("camera", "", "the only `camera` wanted; empty: all, each in folders of its own")
	perEpisode := flag.Int("pairs", 64, "pairs an episode and stage")
	seed := flag.Uint64("seed", 1, "of the pairs")
	describe := flag.String("describe", "", "who describes frames for CoT: the `URL` of a chat-completions server or a checkpoint's folder; empty: the annotations")
	model := flag.String("model", "", "name of the server's model")
	key := flag.String("key", "", "`file` with the server's key")
	program.Main(func(ctx context.Context) error {
		found, err := read(f, *data)
		if err != nil {
			return err
		}
		bar := program.Bar(os.Stderr, "recordings")
		report, err := clips.Prepare(ctx, found, *out, &clips.Options{Every: *every, Camera: *camera, Progress: func(done, total int) { bar(done, total, "") }})
		if err != nil {
			return err
		}
		fmt.Println(report)
		if report.Frames == 0 {
			return errors.New("nothing to make samples of")
		}
		episodes, err := possible(os.DirFS(*out))
		if err != nil {
			return err
		}
		describes, err := maker(ctx, *describe, *model, *key, episodes)
		if err != nil {
			return err
		}
		var fill cot.Options
		if *describe != "" { // which costs more than making it up again
			fill.Spool = filepath.Join(*out, "cot.spool")
		}
		var counts []count
		for _, s := range stages {
			src, err := s.source(*out, episodes, *perEpisode, *seed)
			if errors.Is(err, dataset.ErrNoPairs) { // recordings of one action each have none for the long stage
				fmt.Fprintf(os.Stderr, "stage %s is left out: %v\n", s.name, err)
				continue
			}
			if err != nil {
				return fmt.Errorf("stage %s: %w", s.name, err)
			}
			c, err := write(ctx, filepath.Join(*out, s.name+".jsonl"), s, src, describes, fill)
			if err != nil {
				return fmt.Errorf("stage %s: %w", s.name, err)
			}
			counts = append(counts, c)
		}
		table(os.Stdout, counts)
		return look(*out)
	})
}

// look makes a contact sheet of the clips.
func look(out string) error {
	path := filepath.Join(out, "sheet.png")
	if err := sheet(path, os.DirFS(out)); err != nil {
		return err
	}
	fmt.Println("a look at them:", path)
	return nil
}

// read lists the recordings; episodes that cannot be used are told of and left out.
func read(f recordings.Files, data string) ([]clips.Recording, error) {
	if f.Given() {
		return f.Read()
	}
	if data == "" {
		return nil, errors.New("-data, -lerobot, -mcap, -rosbag or -hdf5 is needed")
	}
	recordings, skipped, err := clips.AgiBot(data)
	for _, s := range skipped {
		fmt.Fprintln(os.Stderr, "left out:", s)
	}
	return recordings, err
}

// possible lists the episodes whose annotated order is; the others are told of and left out.
func possible(disk fs.FS) ([]dataset.Episode, error) {
	episodes, err := dataset.Short(disk)
	if err != nil {
		return nil, err
	}
	episodes, refused := dataset.SplitPlans(episodes, func(task string, plan []string) error {
		_, err := decompose.Annotated(task, plan)
		return err
	})
	for _, err := range refused {
		fmt.Fprintln(os.Stderr, "annotated in an order that is impossible, left out:", err)
	}
	return episodes, nil
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

// write makes one stage's file, whole or not at all, and counts what is in it. CoT gets descriptions; pairs that
// these do not tell apart are left out.
func write(ctx context.Context, path string, s stage, src dataset.Source, describes cot.Maker, fill cot.Options) (c count, err error) {
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
			for x, err := range cot.Fill(ctx, describes, src, fill, &stats) {
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

// replace writes a file under a temporary name first, so that it is never there by half. One that is there already has to be the
// same: it may be somebody's, or samples made otherwise that took their time.
func replace(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".writing-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := errors.Join(f.Chmod(0o644), write(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return os.Rename(f.Name(), path)
	}
	was, err := sum(path)
	if err != nil {
		return err
	}
	now, err := sum(f.Name())
	if err == nil && was != now {
		err = fmt.Errorf("%s is there already and holds something else: move it away, or prepare into another folder", path)
	}
	return err
}

func sum(path string) (s string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return string(h.Sum(nil)), err
}
