package evaluate

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// WriteTable prints the figures for a terminal.
func (r *TrackReport) WriteTable(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	r.write(w)
	return w.Flush()
}

// tracks are the episodes as curves.
func (r *TrackReport) tracks() []Curve {
	curves := make([]Curve, len(r.Episodes))
	for k := range r.Episodes {
		t := &r.Episodes[k]
		curves[k] = Curve{Task: t.Task, Setbacks: t.Setback, Frames: spread(len(t.States), len(t.States)), Truth: t.Truth, Values: [][]float64{t.progress()}}
	}
	return curves
}

// rowColumns head rows.
func (r *TrackReport) rowColumns() []string {
	if r.Demo == nil {
		return []string{"", "", ""}
	}
	return []string{"", "", "", "shown the task once", ""}
}

// rows are the figures as a reader wants them: what, how many, and what share that is; then the same with a demonstration.
func (r *TrackReport) rows() [][]string {
	rows := r.figures()
	if r.Demo != nil {
		for i, row := range r.Demo.figures() {
			rows[i] = append(rows[i], row[1:]...)
		}
	}
	return rows
}

func (r *TrackReport) figures() [][]string {
	row := func(what string, s Share, text string) []string {
		if s.Of == 0 {
			text = "–"
		}
		return []string{what, fmt.Sprintf("%d of %d", s.N, s.Of), text}
	}
	in := func(what string, s Share) []string { return row(what, s, percent(share(s.N, s.Of))) }
	return [][]string{
		in(fmt.Sprintf("setbacks noticed within %d frames", trackSlack), r.Setbacks),
		row("false alarms in clean episodes", r.Alarms, fmt.Sprintf("%.2f an episode", share(r.Alarms.N, r.Alarms.Of))),
		in(fmt.Sprintf("done within %d frames of success", trackSlack), r.Done),
		in("done earlier than that", r.Early),
		in("never done where the task failed", r.Failed),
		{"calibration error of its confidence", "", fmt.Sprintf("%.3f", r.CalibrationError)},
	}
}

// curveRows compare the ways of placing frames.
func (r *TrackReport) curveRows() (rows [][]string) {
	curves := r.Curves
	if r.Demo != nil {
		curves = slices.Insert(slices.Clone(curves), 1, r.Demo.Curves[0])
	}
	for _, c := range curves {
		rows = append(rows, []string{c.Name, fmt.Sprintf("%.3f", c.Median), c.Mean.String(), fmt.Sprintf("%.3f", c.Setbacks)})
	}
	return rows
}

var trackColumns = []string{"correlation with true progress", "median", "mean", "median, with setbacks"}
