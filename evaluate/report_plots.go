package evaluate

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/metrics"
	"github.com/egotsr/egotsr/internal/page"
)

// half is the axis of accuracy, which is of interest from chance upwards.
func half(name string) page.Axis { return page.Axis{Name: name, From: 0.5, To: 1} }

// windowPlot is accuracy by the frames between the two, of the judge and of the clock.
func (r *Report) windowPlot() page.Plot {
	p := page.Plot{Title: "Right by frames between the two", X: page.Axis{Name: "frames between", From: -0.4, To: float64(len(windows)) - 0.6}, Y: half("right")}
	for k, w := range windows {
		name := fmt.Sprintf("%d–%d", w[0], w[1])
		if w[1] == 0 {
			name = fmt.Sprintf("%d+", w[0])
		} else if w[1] == w[0] {
			name = fmt.Sprint(w[0])
		}
		p.X.Ticks = append(p.X.Ticks, page.Tick{At: float64(k), Label: name})
	}
	series := func(s *System, level dataset.Level, name string, quiet bool, shift float64) {
		line := page.Series{Name: name, Line: true, Dots: !quiet, Quiet: quiet}
		for _, w := range s.Windows {
			at := slices.Index(windows, [2]int{w.From, w.To})
			if w.Level != level || at < 0 {
				continue
			}
			q := page.Point{X: float64(at) + shift, Y: w.Right, Text: fmt.Sprintf("%s of %d, %.1f–%.1f", percent(w.Right), w.Pairs, 100*w.Interval[0], 100*w.Interval[1])}
			if !quiet {
				q.Low, q.High = w.Interval[0], w.Interval[1]
			}
			p.Y.From = min(p.Y.From, q.Y, max(q.Low, 0))
			line.Points = append(line.Points, q)
		}
		p.Series = append(p.Series, line)
	}
	judge := &r.Systems[0]
	series(judge, dataset.LevelShort, "within one action", false, -0.05)
	series(judge, dataset.LevelLong, "across actions", false, 0.05)
	if len(r.Systems) > 1 {
		series(&r.Systems[1], dataset.LevelLong, r.Systems[1].Name+", across actions", true, 0)
	}
	p.Y.From = float64(int(p.Y.From*4)) / 4
	return p
}

// reliabilityPlot is the share of right answers against the confidence they came with.
func reliabilityPlot(s *System) page.Plot {
	line := page.Series{Name: s.Name, Line: true, Dots: true}
	p := page.Plot{Title: "Reliability: right by confidence", X: half("confidence"), Y: half("right")}
	for _, b := range s.Reliability {
		if b.N > 0 {
			line.Points = append(line.Points, page.Point{X: b.Confidence, Y: b.Right, Text: fmt.Sprintf("confidence %.2f, right %s of %d", b.Confidence, percent(b.Right), b.N)})
			p.Y.From = min(p.Y.From, b.Right)
		}
	}
	p.Y.From = float64(int(p.Y.From*4)) / 4
	p.Series = []page.Series{line, {Name: "honest", Line: true, Quiet: true, Points: []page.Point{{X: 0.5, Y: 0.5}, {X: 1, Y: 1}}}}
	return p
}

// coveragePlot is accuracy against the share of pairs answered, of the judge and of whatever else has degrees of confidence.
func (r *Report) coveragePlot() page.Plot {
	p := page.Plot{Title: "Right by share answered, the surest first", X: page.Axis{Name: "share answered", To: 1}, Y: half("right")}
	for k, s := range r.Systems {
		if len(s.Coverage) < 3 || s.Name == "a coin" {
			continue
		}
		line := page.Series{Name: s.Name, Line: true, Quiet: k > 0}
		// The first few answers jump between 0 and 1 and say nothing.
		const from, points = 0.02, 150
		step := max(1, len(s.Coverage)/points)
		for i, c := range s.Coverage {
			if c.Coverage >= from && (i%step == 0 || i == len(s.Coverage)-1) {
				line.Points = append(line.Points, page.Point{X: c.Coverage, Y: c.Accuracy})
				p.Y.From = min(p.Y.From, c.Accuracy)
			}
		}
		p.Series = append(p.Series, line)
	}
	p.Y.From = float64(int(p.Y.From*4)) / 4
	return p
}

// curvePlots are curves beside the truth: of clean episodes and of those with setbacks the best, the middle and the worst by
// Kendall's tau.
func curvePlots(name string, curves []Curve) (plots []page.Plot) {
	for _, back := range []bool{true, false} {
		var some []Curve
		for _, c := range curves {
			if c.Setbacks == back {
				some = append(some, c)
			}
		}
		slices.SortStableFunc(some, func(a, b Curve) int { return cmp.Compare(b.tau(), a.tau()) })
		seen := map[int]bool{}
		for _, k := range []int{0, len(some) / 2, len(some) - 1} {
			if k < 0 || k >= len(some) || seen[k] {
				continue
			}
			seen[k] = true
			plots = append(plots, some[k].plot(name))
		}
	}
	return plots
}

// tau is Kendall's, of the model's values with the truth.
func (c *Curve) tau() float64 { return orZero(metrics.Kendall(c.Values[0], c.Truth)) }

func (c *Curve) plot(name string) page.Plot {
	p := page.Plot{
		Title: fmt.Sprintf("%s: tau %.2f", c.Task, c.tau()),
		X:     page.Axis{Name: "frame", To: float64(c.Frames[len(c.Frames)-1])}, Y: page.Axis{Name: "progress", To: 1},
	}
	for k := range 5 {
		at := c.Frames[len(c.Frames)-1] * k / 4
		p.X.Ticks = append(p.X.Ticks, page.Tick{At: float64(at), Label: fmt.Sprint(at)})
	}
	points := func(values []float64) (points []page.Point) {
		for n, v := range values {
			points = append(points, page.Point{X: float64(c.Frames[n]), Y: v, Text: fmt.Sprintf("frame %d: %.2f", c.Frames[n], v)})
		}
		return points
	}
	p.Series = []page.Series{
		{Name: name, Line: true, Dots: true, Points: points(c.Values[0])},
		{Name: "true progress", Line: true, Quiet: true, Points: points(c.Truth)},
	}
	return p
}
