package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/egotsr/egotsr/dataset"
)

// count is what a stage's samples are, by window, order, level and kind.
type count struct {
	stage                          string
	samples                        int
	windows, orders, levels, kinds map[string]int
	answers                        map[string]int
	rejected                       map[string]int // descriptions, by reason
}

func newCount(stage string) count {
	return count{stage, 0, map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}, nil}
}

func (c *count) add(s dataset.Sample) {
	c.samples++
	switch {
	case s.Window <= 3:
		c.windows["1–3"]++
	case s.Window <= 11:
		c.windows["4–11"]++
	default:
		c.windows["12+"]++
	}
	switch {
	case s.Frame1 < s.Frame2:
		c.orders["earlier first"]++
	case s.Frame1 > s.Frame2:
		c.orders["later first"]++
	default:
		c.orders["one frame"]++
	}
	c.levels[string(s.Level)]++
	c.kinds[string(s.Kind)]++
	if s.Closer == "" {
		c.answers["none"]++
	} else {
		c.answers[s.Closer]++
	}
}

// table prints the counts of all stages, a stage a column.
func table(out io.Writer, counts []count) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, value func(count) string) {
		fmt.Fprint(w, name, "\t")
		for _, c := range counts {
			fmt.Fprint(w, value(c), "\t")
		}
		fmt.Fprintln(w)
	}
	row("stage", func(c count) string { return c.stage })
	row("samples", func(c count) string { return fmt.Sprint(c.samples) })
	for _, part := range []struct {
		name string
		of   func(count) map[string]int
	}{
		{"window", func(c count) map[string]int { return c.windows }},
		{"order", func(c count) map[string]int { return c.orders }},
		{"level", func(c count) map[string]int { return c.levels }},
		{"kind", func(c count) map[string]int { return c.kinds }},
		{"answer", func(c count) map[string]int { return c.answers }},
		{"description rejected", func(c count) map[string]int { return c.rejected }},
	} {
		keys := map[string]bool{}
		for _, c := range counts {
			for k := range part.of(c) {
				keys[k] = true
			}
		}
		for _, k := range slices.Sorted(maps.Keys(keys)) {
			row(strings.TrimSpace(part.name+" "+k), func(c count) string { return fmt.Sprint(part.of(c)[k]) })
		}
	}
	w.Flush()
}
