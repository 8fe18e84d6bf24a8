package evaluate

import (
	"errors"
	"fmt"
	"math"
	"path"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
)

// Answers counts how another system's answers met the pairs of a report.
type Answers struct {
	Rows       int `json:"rows"`
	Unreadable int `json:"unreadable"` // rows that are malformed, or whose answer is neither img1 nor img2
	Extra      int `json:"extra"`      // rows about no pair of the report, or about one that was answered in that order before
	Missing    int `json:"missing"`    // pairs answered in no order: left out of this system's figures
}

// AddAnswers adds a system that was asked elsewhere, such as the reference implementation: rows are its answers, for instance
// the CSV it writes (video_path1, video_path2, task_name, target), opened by [dataset.Open]. A row belongs to the pair with
// the same task and image paths, asked in the sample's order or swapped; a system needs rows for both orders to have a
// Gap. System.Answers counts what does not fit.
//
// It is an error if the report does not come from Evaluate or NewReport in this process, if rows cannot be read at all, or if no row
// belongs to any pair; the report is then as it was.
func (r *Report) AddAnswers(name string, rows dataset.Source) error {
	if len(r.items) == 0 {
		return &egotsr.InputError{What: "report", Reason: "does not hold its pairs: it was not made in this process"}
	}
	type question struct{ task, img1, img2 string }
	asked, swapped := map[question][]int{}, map[question][]int{}
	items := make([]Item, len(r.items))
	for k, i := range r.items {
		i.Asked, i.Swapped = math.NaN(), math.NaN()
		items[k] = i
		a, b := path.Clean(i.Img1), path.Clean(i.Img2)
		asked[question{i.Task, a, b}] = append(asked[question{i.Task, a, b}], k)
		swapped[question{i.Task, b, a}] = append(swapped[question{i.Task, b, a}], k)
	}
	n, err := Answers{}, error(nil)
	if n.Rows, err = length(rows); err != nil {
		return err
	}
	for row := range n.Rows {
		s, err := sample(rows, row)
		switch {
		case errors.As(err, new(*dataset.SampleError)) || err == nil && s.Closer == "":
			n.Unreadable++
			continue
		case err != nil:
			return fmt.Errorf("evaluate: answers of %s: row %d: %w", name, row, err)
		}
		q := question{s.Task, path.Clean(s.Img1), path.Clean(s.Img2)}
		fresh := false
		put := func(p *float64, img1 bool) {
			if math.IsNaN(*p) {
				*p, fresh = one(img1), true
			}
		}
		for _, k := range asked[q] {
			put(&items[k].Asked, s.Closer == dataset.Img1)
		}
		for _, k := range swapped[q] {
			put(&items[k].Swapped, s.Closer == dataset.Img2)
		}
		if !fresh {
			n.Extra++
		}
	}
	var answered []Item
	for _, i := range items {
		if math.IsNaN(i.P()) {
			n.Missing++
			continue
		}
		answered = append(answered, i)
	}
	if len(answered) == 0 {
		return &egotsr.InputError{What: "answers", Reason: fmt.Sprintf("of %s: none of %d rows is about a pair of the report", name, n.Rows)}
	}
	s := newSystem(name, answered, r.Options.Seed)
	s.Answers = &n
	r.Systems = append(r.Systems, s)
	return nil
}
