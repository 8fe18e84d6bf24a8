package page

import (
	"fmt"
	"image"
)

// Plot is lines and dots over two axes. One with pictures is twice as wide, and has them below its x axis, where they take the
// place of ticks.
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
	Below  bool // labels stand below their dots, not above
}

// Point is a value with its interval, which is drawn where High is above Low. Text appears where a mouse rests on its dot, Label
// stands beside it. A Picture, which may be nil, is shown with its Caption in the order of X.
type Point struct {
	X, Y, Low, High      float64
	Text, Label, Caption string
	Picture              image.Image
}

// colours is how many series a style tells apart.
const colours = 5

// place is a value's position along an axis that begins at from and ends at to. Values outside are put on its ends.
func (a Axis) place(v, from, to float64) float64 {
	share := 0.5
	if a.To != a.From {
		share = min(max((v-a.From)/(a.To-a.From), 0), 1)
	}
	return from + share*(to-from)
}

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
