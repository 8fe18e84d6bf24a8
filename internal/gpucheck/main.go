// Gpucheck proves and times this library on a GPU, in minutes, on a machine that has neither Go nor a network: scripts/gpucheck.sh
// builds it, with what it needs beside it. The same program runs where there is no GPU:
//
//	go run ./internal/gpucheck -backend xla:cpu -shape tiny
//
// It prints a table: parity with recorded goldens, verdicts beside those of the Go backend, times and memory of a checkpoint of the true
// shape with random weights, which it makes, resumed trainings compared to the bit, and transformers on the same device where Python has
// it. Each part of it runs in a process of its own, so that one that fails, or that is out of time, costs the others nothing. It ends with
// status 1 where a row failed.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// settings are what the processes of one check share.
type settings struct {
	backend, shape, dir, data, python, script string
}

func main() {
	log.SetFlags(0)
	var s settings
	flags := flag.NewFlagSet("gpucheck", flag.ExitOnError)
	flags.StringVar(&s.backend, "backend", "xla:cuda", "the backend to check")
	flags.StringVar(&s.shape, "shape", "3b", "3b or tiny: of the checkpoint that is timed")
	flags.StringVar(&s.dir, "dir", "", "where it is made and left: 8 GB for 3b; empty: a folder that is removed at the end")
	flags.StringVar(&s.data, "data", "testdata/golden/a", "the goldens; testdata/tiny is looked for beside it")
	flags.StringVar(&s.python, "python", "python3", "Python, with torch and transformers where those are to be timed too")
	flags.StringVar(&s.script, "script", "scripts/gpucheck_torch.py", "what it runs")
	limit := flags.Duration("for", 8*time.Minute, "what has not begun to answer by then is left out")
	only := flags.String("parts", "", "names of parts, by commas; empty: all of them")
	out := flags.String("json", "", "file for the table as JSON")
	worker := flags.String("worker", "", "internal: measure this part and print its rows")
	resume := flags.String("resume", "", "internal: train in this folder")
	steps := flags.Int("steps", 0, "internal: to this step")
	flags.Parse(os.Args[1:])
	ctx, cancel := context.WithTimeout(context.Background(), *limit)
	defer cancel()
	switch {
	case *resume != "":
		if err := s.train(ctx, *resume, *steps); err != nil {
			log.Fatal(err)
		}
		return
	case *worker != "":
		s.measure(ctx, *worker, os.Stdout)
		return
	}
	failed, err := s.check(ctx, *only, *out, os.Stdout)
	if err != nil {
		log.Fatal(err)
	}
	if failed {
		os.Exit(1)
	}
}

// check runs the parts named, prints the table, and tells whether a row failed.
func (s settings) check(ctx context.Context, only, out string, to io.Writer) (failed bool, err error) {
	if _, ok := shapes[s.shape]; !ok {
		return false, fmt.Errorf("-shape %q: want 3b or tiny", s.shape)
	}
	chosen := parts
	if only != "" {
		names := strings.Split(only, ",")
		chosen = slices.DeleteFunc(slices.Clone(parts), func(p part) bool { return !slices.Contains(names, p.name) })
		if len(chosen) == 0 {
			return false, fmt.Errorf("-parts %q: there is none of that name", only)
		}
	}
	if s.dir == "" {
		if s.dir, err = os.MkdirTemp("", "gpucheck-"); err != nil {
			return false, err
		}
		defer os.RemoveAll(s.dir)
	} else if err := os.MkdirAll(s.dir, 0o777); err != nil {
		return false, err
	}
	// The checkpoint is made while what does not need it is checked.
	made := make(chan []row, 1)
	go func() { made <- s.spawn(ctx, checkpoint) }()
	report := []row{device(s.backend)}
	var ready []row
	for _, p := range chosen {
		if p.needs && ready == nil {
			ready = <-made
		}
		rows := s.spawn(ctx, p)
		for _, r := range rows {
			log.Print(r) // the table comes at the end
		}
		report = append(report, rows...)
	}
	if ready == nil {
		ready = <-made
	}
	report = slices.Insert(report, 1, ready...)
	fmt.Fprintf(to, "\n%s, shape %s, %s\n", s.backend, s.shape, time.Now().UTC().Format(time.DateOnly))
	for _, r := range report {
		fmt.Fprintln(to, r)
		failed = failed || r.Error != ""
	}
	if out == "" {
		return failed, nil
	}
	data, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return failed, err
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o777); err != nil {
		return failed, err
	}
	return failed, os.WriteFile(out, append(data, '\n'), 0o666)
}
