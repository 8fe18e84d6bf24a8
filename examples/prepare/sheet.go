package main

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"io/fs"

	xdraw "golang.org/x/image/draw"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/examples/internal/program"
)

const (
	thumb    = 150 // pixels, a frame's side
	margin   = 8
	caption  = 64 // pixels, four lines
	columns  = 4
	rows     = 3 // of each stage
	cellW    = 2*thumb + 3*margin
	cellH    = thumb + caption + margin
	headline = 22
)

var (
	paper  = color.RGBA{250, 250, 248, 255}
	ink    = color.RGBA{30, 30, 30, 255}
	closer = color.RGBA{20, 150, 60, 255} // frame of the image that is the answer
	other  = color.RGBA{200, 200, 200, 255}
)

// sheet draws samples of every stage, spread over its file: both frames as a model is shown them, img1 on the left, the
// answer framed in green.
func sheet(path string, disk fs.FS) error {
	page := image.NewRGBA(image.Rect(0, 0, columns*cellW+margin, len(stages)*(headline+rows*cellH)+margin))
	draw.Draw(page, page.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)
	y := margin
	for _, s := range stages {
		corpus, err := dataset.Open(disk, disk, s.name+".jsonl")
		if errors.Is(err, fs.ErrNotExist) {
			continue // a stage that was left out
		}
		if err != nil {
			return err
		}
		defer corpus.Close()
		program.Words(page, margin, y+14, cellW*columns, ink, fmt.Sprintf("%s: %d samples; img1 left, img2 right, the answer in green", s.name, corpus.Len()))
		y += headline
		for k := range min(rows*columns, corpus.Len()) {
			// An odd step through the file meets pairs and their mirror images.
			x, err := corpus.At(k * (corpus.Len()/(rows*columns) | 1) % corpus.Len())
			if err != nil {
				return err
			}
			if err := cell(page, image.Pt(margin+k%columns*cellW, y+k/columns*cellH), corpus, x); err != nil {
				return err
			}
		}
		y += rows * cellH
	}
	return replace(path, func(w io.Writer) error { return png.Encode(w, page) })
}

func cell(page draw.Image, at image.Point, src dataset.Source, s dataset.Sample) error {
	for side, file := range []string{s.Img1, s.Img2} {
		img, err := src.Image(file)
		if err != nil {
			return err
		}
		box := image.Rect(0, 0, thumb, thumb).Add(at).Add(image.Pt(side*(thumb+margin), 0))
		edge := other
		if s.Closer == []string{dataset.Img1, dataset.Img2}[side] {
			edge = closer
		}
		draw.Draw(page, box, image.NewUniform(edge), image.Point{}, draw.Src)
		xdraw.ApproxBiLinear.Scale(page, box.Inset(4), img, img.Bounds(), draw.Src, nil)
	}
	answer := s.Closer
	if answer == "" {
		answer = "none"
	}
	lines := []string{
		s.Task,
		fmt.Sprintf("closer: %s   %s, %s, window %d", answer, s.Kind, s.Level, s.Window),
		fmt.Sprintf("%s/%s frames %d, %d", s.Scene, s.Episode, s.Frame1, s.Frame2),
	}
	if len(s.Plan) > 0 {
		lines = append(lines, fmt.Sprintf("done: %d and %d of %d", s.Done[0], s.Done[1], len(s.Plan)))
	}
	for i, line := range lines {
		program.Words(page, at.X, at.Y+thumb+14+15*i, cellW-margin, ink, line)
	}
	return nil
}
