package egotsr

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/decompose"
)

// PlanScore counts what came of asking [Model.Plan] for the rest of tasks whose rest is known. Texts are compared as they are.
type PlanScore struct {
	Asked      int `json:"asked"`
	First      int `json:"first"`      // the first subtask is the right one, or rightly none is left
	Exact      int `json:"exact"`      // all are, in order
	Impossible int `json:"impossible"` // the order was refused, see decompose.OrderError; these count as wrong
	Edits      int `json:"edits"`      // subtasks to insert, delete or replace, over all plans
}

// PlanReport is what EvaluatePlans finds, in all and by task.
type PlanReport struct {
	Samples string               `json:"samples"` // hash of what was asked, and of the right answers
	All     PlanScore            `json:"all"`
	Tasks   map[string]PlanScore `json:"tasks"`
}

// EvaluatePlans asks for a plan at every sample of [dataset.KindPlan] of a source, see [dataset.NewBoundaries], and
// passes over others.
func EvaluatePlans(ctx context.Context, m *Model, src dataset.Source) (*PlanReport, error) {
	r := &PlanReport{Tasks: map[string]PlanScore{}}
	samples := sha256.New()
	for i := range src.Len() {
		s, err := src.At(i)
		if err != nil {
			return nil, err
		}
		if s.Kind != dataset.KindPlan {
			continue
		}
		img, err := src.Image(s.Img1)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(samples, "%q %q %q\n", s.Task, s.Img1, s.Remaining())
		score := PlanScore{Asked: 1}
		p, err := m.Plan(ctx, s.Task, img)
		want := s.Remaining()
		switch {
		case errors.As(err, new(*decompose.OrderError)):
			score.Impossible, score.Edits = 1, len(want)
		case err != nil:
			return nil, err
		default:
			score.compare(p.Subtasks, want)
		}
		task := r.Tasks[s.Task]
		task.add(score)
		r.Tasks[s.Task] = task
		r.All.add(score)
	}
	r.Samples = short(samples)
	return r, nil
}

func (s *PlanScore) compare(steps []decompose.Subtask, want []string) {
	got := make([]string, len(steps))
	for i, step := range steps {
		got[i] = step.Text
	}
	if slices.Equal(got[:min(1, len(got))], want[:min(1, len(want))]) {
		s.First = 1
	}
	if slices.Equal(got, want) {
		s.Exact = 1
	}
	s.Edits = edits(got, want)
}

// edits is the Levenshtein distance of two lists.
func edits(a, b []string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		corner := row[0]
		row[0] = i + 1
		for j, y := range b {
			cost := corner
			if x != y {
				cost++
			}
			corner = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func (s *PlanScore) add(t PlanScore) {
	s.Asked += t.Asked
	s.First += t.First
	s.Exact += t.Exact
	s.Impossible += t.Impossible
	s.Edits += t.Edits
}

// WriteTable prints a line a task, the hardest first, and one for all.
func (r *PlanReport) WriteTable(out io.Writer) error {
	share := func(n, of int) string { return fmt.Sprintf("%.1f %%", 100*float64(n)/max(1, float64(of))) }
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "asked\tfirst subtask\twhole plan\timpossible\tedits a plan\t  task\n")
	line := func(name string, s PlanScore) {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%.2f\t  %s\n", s.Asked, share(s.First, s.Asked), share(s.Exact, s.Asked), share(s.Impossible, s.Asked), float64(s.Edits)/max(1, float64(s.Asked)), name)
	}
	for _, name := range r.hardest() {
		line(name, r.Tasks[name])
	}
	line("all", r.All)
	return w.Flush()
}

// hardest lists the tasks by the share of right first subtasks, the lowest first.
func (r *PlanReport) hardest() []string {
	names := slices.Sorted(maps.Keys(r.Tasks))
	slices.SortStableFunc(names, func(a, b string) int {
		x, y := r.Tasks[a], r.Tasks[b]
		return x.First*y.Asked - y.First*x.Asked
	})
	return names
}
