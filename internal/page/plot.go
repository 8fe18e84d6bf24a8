package page

import (
	"fmt"
	"html/template"
	"strings"
)

// Plot is lines and dots over two axes.
type Plot struct {
	Title  string
	X, Y   Axis
	Series []Series
}

// Axis goes from From to To. Without Ticks it is one of shares, labelled at tenths or quarters.
type Axis struct {
	Name     string
	From, To float64
	Ticks    []Tick
}

// Tick is a labelled value of an axis.
type Tick struct {
	At    float64
	Label string
}

// Series is points that belong together.
type Series struct {
	Name   string
	Points []Point
	Line   bool // joined
	Dots   bool // marked
	Quiet  bool // grey and dashed, for what the others are compared with
}

// Point is a value with its interval, which is drawn where High is above Low. Text appears where a mouse rests on its dot.
type Point struct {
	X, Y, Low, High float64
	Text            string
}

// Sizes in units of the drawing; the page scales it to the width there is.
const (
	width, height            = 360, 250
	left, right, top, bottom = 50, 12, 10, 40
	colours                  = 5
)

// place is a value's position along an axis that begins at from and ends at to. Values outside are put on its ends.
func (a Axis) place(v, from, to float64) float64 {
	share := 0.5
	if a.To != a.From {
		share = min(max((v-a.From)/(a.To-a.From), 0), 1)
	}
	return from + share*(to-from)
}

func (p *Plot) x(v float64) float64 { return p.X.place(v, left, width-right) }
func (p *Plot) y(v float64) float64 { return p.Y.place(v, height-bottom, top) }

func (a Axis) ticks() []Tick {
	if a.Ticks != nil {
		return a.Ticks
	}
	step := 0.25
	if a.To-a.From <= 0.5 {
		step = 0.1
	}
	var ticks []Tick
	for k := 0; a.From+float64(k)*step <= a.To+1e-9; k++ {
		v := a.From + float64(k)*step
		ticks = append(ticks, Tick{v, fmt.Sprintf("%.3g", v)})
	}
	return ticks
}

// Class is the series' colour in the style sheet: quiet ones are grey, the others take turns.
func (p Plot) Class(k int) string {
	if p.Series[k].Quiet {
		return "quiet"
	}
	loud := 0
	for _, s := range p.Series[:k] {
		if !s.Quiet {
			loud++
		}
	}
	return fmt.Sprintf("s%d", loud%colours)
}

// svg draws the plot. Every text from outside is escaped; all else is numbers.
func svg(p Plot) template.HTML {
	var b strings.Builder
	esc := template.HTMLEscapeString
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, width, height, esc(p.Title))
	for _, t := range p.X.ticks() {
		x := p.x(t.At)
		fmt.Fprintf(&b, `<line class="grid" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`, x, x, top, height-bottom, x, height-bottom+15, esc(t.Label))
	}
	for _, t := range p.Y.ticks() {
		y := p.y(t.At)
		fmt.Fprintf(&b, `<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`, left, width-right, y, y, left-6, y+4, esc(t.Label))
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">%s</text>`, (left+width-right)/2, height-6, esc(p.X.Name))
	fmt.Fprintf(&b, `<text transform="translate(11 %d) rotate(-90)" text-anchor="middle">%s</text>`, (top+height-bottom)/2, esc(p.Y.Name))
	for k, s := range p.Series {
		fmt.Fprintf(&b, `<g class="%s">`, p.Class(k))
		if s.Line {
			b.WriteString(`<polyline points="`)
			for _, q := range s.Points {
				fmt.Fprintf(&b, "%.1f,%.1f ", p.x(q.X), p.y(q.Y))
			}
			b.WriteString(`"/>`)
		}
		for _, q := range s.Points {
			if q.High > q.Low {
				fmt.Fprintf(&b, `<line class="bar" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, p.x(q.X), p.x(q.X), p.y(q.Low), p.y(q.High))
			}
			if s.Dots {
				fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="3.5"><title>%s</title></circle>`, p.x(q.X), p.y(q.Y), esc(q.Text))
			}
		}
		b.WriteString("</g>")
	}
	b.WriteString("</svg>")
	return template.HTML(b.String())
}
