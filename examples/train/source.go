package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/dataset/cot"
	"github.com/egotsr/egotsr/decompose"
	"github.com/egotsr/egotsr/examples/internal/program"
)

// choice says which episodes are learnt from, how often they are asked about their setbacks, and how they are seen.
type choice struct {
	without     string // tasks, separated by semicolons: names may have commas
	failures    bool
	regressions float64
	augment     bool
}

// of leaves out what is not to be learnt from.
func (c choice) of(episodes []dataset.Episode) ([]dataset.Episode, error) {
	_, rest, err := dataset.SplitTasks(episodes, program.Tasks(c.without)...)
	if err != nil {
		return nil, fmt.Errorf("-without: %w", err)
	}
	if !c.failures {
		rest = slices.DeleteFunc(rest, func(e dataset.Episode) bool {
			return e.Outcome != dataset.OutcomeSuccess || slices.Contains(e.Regress, true)
		})
	}
	log.Printf("%d of %d episodes", len(rest), len(episodes))
	return rest, nil
}

// held is what a run is validated on: pairs of a folder's episodes, or nothing without a folder.
func held(dir, only string) (dataset.Source, error) {
	if dir == "" {
		return nil, nil
	}
	disk := os.DirFS(dir)
	episodes, err := program.Episodes(disk)
	if err != nil {
		return nil, err
	}
	if names := program.Tasks(only); names != nil {
		if episodes, _, err = dataset.SplitTasks(episodes, names...); err != nil {
			return nil, err
		}
	}
	return dataset.ValidationPairs(disk, episodes, dataset.ValidationOptions{PerEpisode: 8, Seed: 7}), nil
}

// source is what a stage learns from: sample files as they are, or pairs drawn without end from episodes.
func source(stage, list string, seed uint64, c choice) (dataset.Source, error) {
	if list == "" {
		return nil, errors.New("-data is needed")
	}
	roots, err := folders(list)
	if err != nil {
		return nil, err
	}
	if found, _ := filepath.Glob(filepath.Join(roots[0], "*.jsonl")); len(roots) == 1 && len(found) > 0 {
		if c.without != "" || !c.failures {
			return nil, errors.New("-without and -failures choose among episodes, and -data has samples")
		}
		files := os.DirFS(roots[0])
		if _, err := fs.Stat(files, stage+".jsonl"); err == nil {
			return dataset.Open(files, files, stage+".jsonl") // as examples/prepare names them
		}
		return dataset.Open(files, files)
	}
	for i, dir := range roots {
		roots[i] = strings.TrimPrefix(filepath.ToSlash(dir), "/")
	}
	disk := os.DirFS("/")
	episodes, err := program.Episodes(disk, roots...)
	if err != nil {
		return nil, err
	}
	if episodes, err = c.of(episodes); err != nil {
		return nil, err
	}
	episodes, refused := dataset.SplitPlans(episodes, func(task string, plan []string) error {
		_, err := decompose.Annotated(task, plan)
		return err
	})
	for _, err := range refused {
		log.Println("annotated in an order that is impossible, left out:", err)
	}
	pairs := func(level dataset.Level) (*dataset.Pairs, error) {
		return dataset.NewPairs(disk, episodes, dataset.PairOptions{Seed: seed, Groups: 1 << 30, RegressionShare: c.regressions, Level: level})
	}
	var parts []dataset.Part
	switch stage {
	case "cot":
		parts, err = explained(pairs, disk, episodes)
	case "long":
		parts, err = long(pairs, disk, episodes)
	default:
		var all *dataset.Pairs
		all, err = pairs("")
		parts = []dataset.Part{{Source: all}}
	}
	if err != nil {
		return nil, err
	}
	if c.augment {
		for i := range parts {
			parts[i].Source = dataset.NewAugmented(parts[i].Source, seed)
		}
	}
	return dataset.NewMix(parts...)
}

// explained is what the CoT stage learns from: of four questions one on what remains to be done, three on pairs with descriptions.
func explained(pairs func(level dataset.Level) (*dataset.Pairs, error), disk fs.FS, episodes []dataset.Episode) ([]dataset.Part, error) {
	all, err := pairs("")
	if err != nil {
		return nil, err
	}
	plans, err := dataset.NewPlans(disk, episodes)
	if err != nil {
		return nil, err
	}
	return []dataset.Part{{Source: &described{all, cot.Annotations(episodes)}, Weight: 3}, {Source: plans, Weight: 8}}, nil
}

// long is what the LongTag stage learns from. Of five questions one is on frames that lie whole subtasks apart, and two on what
// remains to be done, most often where an action begins, which is hardest to tell; the other two keep alive what was learnt before:
// frames of a single action, and descriptions.
func long(pairs func(level dataset.Level) (*dataset.Pairs, error), disk fs.FS, episodes []dataset.Episode) ([]dataset.Part, error) {
	apart, err1 := pairs(dataset.LevelLong)
	together, err2 := pairs(dataset.LevelShort)
	all, err3 := pairs("")
	plans, err4 := dataset.NewPlans(disk, episodes)
	boundaries, err5 := dataset.NewBoundaries(disk, episodes)
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return nil, err
	}
	return []dataset.Part{{Source: apart}, {Source: together}, {Source: &described{all, cot.Annotations(episodes)}},
		{Source: plans, Weight: 4}, {Source: boundaries, Weight: 12}}, nil
}

// described adds what the annotations say of both frames.
type described struct {
	*dataset.Pairs
	maker cot.Maker
}

func (d *described) At(i int) (dataset.Sample, error) {
	s, err := d.Pairs.At(i)
	if err != nil {
		return s, err
	}
	a, err := d.maker.Describe(context.Background(), s, nil, nil)
	if err == nil {
		s.Detail = a.Detail
	}
	return s, err
}

// folders are the absolute paths of what a list of patterns finds.
func folders(list string) (roots []string, err error) {
	for pattern := range strings.SplitSeq(list, ",") {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			return nil, fmt.Errorf("-data %s: no such folder", pattern)
		}
		for _, dir := range found {
			abs, err := filepath.Abs(dir)
			if err != nil {
				return nil, err
			}
			roots = append(roots, abs)
		}
	}
	return roots, nil
}
