package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/decompose"
)

// random is a plan of n subtasks, each of which waits for an earlier one with some probability.
func random(r *rand.Rand, n int) *decompose.Plan {
	share := r.Float64()
	p := &decompose.Plan{Goal: "Goal"}
	for i := range n {
		s := decompose.Subtask{Text: strings.Repeat("word ", r.IntN(20))}
		for j := range i {
			if r.Float64() < share {
				s.After = append(s.After, j)
			}
		}
		p.Subtasks = append(p.Subtasks, s)
	}
	return p
}

// closure says which subtask comes after which, at once or by others.
func closure(after [][]int) [][]bool {
	reach := make([][]bool, len(after))
	for i := range after {
		reach[i] = make([]bool, len(after))
		for _, j := range after[i] {
			reach[i][j] = true
		}
	}
	for k := range after {
		for i := range after {
			for j := range after {
				reach[i][j] = reach[i][j] || reach[i][k] && reach[k][j]
			}
		}
	}
	return reach
}

// TestDirect: the arrows drawn say what all of them said, and without any one of them they do not.
func TestDirect(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		p := random(r, r.IntN(9))
		all := make([][]int, len(p.Subtasks))
		for i, s := range p.Subtasks {
			all[i] = s.After
		}
		want, got := closure(all), direct(p.Subtasks)
		if diff := cmp.Diff(want, closure(got)); diff != "" {
			t.Fatalf("%v became %v (-want +got):\n%s", all, got, diff)
		}
		for i, edges := range got {
			if !slices.IsSorted(edges) {
				t.Fatalf("not in order: %v", edges)
			}
			for k := range edges {
				fewer := slices.Clone(got)
				fewer[i] = slices.Delete(slices.Clone(edges), k, k+1)
				if cmp.Equal(want, closure(fewer)) {
					t.Fatalf("%v: the arrow from %d to %d is implied by others", all, edges[k], i)
				}
			}
		}
	}
}

type point struct{ x, y float64 }

// drawn is a picture as a viewer reads it.
type drawn struct {
	width, height float64
	left, top     float64      // where the graph begins, from which all else is counted
	boxes         [][4]float64 // left, top, right, bottom
	arrows        [][]point    // points along each
	tips          []point
}

func read(t *testing.T, svg []byte) (d drawn) {
	t.Helper()
	dec := xml.NewDecoder(strings.NewReader(string(svg)))
	for {
		token, err := dec.Token()
		if err == io.EOF {
			return d
		}
		if err != nil {
			t.Fatal(err)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		has := map[string]string{}
		for _, a := range e.Attr {
			has[a.Name.Local] = a.Value
		}
		number := func(name string) float64 { v, _ := strconv.ParseFloat(has[name], 64); return v }
		switch {
		case e.Name.Local == "svg":
			d.width, d.height = number("width"), number("height")
		case e.Name.Local == "g":
			if n, err := fmt.Sscanf(has["transform"], "translate(%g %g)", &d.left, &d.top); n != 2 {
				t.Fatal(err)
			}
		case has["class"] == "box":
			d.boxes = append(d.boxes, [4]float64{number("x"), number("y"), number("x") + number("width"), number("y") + number("height")})
		case has["class"] == "arrow":
			points := along(t, has["d"])
			d.arrows = append(d.arrows, points)
			if has["marker-end"] != "" {
				d.tips = append(d.tips, points[len(points)-1])
			}
		}
	}
}

// along follows a curve and the line after it.
func along(t *testing.T, path string) (points []point) {
	t.Helper()
	var p [4]point
	if n, err := fmt.Sscanf(path, "M%g %gC%g %g %g %g %g %g", &p[0].x, &p[0].y, &p[1].x, &p[1].y, &p[2].x, &p[2].y, &p[3].x, &p[3].y); n != 8 {
		t.Fatalf("%s: %v", path, err)
	}
	mix := func(s float64, of func(point) float64) float64 {
		return (1-s)*(1-s)*(1-s)*of(p[0]) + 3*(1-s)*(1-s)*s*of(p[1]) + 3*(1-s)*s*s*of(p[2]) + s*s*s*of(p[3])
	}
	for k := range 101 {
		s := float64(k) / 100
		points = append(points, point{mix(s, func(q point) float64 { return q.x }), mix(s, func(q point) float64 { return q.y })})
	}
	if _, end, ok := strings.Cut(path, "V"); ok {
		to, err := strconv.ParseFloat(end, 64)
		if err != nil {
			t.Fatal(err)
		}
		from := points[len(points)-1]
		for y := from.y; y <= to; y++ {
			points = append(points, point{from.x, y})
		}
	}
	return points
}

// TestDraw: in the picture of any plan no box lies on another, no arrow runs behind a box, every arrow goes down, and all of it can
// be seen.
func TestDraw(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	passing := 0
	for range 200 {
		p := random(r, r.IntN(14))
		d := read(t, draw(p))
		arrows := 0
		for _, edges := range direct(p.Subtasks) {
			arrows += len(edges)
		}
		if len(d.boxes) != len(p.Subtasks) || len(d.tips) != arrows {
			t.Fatalf("%d boxes and %d arrows of %d and %d", len(d.boxes), len(d.tips), len(p.Subtasks), arrows)
		}
		passing += len(d.arrows) - arrows
		for i, a := range d.boxes {
			if d.left+a[0] < 0 || d.top+a[1] < 0 || d.left+a[2] > d.width || d.top+a[3] > d.height {
				t.Fatalf("box %v is outside of %vx%v", a, d.width, d.height)
			}
			for _, b := range d.boxes[:i] {
				if a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3] {
					t.Fatalf("boxes %v and %v overlap", a, b)
				}
			}
			for _, points := range d.arrows {
				for _, q := range points {
					if q.x > a[0] && q.x < a[2] && q.y > a[1] && q.y < a[3] {
						t.Fatalf("an arrow runs through %v at %v", a, q)
					}
				}
			}
		}
		for _, points := range d.arrows {
			for k := 1; k < len(points); k++ {
				if points[k].y < points[k-1].y {
					t.Fatalf("an arrow goes up: %v", points)
				}
			}
		}
		for _, tip := range d.tips {
			if !slices.ContainsFunc(d.boxes, func(b [4]float64) bool { return tip.x == (b[0]+b[2])/2 && b[1]-tip.y == 7 }) {
				t.Fatalf("an arrow leads to nothing: %v", tip)
			}
		}
	}
	if passing == 0 {
		t.Error("no arrow had a box to pass")
	}
}

func TestWrap(t *testing.T) {
	for text, want := range map[string][]string{
		"":                       nil,
		"one":                    {"one"},
		"one two  three":         {"one two", "three"},
		"onetwothreefour":        {"onetwoth", "reefour"},
		"a öffnen, schließen, b": {"a", "öffnen,", "schließe", "n, b"},
	} {
		if diff := cmp.Diff(want, wrap(text, 8)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	r := rand.New(rand.NewPCG(3, 3))
	for range 200 {
		text := strings.Repeat("ä", r.IntN(40)) + " " + strings.Repeat("b c ", r.IntN(9))
		lines := wrap(text, 11)
		if got := strings.ReplaceAll(strings.Join(lines, ""), " ", ""); got != strings.ReplaceAll(text, " ", "") {
			t.Fatalf("%q became %q", text, lines)
		}
		for _, line := range lines {
			if utf8.RuneCountInString(line) > 11 {
				t.Fatalf("%q is too long", line)
			}
		}
	}
}
