package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/evaluate"
)

// reporter measures all there is to measure.
type reporter struct {
	m          *egotsr.Model
	checkpoint fs.FS
	disk       fs.FS
	episodes   []dataset.Episode
	pairs      *dataset.List
	frames     int
	answers    string // a file, or ""
}

// write puts the report into a folder, each part when it is there, so that a long run that is stopped leaves what it has.
func (r *reporter) write(ctx context.Context, dir string, options *evaluate.Options) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	items, err := os.Create(filepath.Join(dir, "items.jsonl"))
	if err != nil {
		return err
	}
	defer items.Close()
	options.Dump = items
	report, err := evaluate.Pairs(ctx, r.m, r.pairs, options)
	if err != nil {
		return err
	}
	if report.Checkpoint, err = evaluate.HashCheckpoint(r.checkpoint); err != nil {
		return err
	}
	if r.answers != "" {
		if err := r.addAnswers(report); err != nil {
			return err
		}
	}
	on := evaluate.Episodes{List: r.episodes, Image: r.pairs.Image}
	for _, part := range []func() error{
		func() error { return nil },
		func() (err error) {
			report.Curves, err = evaluate.Curves(ctx, r.m, on, &evaluate.Options{Name: options.Name, Frames: r.frames, Seed: options.Seed})
			return err
		},
		func() (err error) {
			report.Done, err = evaluate.Done(ctx, r.m, on, options)
			return err
		},
		func() (err error) {
			report.Track, err = evaluate.Track(ctx, r.m, on, &evaluate.Options{Seed: options.Seed})
			return err
		},
		func() error {
			boundaries, err := dataset.NewBoundaries(r.disk, r.episodes)
			if err != nil {
				return err
			}
			report.Plans, err = evaluate.Plans(ctx, r.m, boundaries, nil)
			return err
		},
	} {
		if err := part(); err != nil {
			return err
		}
		if err := r.files(report, dir); err != nil {
			return err
		}
	}
	fmt.Printf("%s\n", filepath.Join(dir, "report.html"))
	return report.WriteTable(os.Stdout)
}

// addAnswers adds the system that a CSV file comes from, by the file's name.
func (r *reporter) addAnswers(report *evaluate.Report) error {
	folder, name := filepath.Split(r.answers)
	rows, err := dataset.Open(os.DirFS(filepath.Clean(folder)), r.disk, name)
	if err != nil {
		return err
	}
	defer rows.Close()
	return report.AddAnswers(name, rows)
}

func (r *reporter) files(report *evaluate.Report, dir string) error {
	for name, write := range map[string]func(io.Writer) error{
		"report.json": func(w io.Writer) error { return json.NewEncoder(w).Encode(report) },
		"report.txt":  report.WriteTable,
		"report.html": func(w io.Writer) error { return report.WriteHTML(w, r.pairs.Image) },
	} {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if err := write(f); err != nil {
			f.Close()
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}
