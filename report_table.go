package egotsr

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// WriteTable prints the report for a terminal: a block for each judge, a line for each group of pairs; then curves, success,
// plans, and the manifest.
func (r *Report) WriteTable(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, s := range r.Systems {
		fmt.Fprintf(w, "%s\tpairs\tforward\tinverse\tGap\tconsistent\tright\t95 %% interval\t\n", s.Name)
		for _, g := range s.Groups {
			fmt.Fprint(w, g.Name)
			for _, cell := range g.cells() {
				fmt.Fprintf(w, "\t%s", cell)
			}
			fmt.Fprint(w, "\t\n")
		}
		fmt.Fprintf(w, "calibration error %.3f\t\t\t\t\t\t\t\t\n", s.CalibrationError)
		if s.Answers != nil {
			fmt.Fprintf(w, "%s\t\t\t\t\t\t\t\t\n", s.Answers)
		}
	}
	if len(r.Bad) > 0 {
		fmt.Fprintf(w, "%d samples could not be read, the first: %s\n", len(r.Bad), r.Bad[0].Reason)
	}
	if r.Curves != nil {
		r.Curves.write(w)
	}
	if r.Done != nil {
		r.Done.write(w)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if r.Plans != nil {
		fmt.Fprintln(out)
		if err := r.Plans.WriteTable(out); err != nil {
			return err
		}
	}
	m := r.Manifest()
	_, err := fmt.Fprintf(out, "report %s: questions %s, checkpoint %s\n", m.ID, m.Questions, orDash(m.Checkpoint))
	return err
}

func (a *Answers) String() string {
	return fmt.Sprintf("%d answers; %d pairs have none, %d rows are about no pair, %d unreadable", a.Rows, a.Missing, a.Extra, a.Unreadable)
}

// groupColumns head the cells of a Group.
var groupColumns = []string{"pairs", "forward", "inverse", "Gap", "consistent", "right", "95 % interval"}

// cells are the figures in percent, a dash for what was not asked.
func (g *Group) cells() []string {
	of := func(n int, text string) string {
		if n == 0 {
			return "–"
		}
		return text
	}
	return []string{
		fmt.Sprint(g.Pairs), of(g.Forwards, percent(g.Forward)), of(g.Inverses, percent(g.Inverse)),
		of(min(g.Forwards, g.Inverses), fmt.Sprintf("%.1f", 100*g.Gap)), of(g.Both, percent(g.Consistency)),
		percent(g.Right), fmt.Sprintf("%.1f–%.1f", 100*g.Interval[0], 100*g.Interval[1]),
	}
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

func (m Mean) String() string {
	return fmt.Sprintf("%.3f (%.3f to %.3f)", m.Value, m.Interval[0], m.Interval[1])
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func (r *CurveReport) write(w io.Writer) {
	for _, s := range r.Systems {
		fmt.Fprintf(w, "curves: %s\tepisodes\tby time\tby truth\ttau\t\t\t\t\n", s.Name)
		for _, g := range s.Groups {
			fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t\t\t\t\n", g.Name, g.Episodes, g.Order, g.Truth, g.Tau)
		}
	}
	if len(r.Bad) > 0 {
		fmt.Fprintf(w, "%d episodes could not be read, the first: %s\n", len(r.Bad), r.Bad[0].Reason)
	}
}

func (r *DoneReport) write(w io.Writer) {
	fmt.Fprintf(w, "success on %d of %d frames\tAUC\tfound\tfalse\t\t\t\t\t\n", r.Done, r.Frames)
	for _, s := range r.Systems {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t\t\t\t\t\n", s.Name, Mean{s.AUC, s.Interval}, percent(s.Found), percent(s.False))
	}
	if len(r.Bad) > 0 {
		fmt.Fprintf(w, "%d episodes could not be read, the first: %s\n", len(r.Bad), r.Bad[0].Reason)
	}
}
