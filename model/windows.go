package model

import (
	"math"

	"github.com/egotsr/egotsr/vision"
)

// visionLayout is what the vision tower needs to know of a grid, worked out on the host: the order in which patches
// run through the tower, their rotary angles, and how they fall into attention windows.
type visionLayout struct {
	order   []int32 // [patches] source patch of each row in window order
	inverse []int32 // [patches/merge²] merged token → its row in window order
	cos     []float32
	sin     []float32 // [patches, headDim/2] in window order
	window  int       // patches in a full window
	windows int
	slots   []int32 // [windows*window] row of each window slot; nil when every window is full
	filled  []bool  // [windows*window] whether a slot holds a patch
	back    []int32 // [patches] slot of each row
}

// layout follows get_window_index and rot_pos_emb of transformers' Qwen2.5-VL. Patches of one 2x2 merge group stay
// together throughout; windows are squares of WindowSize/PatchSize/MergeSize merged tokens, cut off at the borders.
// The reference also lists empty windows where a side divides evenly; they hold nothing and are dropped here.
func (c *VisionConfig) layout(g vision.Grid) *visionLayout {
	merge := c.MergeSize
	unit := merge * merge
	h, w := g.H/merge, g.W/merge
	side := c.WindowSize / c.PatchSize / merge
	n := g.T * g.H * g.W
	l := &visionLayout{
		order:   make([]int32, 0, n),
		inverse: make([]int32, n/unit),
		window:  side * side * unit,
	}
	for t := range g.T {
		for y0 := 0; y0 < h; y0 += side {
			for x0 := 0; x0 < w; x0 += side {
				l.windows++
				for y := y0; y < min(y0+side, h); y++ {
					for x := x0; x < min(x0+side, w); x++ {
						merged := (t*h+y)*w + x
						l.inverse[merged] = int32(len(l.order) / unit)
						for k := range unit {
							l.order = append(l.order, int32(merged*unit+k))
						}
						l.slots = append(l.slots, seq(len(l.order)-unit, unit)...)
					}
				}
				// An image smaller than one window attends as one window of its own size.
				for len(l.slots) < l.windows*l.window {
					l.slots = append(l.slots, -1)
				}
			}
		}
	}
	l.trim(n)
	l.rotary(c, g)
	return l
}

// trim turns the slot list into gather indices and a mask, or drops it where no slot is empty.
func (l *visionLayout) trim(n int) {
	if l.windows*l.window == n {
		l.slots = nil
		return
	}
	if l.windows == 1 { // one window, partly filled: simply a smaller window
		l.window, l.slots = n, nil
		return
	}
	l.filled = make([]bool, len(l.slots))
	l.back = make([]int32, n)
	for s, row := range l.slots {
		if row < 0 {
			l.slots[s] = 0
			continue
		}
		l.filled[s] = true
		l.back[row] = int32(s)
	}
}

// rotary fills the 2-D angles: the first half of the frequencies turn with the patch's row, the second with its column.
func (l *visionLayout) rotary(c *VisionConfig, g vision.Grid) {
	headDim := c.HiddenSize / c.Heads
	half, quarter := headDim/2, headDim/4
	freq := inverseFrequencies(half, 10000)
	l.cos = make([]float32, len(l.order)*half)
	l.sin = make([]float32, len(l.order)*half)
	m := c.MergeSize
	for i, p := range l.order {
		k, merged := int(p)%(m*m), int(p)/(m*m)
		y := merged/(g.W/m)%(g.H/m)*m + k/m
		x := merged%(g.W/m)*m + k%m
		for j := range quarter {
			sy, cy := math.Sincos(float64(float32(y) * freq[j]))
			sx, cx := math.Sincos(float64(float32(x) * freq[j]))
			l.cos[i*half+j], l.sin[i*half+j] = float32(cy), float32(sy)
			l.cos[i*half+quarter+j], l.sin[i*half+quarter+j] = float32(cx), float32(sx)
		}
	}
}

func seq(from, n int) []int32 {
	s := make([]int32, n)
	for i := range s {
		s[i] = int32(from + i)
	}
	return s
}
