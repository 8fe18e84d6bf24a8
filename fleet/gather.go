package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/evaluate"
	"github.com/egotsr/egotsr/internal/state"
	"github.com/egotsr/egotsr/vision"
)

// resultFolder is where in OUT the result of all recordings is.
const resultFolder = "result"

// gatherFn makes one result of all outcomes, in the order of their names.
type gatherFn struct{ Job Job }

func (f *gatherFn) ProcessElement(ctx context.Context, _ int, outcomes func(*Outcome) bool) error {
	g := gathering{job: f.Job}
	var o Outcome
	for outcomes(&o) {
		if o.Reason != "" {
			g.dead = append(g.dead, o)
		} else {
			g.judged = append(g.judged, o)
		}
	}
	return g.run(ctx)
}

type gathering struct {
	job          Job
	judged, dead []Outcome
	items        []evaluate.Item // of all pairs
	frames       int             // on curves
	labelled     int
}

func (g *gathering) run(ctx context.Context) error {
	byName := func(a, b Outcome) int {
		return cmp.Or(cmp.Compare(a.folder(), b.folder()), cmp.Compare(a.Source.Path, b.Source.Path), cmp.Compare(a.Reason, b.Reason))
	}
	slices.SortFunc(g.judged, byName)
	slices.SortFunc(g.dead, byName)
	locked, err := lock(g.job.Out)
	if err != nil {
		return err
	}
	defer state.Release(locked)
	mark := g.mark()
	if done, err := (result{filepath.Join(g.job.Out, resultFolder), mark}).there(); done || err != nil {
		return err
	}
	notes, err := g.lerobot()
	if err != nil {
		return err
	}
	return result{filepath.Join(g.job.Out, resultFolder), mark}.write(ctx, []resultFile{
		{"progress.csv", g.progress},
		{"samples.jsonl", g.samples},
		{"dead.jsonl", g.letters},
		{"report.txt", func(w io.Writer) error { return g.report(w, notes) }},
		{"report.json", func(w io.Writer) error { return json.NewEncoder(w).Encode(g.measured()) }},
		{"report.html", g.page},
	})
}

// mark identifies what a result is made of.
func (g *gathering) mark() string {
	h := sha256.New()
	fmt.Fprintf(h, "%v %q\n", g.job.Sure, g.job.Name)
	for _, o := range slices.Concat(g.judged, g.dead) {
		fmt.Fprintf(h, "%q %q %q\n", o.folder(), o.Question, o.Reason)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// each reads the answers about every recording.
func (g *gathering) each(do func(Outcome, *answers) error) error {
	for _, o := range g.judged {
		a, err := readAnswers(filepath.Join(g.job.Out, filepath.FromSlash(o.folder()), answersFile))
		if err == nil && a.Question != o.Question {
			err = errors.New("has been judged anew meanwhile: another job works in the same folder")
		}
		if err == nil {
			err = do(o, a)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", o.folder(), err)
		}
	}
	return nil
}

func (g *gathering) progress(w io.Writer) error {
	table := csv.NewWriter(w)
	table.Write([]string{"scene", "episode", "camera", "frame", "progress"}) // a Writer keeps its error
	err := g.each(func(o Outcome, a *answers) error {
		for _, p := range a.Curve {
			g.frames++
			table.Write([]string{o.Scene, o.Episode, o.Camera, strconv.Itoa(p.Frame), strconv.FormatFloat(p.Progress, 'g', -1, 64)})
		}
		return table.Error()
	})
	table.Flush()
	return errors.Join(err, table.Error())
}

// samples are the pairs whose verdict is sure enough, labelled by it. What the recording's own annotation says stands beside that.
func (g *gathering) samples(w io.Writer) error {
	out := dataset.NewWriter(w, dataset.JSONL)
	err := g.each(func(o Outcome, a *answers) error {
		for _, x := range a.Pairs {
			x.Item.Index = len(g.items)
			g.items = append(g.items, x.Item)
			p := x.Item.P()
			if p == 0.5 || max(p, 1-p) < g.job.Sure {
				continue
			}
			s := x.Sample
			s.Extra = map[string]json.RawMessage{"annotated": json.RawMessage(strconv.Quote(s.Closer)), "p_img1": strconv.AppendFloat(nil, p, 'g', -1, 64)}
			if s.Closer = dataset.Img2; p > 0.5 {
				s.Closer = dataset.Img1
			}
			g.labelled++
			if err := out.Write(s); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(err, out.Close())
}

// letter is a line of dead.jsonl.
type letter struct {
	Source  string `json:"source"`
	Scene   string `json:"scene,omitempty"` // none of these where the source itself cannot be read
	Episode string `json:"episode,omitempty"`
	Camera  string `json:"camera,omitempty"`
	Reason  string `json:"reason"`
}

func (g *gathering) letters(w io.Writer) error {
	lines := json.NewEncoder(w)
	for _, o := range g.dead {
		if err := lines.Encode(letter{o.Source.Path, o.Scene, o.Episode, o.Camera, o.Reason}); err != nil {
			return err
		}
	}
	return nil
}

// measured says how the verdicts agree with the recordings' own annotations.
func (g *gathering) measured() *evaluate.Report {
	r := evaluate.NewReport(g.items, &evaluate.Options{Name: "verdicts", Seed: g.job.Seed})
	r.Checkpoint = g.job.Checkpoint
	return r
}

func (g *gathering) report(w io.Writer, notes []string) error {
	fmt.Fprintf(w, "%d recordings, %d frames on their curves (progress.csv)\n%d pairs judged, %d labelled with a confidence of %v and more (samples.jsonl)\n%d dead letters (dead.jsonl)\n",
		len(g.judged), g.frames, len(g.items), g.labelled, g.job.Sure, len(g.dead))
	for _, n := range notes {
		fmt.Fprintln(w, n)
	}
	if len(g.items) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	return g.measured().WriteTable(w)
}

func (g *gathering) page(w io.Writer) error {
	if len(g.items) == 0 {
		return nil // nothing was measured
	}
	return g.measured().WriteHTML(w, func(path string) (image.Image, error) {
		return vision.ReadFile(filepath.Join(g.job.Out, filepath.FromSlash(path)))
	})
}
