package page

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"html"
	"io"
	"slices"
)

// plotStyle is the style sheet of plots, wherever they stand. It has no variables, which some viewers of SVG do not know.
//
//go:embed plot.css
var plotStyle string

// Sizes in units of the drawing; a page scales it to the width there is.
const (
	left, right, top, bottom = 50, 12, 10, 210 // margins, and the lower end of the y axis
	plainWidth, plainHeight  = 360, 250
	leadHeight               = 16 // from the axis to the pictures
	pictureHeight            = 110
	pictureGap               = 8
	titleHeight              = 34
)

// WriteSVG writes the plot as a file of its own, with its title.
func (p *Plot) WriteSVG(w io.Writer) error {
	d, err := p.draw()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">
<style>
%s</style>
<rect class="paper" width="100%%" height="100%%"/>
<text class="title" x="%d" y="24">%s</text>
<g transform="translate(0 %d)">%s</g>
</svg>
`, d.width, d.height+titleHeight, d.width, d.height+titleHeight, html.EscapeString(p.Title), plotStyle, left, html.EscapeString(p.Title), titleHeight, d.Bytes())
	return err
}

// svg is the plot as an element of a page that has its style and its title.
func (p *Plot) svg() (string, error) {
	d, err := p.draw()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`<svg viewBox="0 0 %d %d" role="img" aria-label="%s">%s</svg>`, d.width, d.height, html.EscapeString(p.Title), d.Bytes()), nil
}

// drawing is a plot under way. Every text from outside is escaped; all else is numbers.
type drawing struct {
	bytes.Buffer
	*Plot
	width, height int
}

func (d *drawing) x(v float64) float64 { return d.X.place(v, left, float64(d.width-right)) }
func (d *drawing) y(v float64) float64 { return d.Y.place(v, bottom, top) }

func (p *Plot) draw() (*drawing, error) {
	d := &drawing{Plot: p, width: plainWidth, height: plainHeight}
	shown := p.shown()
	if len(shown) > 0 {
		d.width *= 2
	}
	for _, t := range p.Y.ticks() {
		y := d.y(t.At)
		fmt.Fprintf(d, `<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`, left, d.width-right, y, y, left-6, y+4, html.EscapeString(t.Label))
	}
	fmt.Fprintf(d, `<text transform="translate(11 %d) rotate(-90)" text-anchor="middle">%s</text>`, (top+bottom)/2, html.EscapeString(p.Y.Name))
	if len(shown) > 0 {
		if err := d.pictures(shown); err != nil {
			return nil, err
		}
	} else {
		for _, t := range p.X.ticks() {
			x := d.x(t.At)
			fmt.Fprintf(d, `<line class="grid" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`, x, x, top, bottom, x, bottom+15, html.EscapeString(t.Label))
		}
	}
	fmt.Fprintf(d, `<text x="%d" y="%d" text-anchor="middle">%s</text>`, (left+d.width-right)/2, d.height-6, html.EscapeString(p.X.Name))
	for k := range p.Series {
		d.series(k)
	}
	return d, nil
}

func (d *drawing) series(k int) {
	s := &d.Series[k]
	fmt.Fprintf(d, `<g class="%s">`, d.Class(k))
	if s.Line {
		d.WriteString(`<polyline points="`)
		for _, q := range s.Points {
			fmt.Fprintf(d, "%.1f,%.1f ", d.x(q.X), d.y(q.Y))
		}
		d.WriteString(`"/>`)
	}
	for _, q := range s.Points {
		if q.High > q.Low {
			fmt.Fprintf(d, `<line class="bar" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, d.x(q.X), d.x(q.X), d.y(q.Low), d.y(q.High))
		}
		radius := 3.5
		if q.Label != "" {
			radius = 5
			d.label(q, s.Below)
		}
		if s.Dots {
			fmt.Fprintf(d, `<circle cx="%.1f" cy="%.1f" r="%g"><title>%s</title></circle>`, d.x(q.X), d.y(q.Y), radius, html.EscapeString(q.Text))
		}
	}
	d.WriteString("</g>")
}

func (d *drawing) label(q Point, below bool) {
	x, y, anchor := d.x(q.X), d.y(q.Y)-10, "middle"
	if below {
		y += 28
	}
	if x > float64(d.width)*0.9 {
		anchor = "end" // it would not be seen whole
	}
	fmt.Fprintf(d, `<text class="label" x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, x, y, anchor, html.EscapeString(q.Label))
}

// picture is a point that has one, and the style of its series.
type picture struct {
	*Point
	class string
}

// shown are the pictures in the order of their values.
func (p *Plot) shown() (shown []picture) {
	for k := range p.Series {
		for i := range p.Series[k].Points {
			if q := &p.Series[k].Points[i]; q.Picture != nil {
				shown = append(shown, picture{q, p.Class(k)})
			}
		}
	}
	slices.SortStableFunc(shown, func(a, b picture) int { return cmp.Compare(a.X, b.X) })
	return shown
}

// pictures puts them side by side below the axis, each with a line from its value, and makes the drawing as high as they need.
func (d *drawing) pictures(shown []picture) error {
	slot := float64(d.width-left-right) / float64(len(shown))
	side, tallest := slot-pictureGap, 0.
	size := func(p picture) (w, h float64) {
		b := p.Picture.Bounds()
		scale := min(side/float64(b.Dx()), pictureHeight/float64(b.Dy()))
		return scale * float64(b.Dx()), scale * float64(b.Dy())
	}
	for _, p := range shown {
		_, h := size(p)
		tallest = max(tallest, h)
	}
	const from = bottom + leadHeight
	for k, p := range shown {
		data, err := uri(p.Picture)
		if err != nil {
			return err
		}
		w, h := size(p)
		x, at := d.x(p.X), left+(float64(k)+0.5)*slot
		box := fmt.Sprintf(`x="%.1f" y="%d" width="%.1f" height="%.1f"`, at-w/2, from, w, h)
		fmt.Fprintf(d, `<line class="grid" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>`, x, x, top, bottom)
		fmt.Fprintf(d, `<g class="%s"><polyline class="lead" points="%.1f,%d %.1f,%d"/><image %s href="%s"/><rect class="edge" %s/></g>`, p.class, x, bottom, at, from, box, data, box)
		fmt.Fprintf(d, `<text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, at, from+tallest+15, html.EscapeString(p.Caption))
	}
	d.height = int(from+tallest) + 40
	return nil
}
