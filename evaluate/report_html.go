package evaluate

import (
	"cmp"
	"fmt"
	"image"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/page"
)

// WriteHTML writes the report as one page that needs no other file and no network: tables, plots, and the worst mistakes with
// their frames, which image reads as [dataset.Source] does. Without image, or where it fails, there is no picture. A report
// without answers is an [*egotsr.InputError].
func (r *Report) WriteHTML(w io.Writer, image func(path string) (image.Image, error)) error {
	if len(r.Systems) == 0 || slices.ContainsFunc(r.Systems, func(s System) bool { return len(s.Groups) == 0 }) {
		return &egotsr.InputError{What: "report", Reason: "is empty"}
	}
	judge := r.Systems[0]
	p := page.Page{Title: "How well " + judge.Name + " tells progress", Lead: "Which of two camera frames of a robot task is closer to its completion? Every pair was asked in both orders. Intervals are 95 %, by bootstrap over episodes."}
	p.Sections = append(p.Sections, r.pairSection(), r.comparison())
	p.Tiles = append(p.Tiles, pairTiles(&judge)...)
	if c := r.Curves; c != nil {
		p.Sections = append(p.Sections, c.section())
		tau := c.Systems[0].Groups[0].Tau
		p.Tiles = append(p.Tiles, page.Tile{Name: "Curves: Kendall's tau", Value: fmt.Sprintf("%.2f", tau.Value), Note: fmt.Sprintf("%.2f to %.2f, with true progress", tau.Interval[0], tau.Interval[1])})
	}
	if d := r.Done; d != nil {
		p.Sections = append(p.Sections, d.section())
		p.Tiles = append(p.Tiles, page.Tile{Name: "Success: AUC", Value: fmt.Sprintf("%.3f", d.Systems[0].AUC), Note: fmt.Sprintf("%.3f to %.3f", d.Systems[0].Interval[0], d.Systems[0].Interval[1])})
	}
	if t := r.Track; t != nil {
		p.Sections = append(p.Sections, t.section())
		p.Tiles = append(p.Tiles, page.Tile{Name: "Setbacks noticed", Value: percent(share(t.Setbacks.N, t.Setbacks.Of)), Note: fmt.Sprintf("%.2f false alarms a clean episode", share(t.Alarms.N, t.Alarms.Of))})
	}
	if r.Plans != nil {
		p.Sections = append(p.Sections, r.Plans.section())
		all := r.Plans.All
		p.Tiles = append(p.Tiles, page.Tile{Name: "Plans: exact", Value: percent(share(all.Exact, all.Asked)), Note: fmt.Sprintf("of %d; first subtask %s", all.Asked, percent(share(all.First, all.Asked)))})
	}
	if len(r.Mistakes) > 0 {
		p.Sections = append(p.Sections, mistakes(r.Mistakes, image))
	}
	p.Facts = r.facts()
	return p.Write(w)
}

func pairTiles(s *System) []page.Tile {
	all := s.Groups[0]
	return []page.Tile{
		{Name: "Right", Value: percent(all.Right), Note: fmt.Sprintf("%.1f to %.1f, of %d pairs", 100*all.Interval[0], 100*all.Interval[1], all.Pairs)},
		{Name: "Gap", Value: fmt.Sprintf("%.1f", 100*all.Gap), Note: "points, earlier frame first less later first"},
		{Name: "Calibration error", Value: fmt.Sprintf("%.3f", s.CalibrationError), Note: "0 is honest confidence"},
	}
}

// pairSection is the judge's own figures.
func (r *Report) pairSection() page.Section {
	judge := &r.Systems[0]
	return page.Section{
		Title: "Pairs",
		Text: "Forward is asked with the earlier frame first, inverse with the later one first; consistent pairs got the same verdict both ways. " +
			"Right is by the mean of both. Short pairs lie within one atomic action, long ones do not.",
		Tables: []page.Table{judge.table("")},
		Plots:  []page.Plot{r.windowPlot(), reliabilityPlot(judge), r.coveragePlot()},
	}
}

func (s *System) table(caption string) page.Table {
	t := page.Table{Caption: caption, Columns: append([]string{""}, groupColumns...)}
	for _, g := range s.Groups {
		t.Rows = append(t.Rows, append([]string{string(g.Name)}, g.cells()...))
	}
	return t
}

// comparison puts all systems side by side, and has the tables of each folded away.
func (r *Report) comparison() page.Section {
	s := page.Section{
		Title: "Beside others",
		Text:  "Share of right answers. Judges that do not look, one that compares pixels with the episode's last frame, and systems whose answers were added.",
	}
	names := []GroupName{GroupAll, GroupShort, GroupLong, Group12up, GroupWorse, GroupRecovery}
	t := page.Table{Columns: []string{""}}
	for _, name := range names {
		t.Columns = append(t.Columns, string(name))
	}
	t.Columns = append(t.Columns, "Gap", "calibration error")
	for k := range r.Systems {
		sys := &r.Systems[k]
		row := []string{sys.Name}
		for _, name := range names {
			cell := "–"
			if g, ok := sys.Group(name); ok {
				cell = percent(g.Right)
			}
			row = append(row, cell)
		}
		gap := sys.Groups[0].cells()[slices.Index(groupColumns, "Gap")]
		t.Rows = append(t.Rows, append(row, gap, fmt.Sprintf("%.3f", sys.CalibrationError)))
		if sys.Answers != nil {
			s.Text += fmt.Sprintf(" %s: %s.", sys.Name, sys.Answers)
		}
		if k > 0 {
			s.Folded = append(s.Folded, sys.table(sys.Name))
		}
		s.Folded = append(s.Folded, sys.windowTable())
	}
	s.Tables = []page.Table{t}
	return s
}

func (s *System) windowTable() page.Table {
	t := page.Table{Caption: s.Name + ", by frames between the two", Columns: append([]string{""}, groupColumns...)}
	for _, w := range s.Windows {
		t.Rows = append(t.Rows, append([]string{string(w.Name)}, w.cells()...))
	}
	return t
}

func (r *CurveReport) section() page.Section {
	s := page.Section{
		Title: "Progress curves",
		Text: "Means over episodes. By time is value-order correlation, Spearman's with the order of frames; by truth is Spearman's with true progress, tau is Kendall's with it. " +
			"Where there are setbacks a truthful curve does not follow time: the last rows have what the truth itself gets.",
		Plots: curvePlots(r.Systems[0].Name, r.Episodes),
	}
	t := page.Table{Columns: []string{"", "episodes", "by time", "by truth", "tau"}}
	for _, sys := range r.Systems {
		for _, g := range sys.Groups {
			t.Rows = append(t.Rows, []string{sys.Name + ", " + string(g.Name), fmt.Sprint(g.Episodes), g.Order.String(), g.Truth.String(), g.Tau.String()})
		}
	}
	s.Tables = []page.Table{t}
	return s
}

func (r *DoneReport) section() page.Section {
	t := page.Table{Columns: []string{"", "AUC", "found", "false alarms"}}
	for _, s := range r.Systems {
		t.Rows = append(t.Rows, []string{s.Name, Mean{s.AUC, s.Interval}.String(), percent(s.Found), percent(s.False)})
	}
	return page.Section{
		Title: "Success detection",
		Text: fmt.Sprintf("Is the task done? %d frames, on %d of which it is. AUC is the probability that such a frame scores above another. Found and false alarms are at a score of 0.5. "+
			"The place in the recording does not look, but knows when the recording ends.", r.Frames, r.Done),
		Tables: []page.Table{t},
	}
}

func (r *TrackReport) section() page.Section {
	return page.Section{
		Title: "Tracking",
		Text: "One frame after the other, nothing known of those to come. Spearman's correlation of progress with the truth; the curve of all frames compared has the whole episode before it. " +
			"Then what was said of setbacks and of the end.",
		Tables: []page.Table{{Columns: trackColumns, Rows: r.curveRows()}, {Columns: r.rowColumns(), Rows: r.rows()}},
		Plots:  curvePlots(r.Curves[0].Name, r.tracks()),
	}
}

func (r *PlanReport) section() page.Section {
	t := page.Table{Columns: []string{"", "asked", "first subtask", "whole plan", "impossible", "edits a plan"}}
	add := func(name string, s PlanScore) {
		t.Rows = append(t.Rows, []string{name, fmt.Sprint(s.Asked), percent(share(s.First, s.Asked)), percent(share(s.Exact, s.Asked)),
			percent(share(s.Impossible, s.Asked)), fmt.Sprintf("%.2f", float64(s.Edits)/math.Max(1, float64(s.Asked)))})
	}
	add("all", r.All)
	for _, name := range r.hardest() {
		add(name, r.Tasks[name])
	}
	text := "What remains to be done, asked where an action begins, the hardest tasks first. Impossible plans were refused by the check of their order."
	if len(r.Faults) > 0 {
		text += " What is wrong with plans, of which one may have several faults: " + r.wrong() + "."
	}
	return page.Section{Title: "Plans", Text: text, Tables: []page.Table{t}}
}

func mistakes(items []Item, read func(string) (image.Image, error)) page.Section {
	s := page.Section{Title: "Worst mistakes", Text: "The pairs with the most confident wrong answers, one an episode. The frame that is closer in truth has a green border."}
	for _, i := range items {
		pair := page.Pair{
			Title: fmt.Sprintf("says %s, with %.2f", map[bool]string{true: "img1", false: "img2"}[i.P() > 0.5], max(i.P(), 1-i.P())),
			Text:  fmt.Sprintf("%s: %s, %d frames apart", i.Task, cmp.Or(string(i.Kind), "pair"), i.Window),
		}
		if i.P() == 0.5 {
			pair.Title = "undecided"
		}
		for k, path := range []string{i.Img1, i.Img2} {
			var err error
			if read != nil {
				if pair.Img[k], err = read(path); err != nil {
					pair.Img[k] = nil
				}
			}
			// The folders are long and the same for both; the whole path is in the JSON.
			pair.Captions[k] = fmt.Sprintf("img%d: %s", k+1, path[strings.LastIndex(path, "/")+1:])
		}
		if i.Closer == dataset.Img2 {
			pair.Highlight = 1
		}
		s.Pairs = append(s.Pairs, pair)
	}
	return s
}

func (r *Report) facts() [][2]string {
	m := r.Manifest()
	facts := [][2]string{
		{"report", m.ID}, {"questions", m.Questions}, {"checkpoint", orDash(m.Checkpoint)},
		{"prompt", promptName(r.Options.Prompt)}, {"explained", fmt.Sprint(r.Options.Explain)}, {"seed", fmt.Sprint(r.Options.Seed)},
	}
	bad := len(r.Bad)
	if r.Curves != nil {
		bad += len(r.Curves.Bad)
	}
	if r.Done != nil {
		bad += len(r.Done.Bad)
	}
	if r.Track != nil {
		bad += len(r.Track.Bad)
	}
	if r.Plans != nil {
		bad += len(r.Plans.Bad)
	}
	return append(facts, [2]string{"could not be read", fmt.Sprint(bad)})
}

// promptName is short for the texts that everybody uses.
func promptName(p dataset.Prompt) string {
	switch p {
	case dataset.Tag:
		return "tag"
	case dataset.Long:
		return "long"
	case dataset.CoT:
		return "cot"
	}
	return string(p)
}
