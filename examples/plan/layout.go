package main

import (
	"cmp"
	"slices"

	"github.com/egotsr/egotsr/decompose"
)

// Sizes in pixels.
const (
	boxWidth    = 240
	laneWidth   = 8 // where an arrow passes by boxes
	gapX, gapY  = 24, 44
	margin      = 24
	lineHeight  = 18
	padding     = 12 // of a box, above and below its words
	lineLetters = 32
)

// node is a box, or a place where an arrow passes the boxes of a row that it neither begins nor ends in.
type node struct {
	lines               []string // the words; none where an arrow passes
	x, y, width, height int      // of its upper left corner, and its size
	row                 int
	from                []*node // in the row above
}

// middle is where arrows meet the node.
func (n *node) middle() int { return n.x + n.width/2 }

// layout places a plan's subtasks in rows, each in the one below the last it waits for, and the arrows between them. An arrow that
// goes over several rows is led through them beside the boxes, so that none runs behind a box.
func layout(p *decompose.Plan) (rows [][]*node) {
	boxes := make([]*node, len(p.Subtasks))
	put := func(n *node) {
		for len(rows) <= n.row {
			rows = append(rows, nil)
		}
		rows[n.row] = append(rows[n.row], n)
	}
	edges := direct(p.Subtasks)
	for i, s := range p.Subtasks {
		box := &node{lines: wrap(number(i)+s.Text, lineLetters), width: boxWidth}
		for _, j := range edges[i] {
			box.row = max(box.row, boxes[j].row+1)
		}
		for _, j := range edges[i] {
			from := boxes[j]
			for from.row < box.row-1 {
				lane := &node{width: laneWidth, row: from.row + 1, from: []*node{from}}
				put(lane)
				from = lane
			}
			box.from = append(box.from, from)
		}
		boxes[i] = box
		put(box)
	}
	untangle(rows)
	place(rows)
	return rows
}

// untangle orders every row by where its nodes come from, and then by where they lead, so that few arrows cross.
func untangle(rows [][]*node) {
	into := map[*node][]*node{}
	for _, row := range rows {
		for _, n := range row {
			for _, f := range n.from {
				into[f] = append(into[f], n)
			}
		}
	}
	for range 4 {
		for k := 1; k < len(rows); k++ {
			arrange(rows[k], rows[k-1], func(n *node) []*node { return n.from })
		}
		for k := len(rows) - 2; k >= 0; k-- {
			arrange(rows[k], rows[k+1], func(n *node) []*node { return into[n] })
		}
	}
}

// arrange sorts a row by the mean place of each node's neighbours in the row beside it.
func arrange(row, beside []*node, neighbours func(*node) []*node) {
	mean := map[*node]float64{}
	for k, n := range row {
		mean[n] = float64(k) / float64(len(row)) * float64(len(beside)) // without neighbours it stays about where it is
		if near := neighbours(n); len(near) > 0 {
			sum := 0
			for _, m := range near {
				sum += slices.Index(beside, m)
			}
			mean[n] = float64(sum) / float64(len(near))
		}
	}
	slices.SortStableFunc(row, func(a, b *node) int { return cmp.Compare(mean[a], mean[b]) })
}

// place gives nodes their coordinates, from (0, 0) on. Rows are centred.
func place(rows [][]*node) {
	y, widest := 0, 0
	for _, row := range rows {
		x, tallest := 0, 0
		for _, n := range row {
			tallest = max(tallest, 2*padding+lineHeight*len(n.lines))
		}
		for _, n := range row {
			n.x, n.y, n.height = x, y, tallest
			x += n.width + gapX
		}
		widest = max(widest, x-gapX)
		y += tallest + gapY
	}
	for _, row := range rows {
		last := row[len(row)-1]
		slack := (widest - last.x - last.width) / 2
		for _, n := range row {
			n.x += slack
		}
	}
}
