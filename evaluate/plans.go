package evaluate

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/decompose"
)

// Planner lists what remains to the goal from where the frames show the task to be, as [egotsr.Model.Plan] does; a list whose order is
// impossible is a [*decompose.OrderError]. A *egotsr.Model is one.
type Planner interface {
	Plan(ctx context.Context, goal string, now ...image.Image) (*decompose.Plan, error)
}

// PlanScore counts what came of asking a Planner for the rest of tasks whose rest is known. Texts are compared as they are.
type PlanScore struct {
	Asked      int `json:"asked"`
	First      int `json:"first"`      // the first subtask is the right one, or rightly none is left
	Exact      int `json:"exact"`      // all are, in order
	Impossible int `json:"impossible"` // the order was refused, see decompose.OrderError; these count as wrong
	Edits      int `json:"edits"`      // subtasks to insert, delete or replace, over all plans
}

// PlanReport is what Plans finds, in all and by task.
type PlanReport struct {
	Samples string               `json:"samples"` // hash of what was asked, and of the right answers
	All     PlanScore            `json:"all"`
	Tasks   map[string]PlanScore `json:"tasks"`
	Faults  map[string]int       `json:"faults"` // plans by what is wrong with them, in the words of decompose.Fault; one may have several
	Items   []PlanItem           `json:"items"`
	Bad     []BadSample          `json:"bad,omitempty"` // samples that could not be read
}

// PlanItem is one question and its answer.
type PlanItem struct {
	Index  int      `json:"index"` // in the source
	Task   string   `json:"task"`
	Image  string   `json:"image"`
	Want   []string `json:"want"`
	Got    []string `json:"got"` // nil where the plan was refused
	Faults []string `json:"faults,omitempty"`
}

// Plans asks p for a plan at every sample of [dataset.KindPlan] of a source, see [dataset.NewBoundaries], and passes over others.
// Samples that cannot be read, or their frames, are left out and listed; an error of p's that is no OrderError ends the measurement.
// No option applies yet, so opts may as well be nil.
//
// What is wrong with a plan is the [decompose.Fault] that it was refused for. One that can be done has, beside the right one, a
// missing step, an additional step, or both; with neither its steps are in the wrong order.
func Plans(ctx context.Context, p Planner, src dataset.Source, opts *Options) (*PlanReport, error) {
	if err := there("planner", p); err != nil {
		return nil, err
	}
	r := &PlanReport{Tasks: map[string]PlanScore{}, Faults: map[string]int{}}
	samples := sha256.New()
	n, err := length(src)
	if err != nil {
		return nil, err
	}
	for i := range n {
		s, err := sample(src, i)
		var img image.Image
		if err == nil {
			if s.Kind != dataset.KindPlan {
				continue
			}
			img, err = frame(src.Image, s.Img1)
		}
		if err != nil {
			r.Bad = append(r.Bad, BadSample{i, err.Error()})
			continue
		}
		want := s.Remaining()
		fmt.Fprintf(samples, "%q %q %q\n", s.Task, s.Img1, want)
		plan, err := p.Plan(ctx, s.Task, img)
		if err == nil && plan == nil {
			err = errors.New("neither a plan nor an error")
		}
		var refused *decompose.OrderError
		if err != nil && !errors.As(err, &refused) {
			return nil, fmt.Errorf("evaluate: plan of sample %d: %w", i, err)
		}
		item := PlanItem{Index: i, Task: s.Task, Image: s.Img1, Want: want}
		score := PlanScore{Asked: 1}
		if refused != nil {
			score.Impossible, score.Edits, item.Faults = 1, len(want), []string{refused.Fault.String()}
		} else {
			item.Got = make([]string, len(plan.Subtasks))
			for k, step := range plan.Subtasks {
				item.Got[k] = step.Text
			}
			score.compare(item.Got, want)
			item.Faults = faults(item.Got, want)
		}
		r.add(&item, score)
	}
	if len(r.Items) == 0 {
		return nil, unusable("source", "has no sample of a plan that can be read", r.Bad)
	}
	r.Samples = short(samples)
	return r, nil
}

func (r *PlanReport) add(item *PlanItem, score PlanScore) {
	r.Items = append(r.Items, *item)
	for _, f := range item.Faults {
		r.Faults[f]++
	}
	task := r.Tasks[item.Task]
	task.add(score)
	r.Tasks[item.Task] = task
	r.All.add(score)
}

func (s *PlanScore) compare(got, want []string) {
	if slices.Equal(got[:min(1, len(got))], want[:min(1, len(want))]) {
		s.First = 1
	}
	if slices.Equal(got, want) {
		s.Exact = 1
	}
	s.Edits = edits(got, want)
}

// faults names what is wrong with a plan beside the right one.
func faults(got, want []string) (names []string) {
	missing, additional := slices.Clone(want), false
	for _, text := range got {
		if k := slices.Index(missing, text); k >= 0 {
			missing = slices.Delete(missing, k, k+1)
		} else {
			additional = true
		}
	}
	if len(missing) > 0 {
		names = append(names, decompose.MissingStep.String())
	}
	if additional {
		names = append(names, decompose.AdditionalStep.String())
	}
	if names == nil && !slices.Equal(got, want) {
		names = append(names, decompose.WrongOrder.String())
	}
	return names
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

// WriteTable prints a line a task, the hardest first, and one for all; then what is wrong with plans.
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
	if len(r.Faults) > 0 {
		fmt.Fprintf(w, "wrong plans: %s\n", r.wrong())
	}
	writeBad(w, r.Bad, "samples")
	return w.Flush()
}

// wrong lists the faults, the most frequent first.
func (r *PlanReport) wrong() string {
	names := slices.Sorted(maps.Keys(r.Faults))
	slices.SortStableFunc(names, func(a, b string) int { return r.Faults[b] - r.Faults[a] })
	for i, name := range names {
		names[i] = fmt.Sprintf("%d %s", r.Faults[name], name)
	}
	return strings.Join(names, ", ")
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
