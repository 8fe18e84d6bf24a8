package model

import (
	"fmt"
	"math"

	"github.com/egotsr/egotsr/vision"
)

// Positions gives every token of a prompt its three M-RoPE positions (Qwen2.5-VL, get_rope_index): text advances
// temporal, height and width together; an image starts one past everything before it, keeps its temporal position and
// counts height and width over the merged grid; what follows starts one past the largest of the three.
// grids are those of the images in order of appearance. next is the position of the first token to be generated.
func (c *Config) Positions(ids []int32, grids []vision.Grid) (pos [][3]int32, next int32, err error) {
	pos = make([][3]int32, len(ids))
	merge := c.Vision.MergeSize
	image := 0
	for i := 0; i < len(ids); {
		if ids[i] != c.ImageToken {
			pos[i] = [3]int32{next, next, next}
			next++
			i++
			continue
		}
		if image == len(grids) {
			return nil, 0, fmt.Errorf("prompt: token %d is an image placeholder, but only %d images were given", i, len(grids))
		}
		g := grids[image]
		h, w := g.H/merge, g.W/merge
		n := g.T * h * w
		for k := range n {
			if i+k >= len(ids) || ids[i+k] != c.ImageToken {
				return nil, 0, fmt.Errorf("prompt: image %d has %d placeholders, its grid %v needs %d", image, k, g, n)
			}
			// A still image has T = 1; a clip's frames would advance the first axis.
			pos[i+k] = [3]int32{next + int32(k/(h*w)), next + int32(k/w%h), next + int32(k%w)}
		}
		next += int32(max(g.T, h, w))
		i += n
		image++
	}
	if image != len(grids) {
		return nil, 0, fmt.Errorf("prompt: %d image placeholders for %d images", image, len(grids))
	}
	return pos, next, nil
}

// rotary writes the cosine and sine of each position's M-RoPE angles, in float32 as the reference computes them:
// frequency j belongs to the temporal, height or width position by its place in mrope_section.
// cos and sin are [len(pos), HeadDim/2].
func (c *Config) rotary(pos [][3]int32, cos, sin []float32) {
	half := c.HeadDim / 2
	freq := inverseFrequencies(c.HeadDim, c.RopeTheta)
	for i, p := range pos {
		for j := range half {
			axis := 2
			if j < c.MRopeSection[0] {
				axis = 0
			} else if j < c.MRopeSection[0]+c.MRopeSection[1] {
				axis = 1
			}
			s, co := math.Sincos(float64(float32(p[axis]) * freq[j]))
			cos[i*half+j], sin[i*half+j] = float32(co), float32(s)
		}
	}
}

// inverseFrequencies is theta^(-2j/dim) for j in [0, dim/2), rounded to float32 where the reference rounds.
func inverseFrequencies(dim int, theta float64) []float32 {
	f := make([]float32, dim/2)
	for j := range f {
		exponent := float32(2*j) / float32(dim)
		f[j] = 1 / float32(math.Pow(theta, float64(exponent)))
	}
	return f
}
