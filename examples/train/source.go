package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/dataset/cot"
)

// source is what a stage learns from: sample files as they are, or pairs drawn without end from episodes.
func source(stage, list string, seed uint64) (dataset.Source, error) {
	if list == "" {
		return nil, errors.New("-data is needed")
	}
	roots, err := folders(list)
	if err != nil {
		return nil, err
	}
	if found, _ := filepath.Glob(filepath.Join(roots[0], "*.jsonl")); len(roots) == 1 && len(found) > 0 {
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
	episodes, err := dataset.Simulated(disk, roots...)
	if err != nil {
		return nil, err
	}
	episodes, refused := egotsr.Possible(episodes)
	for _, err := range refused {
		log.Println("annotated in an order that is impossible, left out:", err)
	}
	pairs := func(level string) (*dataset.Pairs, error) {
		return dataset.NewPairs(disk, episodes, dataset.PairOptions{Seed: seed, Groups: 1 << 30, RegressionShare: regressions, Level: level})
	}
	switch stage {
	case "cot":
		return explained(pairs, disk, episodes)
	case "long":
		return long(pairs, disk, episodes)
	}
	return pairs("")
}

// explained is what the CoT stage learns from: of four questions one on what remains to be done, three on pairs with descriptions.
func explained(pairs func(level string) (*dataset.Pairs, error), disk fs.FS, episodes []dataset.Episode) (dataset.Source, error) {
	all, err := pairs("")
	if err != nil {
		return nil, err
	}
	plans, err := dataset.NewPlans(disk, episodes)
	if err != nil {
		return nil, err
	}
	return dataset.NewMix(dataset.Part{Source: &described{all, cot.Annotations(episodes)}, Weight: 3}, dataset.Part{Source: plans, Weight: 8})
}

// remembering is a stage that asks for descriptions where a sample has them, as CoT did, whatever its own prompt. Every answer counts
// alike, however long: of a verdict one token says something, and beside the hundred of a description it would not be heard.
type remembering struct{ curriculum.Stage }

func (r remembering) Turn(s dataset.Sample) curriculum.Turn {
	t := r.Stage.Turn(s)
	if s.Detail != [2]string{} {
		t = curriculum.Turn{Question: dataset.CoT.Text(s.Task), Answer: dataset.CoT.Target(s)}
	}
	t.Weight = 1 / float64(max(1, len(t.Answer)))
	return t
}

// long is what the LongTag stage learns from. Of four questions one is on frames that lie whole subtasks apart, and one on what
// remains to be done, most often where an action begins, which is hardest to tell; the other two keep alive what was learnt before:
// frames of a single action, and descriptions.
func long(pairs func(level string) (*dataset.Pairs, error), disk fs.FS, episodes []dataset.Episode) (dataset.Source, error) {
	apart, err1 := pairs(dataset.LevelLong)
	together, err2 := pairs(dataset.LevelShort)
	all, err3 := pairs("")
	plans, err4 := dataset.NewPlans(disk, episodes)
	boundaries, err5 := dataset.NewBoundaries(disk, episodes)
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return nil, err
	}
	return dataset.NewMix(dataset.Part{Source: apart}, dataset.Part{Source: together}, dataset.Part{Source: &described{all, cot.Annotations(episodes)}},
		dataset.Part{Source: plans, Weight: 2}, dataset.Part{Source: boundaries, Weight: 6})
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
