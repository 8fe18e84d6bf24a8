package evaluate

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteTable prints the report for a terminal: a block for each judge, a line for each group of pairs; then curves, success,
// tracking, plans, and the manifest.
func (r *Report) WriteTable(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, s := range r.Systems {
		writeRow(w, append([]string{s.Name}, groupColumns...))
		for _, g := range s.Groups {
			writeRow(w, append([]string{string(g.Name)}, g.cells()...))
		}
		writeRow(w, []string{fmt.Sprintf("calibration error %.3f", s.CalibrationError)})
		if s.Answers != nil {
			fmt.Fprintf(w, "%s\n", s.Answers)
		}
	}
	writeBad(w, r.Bad, "samples")
	if r.Curves != nil {
		fmt.Fprintln(w) // an empty line lets columns find new widths
		r.Curves.write(w)
	}
	if r.Done != nil {
		fmt.Fprintln(w)
		r.Done.write(w)
	}
	if r.Track != nil {
		fmt.Fprintln(w)
		r.Track.write(w)
	}
	if r.Plans != nil {
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if r.Plans != nil {
		if err := r.Plans.WriteTable(out); err != nil {
			return err
		}
	}
	m := r.Manifest()
	_, err := fmt.Fprintf(out, "report %s: questions %s, checkpoint %s\n", m.ID, m.Questions, orDash(m.Checkpoint))
	return err
}

func writeRow(w io.Writer, cells []string) { fmt.Fprintf(w, "%s\t\n", strings.Join(cells, "\t")) }

func writeBad(w io.Writer, bad []BadSample, what string) {
	if len(bad) > 0 {
		fmt.Fprintf(w, "%d %s could not be read, the first: %s\n", len(bad), what, bad[0].Reason)
	}
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
		writeRow(w, []string{"curves: " + s.Name, "episodes", "by time", "by truth", "tau"})
		for _, g := range s.Groups {
			writeRow(w, []string{string(g.Name), fmt.Sprint(g.Episodes), g.Order.String(), g.Truth.String(), g.Tau.String()})
		}
	}
	writeBad(w, r.Bad, "episodes")
}

func (r *DoneReport) write(w io.Writer) {
	writeRow(w, []string{fmt.Sprintf("done on %d of %d frames", r.Done, r.Frames), "AUC", "found", "false alarms"})
	for _, s := range r.Systems {
		writeRow(w, []string{s.Name, Mean{s.AUC, s.Interval}.String(), percent(s.Found), percent(s.False)})
	}
	writeBad(w, r.Bad, "episodes")
}

func (r *TrackReport) write(w io.Writer) {
	writeRow(w, append([]string{"tracker: " + trackColumns[0]}, trackColumns[1:]...))
	rows := r.curveRows()
	if r.Demo != nil {
		rows = append(rows, r.rowColumns())
	}
	for _, row := range append(rows, r.rows()...) {
		writeRow(w, row)
	}
	writeBad(w, r.Bad, "episodes")
}
