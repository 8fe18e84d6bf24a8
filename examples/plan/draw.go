package main

import (
	"bytes"
	"fmt"
	"html"
	"strings"

	"github.com/egotsr/egotsr/decompose"
)

const (
	boxWidth, boxHeight = 210, 64
	gapX, gapY          = 70, 24
	lineLetters         = 26
)

// draw is the causal graph as SVG, from left to right: a subtask stands in the column after the last one it waits for.
// Colours follow the reader's light or dark setting.
func draw(p *decompose.Plan) []byte {
	columns := make([]int, len(p.Subtasks))
	var heights []int // boxes in each column
	rows := make([]int, len(p.Subtasks))
	for i, s := range p.Subtasks {
		for _, j := range s.After {
			columns[i] = max(columns[i], columns[j]+1) // a subtask only waits for earlier ones
		}
		for len(heights) <= columns[i] {
			heights = append(heights, 0)
		}
		rows[i] = heights[columns[i]]
		heights[columns[i]]++
	}
	tallest := 1
	for _, n := range heights {
		tallest = max(tallest, n)
	}
	x := func(i int) int { return gapX/2 + columns[i]*(boxWidth+gapX) }
	y := func(i int) int {
		slack := (tallest - heights[columns[i]]) * (boxHeight + gapY) / 2 // columns are centred
		return 60 + slack + rows[i]*(boxHeight+gapY)
	}
	var b bytes.Buffer
	width, height := max(1, len(heights))*(boxWidth+gapX), 60+tallest*(boxHeight+gapY)
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="sans-serif" font-size="13">
<style>
.box { fill: #eef3fb; stroke: #4a6fa5 } .edge { fill: none; stroke: #7a8aa0; stroke-width: 1.5 } text { fill: #1c2733 } .tip { fill: #7a8aa0 } .page { fill: #ffffff }
@media (prefers-color-scheme: dark) { .box { fill: #22303f; stroke: #7aa2d8 } text { fill: #e6edf3 } .page { fill: #11161c } }
</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="tip" d="M0 0 8 4 0 8z"/></marker></defs>
<rect class="page" width="%d" height="%d"/>
<text x="%d" y="32" font-size="17" font-weight="bold">%s</text>
`, width, height, width, height, width, height, gapX/2, html.EscapeString(p.Goal))
	for i, s := range p.Subtasks {
		for _, j := range s.After {
			x1, y1, x2, y2 := x(j)+boxWidth, y(j)+boxHeight/2, x(i), y(i)+boxHeight/2
			bend, bow := max(gapX/2, (x2-x1)/2), 0
			if columns[i]-columns[j] > 1 {
				bow = boxHeight // below the boxes between
			}
			fmt.Fprintf(&b, `<path class="edge" marker-end="url(#tip)" d="M%d %dC%d %d %d %d %d %d"/>`+"\n", x1, y1, x1+bend, y1+bow, x2-bend, y2+bow, x2, y2)
		}
	}
	for i, s := range p.Subtasks {
		fmt.Fprintf(&b, `<rect class="box" x="%d" y="%d" width="%d" height="%d" rx="8"/>`+"\n", x(i), y(i), boxWidth, boxHeight)
		lines := wrap(fmt.Sprintf("%d. %s", i+1, s.Text))
		for k, line := range lines {
			fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n",
				x(i)+boxWidth/2, y(i)+boxHeight/2+5+(2*k-len(lines)+1)*9, html.EscapeString(line))
		}
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// wrap breaks a text into at most three lines.
func wrap(text string) (lines []string) {
	for word := range strings.FieldsSeq(text) {
		last := len(lines) - 1
		if last >= 0 && (len(lines[last])+1+len(word) <= lineLetters || last == 2) {
			lines[last] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}
