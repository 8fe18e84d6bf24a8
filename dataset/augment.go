package dataset

import (
	"fmt"
	"image"
	"math/rand/v2"

	"github.com/egotsr/egotsr/vision"
)

// How far a view may be from the recorded one.
const (
	unchangedShare = 0.25 // of the blocks are shown as they were recorded: that is what a judge is asked about
	cropShare      = 0.12 // of each side, at most
	lightShare     = 0.2  // brighter or darker, at most
	tintShare      = 0.05 // of one channel beside the others, at most
)

// Augmented is a [Source] whose frames are seen by a camera that stands a little nearer, in other light: few episodes then
// teach what the scene shows rather than how it was filmed. All frames of a block have one view, so what differs between
// them is what happened, and a frame is encoded once for the block. Sample i is a pure function of the seed, the source and i.
//
// Image paths of samples get the number of their block in front, which Image takes off again.
type Augmented struct {
	Source
	seed  uint64
	block int
}

// NewAugmented shows the frames of src differently from block to block. Its blocks are those of src, see [Blocked].
func NewAugmented(src Source, seed uint64) *Augmented {
	return &Augmented{Source: src, seed: seed, block: blockOf(src)}
}

// Block is the number of samples that share a view.
func (a *Augmented) Block() int { return a.block }

// At is sample i of the source, or its error.
func (a *Augmented) At(i int) (Sample, error) {
	s, err := a.Source.At(i)
	if err != nil {
		return s, err
	}
	s.Img1, s.Img2 = partPath(i/a.block, s.Img1), partPath(i/a.block, s.Img2)
	return s, nil
}

// Image is the image of a sample's Img1 or Img2, as its block shows it. A path that is none of them gives a *FileError.
func (a *Augmented) Image(path string) (image.Image, error) {
	block, rest := cutPart(path)
	if block < 0 {
		return nil, fileError(path, fmt.Errorf("has no number of a block in front"))
	}
	img, err := a.Source.Image(rest)
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(a.seed, uint64(block)))
	if rng.Float64() < unchangedShare {
		return img, nil
	}
	return look(rng, vision.ToRGB(img)), nil
}

// look draws a view: a part of the image in its own proportions, and a gain for each channel.
func look(rng *rand.Rand, m *vision.RGB) image.Image {
	side, right, down := 1-cropShare*rng.Float64(), rng.Float64(), rng.Float64()
	w, h := max(1, int(side*float64(m.W)+0.5)), max(1, int(side*float64(m.H)+0.5))
	left, top := int(right*float64(m.W-w)+0.5), int(down*float64(m.H-h)+0.5)
	light := 1 + lightShare*(2*rng.Float64()-1)
	var levels [3][256]uint8
	for c := range levels {
		gain := light * (1 + tintShare*(2*rng.Float64()-1))
		for v := range levels[c] {
			levels[c][v] = uint8(min(255, gain*float64(v)+0.5))
		}
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		from := m.Pix[3*((top+y)*m.W+left):][:3*w]
		to := out.Pix[y*out.Stride:][:4*w]
		for x := range w {
			to[4*x], to[4*x+1], to[4*x+2] = levels[0][from[3*x]], levels[1][from[3*x+1]], levels[2][from[3*x+2]]
			to[4*x+3] = 255
		}
	}
	return out
}
