package main

import (
	"bytes"
	"fmt"
	"html"
	"strings"

	"github.com/egotsr/egotsr/decompose"
)

const (
	titleLetter = 10  // pixels, the width of one on average
	titleHeight = 24  // of a line
	leastWidth  = 440 // of the picture without its margins
	tip         = 7   // length of an arrow's head
	colours     = `
.page { fill: #ffffff } .box { fill: #eef3fb; stroke: #4a6fa5 } .arrow { fill: none; stroke: #6b7c93; stroke-width: 1.5 } .tip { fill: #6b7c93 } text { fill: #1c2733 }
@media (prefers-color-scheme: dark) {
  .page { fill: #11161c } .box { fill: #22303f; stroke: #7aa2d8 } .arrow { stroke: #93a4ba } .tip { fill: #93a4ba } text { fill: #e6edf3 }
}`
)

// draw is the causal graph as SVG, from top to bottom, without the arrows that others imply. Colours follow the reader's light or dark
// setting.
func draw(p *decompose.Plan) []byte {
	rows := layout(p)
	width, height := leastWidth, 0
	for _, row := range rows {
		last := row[len(row)-1]
		width, height = max(width, last.x+last.width), last.y+last.height
	}
	title := wrap(p.Goal, width/titleLetter)
	left, top := margin, 2*margin+titleHeight*len(title)
	if len(rows) > 0 {
		first, last := rows[0][0], rows[0][len(rows[0])-1] // rows are centred
		left += (width - (first.x + last.x + last.width)) / 2
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" width="%[1]d" height="%[2]d" font-family="system-ui, sans-serif" font-size="13">
<style>%[3]s
</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="0" refY="4" markerWidth="%[4]d" markerHeight="%[4]d" markerUnits="userSpaceOnUse" orient="auto"><path class="tip" d="M0 0 8 4 0 8z"/></marker></defs>
<rect class="page" width="100%%" height="100%%"/>
`, width+2*margin, top+height+margin, colours, tip)
	for k, line := range title {
		fmt.Fprintf(&b, `<text x="%d" y="%d" font-size="17" font-weight="bold">%s</text>`+"\n", margin, margin+titleHeight*k+16, html.EscapeString(line))
	}
	fmt.Fprintf(&b, `<g transform="translate(%d %d)">`+"\n", left, top)
	for _, row := range rows {
		for _, n := range row {
			for _, f := range n.from {
				arrow(&b, f, n)
			}
			box(&b, n)
		}
	}
	b.WriteString("</g>\n</svg>\n")
	return b.Bytes()
}

// arrow goes from one row to the next, between the two all the way; through a row that it only passes it goes straight down.
func arrow(b *bytes.Buffer, from, to *node) {
	x1, y1, x2, y2 := from.middle(), from.y+from.height, to.middle(), to.y
	end, marker := "", ` marker-end="url(#tip)"`
	if to.lines == nil {
		end, marker = fmt.Sprintf("V%d", to.y+to.height), ""
	} else {
		y2 -= tip
	}
	bend := (y1 + y2) / 2
	fmt.Fprintf(b, `<path class="arrow" d="M%d %dC%d %d %d %d %d %d%s"%s/>`+"\n", x1, y1, x1, bend, x2, bend, x2, y2, end, marker)
}

func box(b *bytes.Buffer, n *node) {
	if n.lines == nil {
		return
	}
	fmt.Fprintf(b, `<rect class="box" x="%d" y="%d" width="%d" height="%d" rx="8"/>`+"\n", n.x, n.y, n.width, n.height)
	for k, line := range n.lines {
		y := n.y + n.height/2 + 5 + (2*k-len(n.lines)+1)*lineHeight/2
		fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n", n.middle(), y, html.EscapeString(line))
	}
}

func number(i int) string { return fmt.Sprintf("%d. ", i+1) }

// wrap breaks a text into lines of so many letters; what is longer than a line is broken too.
func wrap(text string, letters int) (lines []string) {
	used := letters // in the last line
	for word := range strings.FieldsSeq(text) {
		for w := []rune(word); len(w) > 0; {
			n := min(len(w), letters)
			if last := len(lines) - 1; last >= 0 && used+1+n <= letters {
				lines[last] += " " + string(w[:n])
				used += 1 + n
			} else {
				lines, used = append(lines, string(w[:n])), n
			}
			w = w[n:]
		}
	}
	return lines
}
