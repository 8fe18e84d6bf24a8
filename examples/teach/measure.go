package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/evaluate"
	"github.com/egotsr/egotsr/examples/internal/program"
)

// measure says what Teach is measured on.
type measure struct {
	dir, known, only string
	demos, failures  int
	bare             bool
}

func (o *measure) flags() {
	flag.StringVar(&o.dir, "measure", "", "`folder` of tasks to measure on")
	flag.StringVar(&o.known, "known", "", "`folder` of simulated episodes of known tasks, for -measure")
	flag.StringVar(&o.only, "only", "*", "`pattern` of the tasks' folders, for -measure")
	flag.IntVar(&o.demos, "demos", 10, "`number` of demonstrations, for -measure")
	flag.IntVar(&o.failures, "failures", 0, "`number` of failures among them, for -measure")
	flag.BoolVar(&o.bare, "bare", false, "nothing is known of the demonstrations but how they ended, for -measure")
}

// figures of a model in one task, shares of 1.
type figures struct {
	far, middle, near, worse float64 // right of pairs 12 and more frames apart, 4 to 11, 1 to 3, and of those whose later frame is worse
	calibration, done        float64 // expected calibration error, and AUC of Done
	known                    float64
}

// row of the table.
type row struct {
	task          string
	before, after figures
	taught        egotsr.Taught
	took          time.Duration
}

// measureAll teaches every task by itself, to a model of its own.
func (s *settings) measureAll(ctx context.Context) error {
	found, err := filepath.Glob(filepath.Join(s.measure.dir, s.measure.only, "held"))
	if err != nil {
		return fmt.Errorf("-only %s: %w", s.measure.only, err)
	}
	if len(found) == 0 {
		return fmt.Errorf("-measure: no folder of a task in %s matches %s", s.measure.dir, s.measure.only)
	}
	known, err := s.untaught(ctx)
	if err != nil {
		return err
	}
	var rows []row
	for _, held := range found {
		r, err := s.measureTask(ctx, filepath.Dir(held))
		if err != nil {
			return fmt.Errorf("%s: %w", held, err)
		}
		r.before.known = known
		rows = append(rows, *r)
		table(rows[len(rows)-1:])
	}
	if len(rows) > 1 {
		rows = append(rows, mean(rows))
		table(rows)
	}
	return nil
}

// untaught is the share of known pairs that are right before anything is taught, which is the same for every task.
func (s *settings) untaught(ctx context.Context) (float64, error) {
	m, err := s.from.Open(ctx, egotsr.Options{MaxBatch: 16, FrameCache: 256})
	if err != nil {
		return 0, err
	}
	defer m.Close()
	return s.measure.rightOfKnown(ctx, m)
}

func (s *settings) measureTask(ctx context.Context, dir string) (*row, error) {
	disk := os.DirFS(dir)
	demos, err := s.measure.choose(dir)
	if err != nil {
		return nil, err
	}
	held, err := program.Episodes(disk, "held")
	if err != nil {
		return nil, err
	}
	m, err := s.from.Open(ctx, egotsr.Options{MaxBatch: 16, FrameCache: 256})
	if err != nil {
		return nil, err
	}
	defer m.Close()
	r := &row{task: filepath.Base(dir)}
	on := evaluate.Episodes{List: held, Image: dataset.NewList(disk, nil).Image}
	pairs := dataset.ValidationPairs(disk, held, dataset.ValidationOptions{PerEpisode: 96, Seed: 1})
	if r.before, err = figuresOf(ctx, m, on, pairs); err != nil {
		return nil, err
	}
	began := time.Now()
	taught, err := m.Teach(ctx, disk, demos, &s.teach)
	if err != nil {
		return nil, err
	}
	r.taught, r.took = *taught, time.Since(began)
	if r.after, err = figuresOf(ctx, m, on, pairs); err != nil {
		return nil, err
	}
	r.after.known, err = s.measure.rightOfKnown(ctx, m)
	return r, err
}

// choose takes demonstrations, the last of which give way to failures.
func (o *measure) choose(dir string) (demos []dataset.Episode, err error) {
	disk := os.DirFS(dir)
	if demos, err = program.Episodes(disk, "demos"); err != nil {
		return nil, err
	}
	demos = demos[:max(0, min(len(demos), o.demos-o.failures))]
	if o.failures > 0 {
		failures, err := program.Episodes(disk, "failures")
		if err != nil {
			return nil, err
		}
		demos = slices.Concat(demos, failures[:min(len(failures), o.failures)])
	}
	log.Printf("%s: %d demonstrations", dir, len(demos))
	if o.bare {
		for k, e := range demos {
			demos[k] = dataset.Episode{Task: e.Task, Frames: e.Frames, Outcome: e.Outcome}
		}
	}
	return demos, nil
}

// figuresOf measures a model in a task.
func figuresOf(ctx context.Context, m *egotsr.Model, on evaluate.Episodes, pairs dataset.Source) (f figures, err error) {
	r, err := evaluate.Pairs(ctx, m, pairs, nil)
	if err != nil {
		return f, err
	}
	f.far, f.middle, f.near = right(r, evaluate.Group12up), right(r, evaluate.Group4to11), right(r, evaluate.Group1to3)
	f.worse, f.calibration = right(r, evaluate.GroupWorse), r.Systems[0].CalibrationError
	done, err := evaluate.Done(ctx, m, on, nil)
	if err != nil {
		return f, err
	}
	f.done = done.Systems[0].AUC
	return f, nil
}

// rightOfKnown is the share of pairs of known tasks that are right; 0 where there are none to ask about.
func (o *measure) rightOfKnown(ctx context.Context, m *egotsr.Model) (float64, error) {
	if o.known == "" {
		return 0, nil
	}
	disk := os.DirFS(o.known)
	episodes, err := program.Episodes(disk)
	if err != nil {
		return 0, err
	}
	r, err := evaluate.Pairs(ctx, m, dataset.ValidationPairs(disk, episodes, dataset.ValidationOptions{PerEpisode: 16, Seed: 1}), nil)
	if err != nil {
		return 0, err
	}
	return right(r, evaluate.GroupAll), nil
}

// right is a group's share of right answers.
func right(r *evaluate.Report, name evaluate.GroupName) float64 {
	g, _ := r.Systems[0].Group(name)
	return g.Right
}

// mean is the row of means.
func mean(rows []row) row {
	m := row{task: "mean"}
	n := float64(len(rows))
	add := func(to *figures, f figures) {
		to.far, to.middle, to.near, to.worse = to.far+f.far/n, to.middle+f.middle/n, to.near+f.near/n, to.worse+f.worse/n
		to.calibration, to.done, to.known = to.calibration+f.calibration/n, to.done+f.done/n, to.known+f.known/n
	}
	for _, r := range rows {
		add(&m.before, r.before)
		add(&m.after, r.after)
		m.taught.Before += r.taught.Before / n
		m.taught.After += r.taught.After / n
		m.taught.Known += r.taught.Known / n
		m.taught.Steps += r.taught.Steps / len(rows)
		m.took += r.took / time.Duration(len(rows))
	}
	return m
}

// table prints before and after, in percent.
func table(rows []row) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "task\t12+\t\t4–11\t\t1–3\t\tsetbacks\t\tcalibration\t\tAUC of Done\t\tknown\t\theld back\t\tsteps\ttime\t")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t", r.task)
		for _, pair := range [][2]float64{{r.before.far, r.after.far}, {r.before.middle, r.after.middle}, {r.before.near, r.after.near}, {r.before.worse, r.after.worse},
			{r.before.calibration, r.after.calibration}, {r.before.done, r.after.done}, {r.before.known, r.after.known}, {r.taught.Before, r.taught.After}} {
			fmt.Fprintf(w, "%.1f\t%.1f\t", 100*pair[0], 100*pair[1])
		}
		fmt.Fprintf(w, "%d\t%v\t\n", r.taught.Steps, r.took.Round(time.Second))
	}
	w.Flush()
}
