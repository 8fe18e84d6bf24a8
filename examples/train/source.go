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
	o := dataset.PairOptions{Seed: seed, Groups: 1 << 30, RegressionShare: regressions}
	if stage == "long" {
		o.Level = dataset.LevelLong
	}
	pairs, err := dataset.NewPairs(disk, episodes, o)
	if err != nil {
		return nil, err
	}
	switch stage {
	case "cot":
		return &described{pairs, cot.Annotations(episodes)}, nil
	case "long":
		plans, err := dataset.NewPlans(disk, episodes)
		if err != nil {
			return nil, err
		}
		// One question in three is what remains to be done.
		return dataset.NewMix(dataset.Part{Source: pairs, Weight: 1}, dataset.Part{Source: plans, Weight: 4})
	}
	return pairs, nil
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
