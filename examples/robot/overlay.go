package main

import (
	"image"
	"image/color"
	"image/gif"
	"os"

	"golang.org/x/image/draw"
	"golang.org/x/image/vector"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/examples/internal/program"
)

// The picture: the camera's frame on the left, the curve so far on the right, words above and below.
const (
	side   = 224
	header = 24
	footer = 40
	width  = 2*side + 32
	height = header + side + footer
)

var (
	paper = color.RGBA{250, 250, 248, 255}
	ink   = color.RGBA{40, 40, 46, 255}
	faint = color.RGBA{214, 214, 210, 255}
	trend = map[egotsr.Trend]color.RGBA{
		egotsr.Stalled: {128, 128, 128, 255}, egotsr.Advancing: {34, 110, 190, 255}, egotsr.Regressing: {200, 50, 40, 255},
		egotsr.Recovering: {222, 140, 20, 255}, egotsr.Done: {30, 140, 70, 255},
	}
)

// maxPictures is what an overlay holds, whatever the length of the episode, and keeps the file small.
const maxPictures = 64

// overlay collects the pictures of an episode: every stride-th, and the last one.
type overlay struct {
	task     string
	pictures []picture
	stride   int
	seen     int // frames so far
}

// picture is a moment of the episode.
type picture struct {
	frame   *image.RGBA
	state   egotsr.State
	subtask string
}

// add takes the next frame. Once there are too many pictures, every second one goes.
func (o *overlay) add(frame image.Image, s egotsr.State, subtask string) {
	small := image.NewRGBA(image.Rect(0, 0, side, side))
	b := frame.Bounds()
	scale := float64(side) / float64(max(b.Dx(), b.Dy()))
	w, h := int(float64(b.Dx())*scale), int(float64(b.Dy())*scale)
	at := image.Rect((side-w)/2, (side-h)/2, (side+w)/2, (side+h)/2)
	draw.CatmullRom.Scale(small, at, frame, b, draw.Src, nil)
	if o.seen > 0 && (o.seen-1)%o.stride != 0 {
		o.pictures = o.pictures[:len(o.pictures)-1] // it was there as the last one only
	}
	o.pictures = append(o.pictures, picture{small, s, subtask})
	o.seen++
	if len(o.pictures) <= maxPictures {
		return
	}
	kept := o.pictures[:0]
	for k := 0; k < len(o.pictures); k += 2 {
		kept = append(kept, o.pictures[k])
	}
	clear(o.pictures[len(kept):])
	o.pictures, o.stride = kept, 2*o.stride
}

// write makes the animation. All pictures share a palette.
func (o *overlay) write(path string) error {
	p := o.palette()
	g := &gif.GIF{}
	for k := range o.pictures {
		picture := image.NewPaletted(image.Rect(0, 0, width, height), p)
		draw.Draw(picture, picture.Bounds(), o.draw(k), image.Point{}, draw.Src)
		g.Image, g.Delay = append(g.Image, picture), append(g.Delay, 20)
	}
	if n := len(g.Delay); n > 0 {
		g.Delay[n-1] = 200
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := gif.EncodeAll(f, g); err != nil {
		return err
	}
	return f.Close()
}

// palette has our colours and the frames' most common ones, in steps of 16 a channel.
func (o *overlay) palette() color.Palette {
	p := color.Palette{paper, ink, faint}
	for t := egotsr.Stalled; t <= egotsr.Done; t++ {
		p = append(p, trend[t])
	}
	count := map[color.RGBA]int{}
	for _, q := range o.pictures {
		f := q.frame
		for i := 0; i < len(f.Pix); i += 4 {
			count[color.RGBA{f.Pix[i]&^15 | 8, f.Pix[i+1]&^15 | 8, f.Pix[i+2]&^15 | 8, 255}]++
		}
	}
	for len(p) < 128 && len(count) > 0 {
		var most color.RGBA
		for c, n := range count {
			if n > count[most] || n == count[most] && less(c, most) {
				most = c
			}
		}
		p = append(p, most)
		delete(count, most)
	}
	return p
}

// less gives equally common colours an order, so that a file can be made again to the byte.
func less(a, b color.RGBA) bool {
	return uint32(a.R)<<16|uint32(a.G)<<8|uint32(a.B) < uint32(b.R)<<16|uint32(b.G)<<8|uint32(b.B)
}

// draw makes a picture whole: the frame, the words, and the curve as far as it goes.
func (o *overlay) draw(k int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(img, img.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)
	now := o.pictures[k]
	draw.Draw(img, image.Rect(0, header, side, header+side), now.frame, image.Point{}, draw.Src)
	program.Words(img, 6, 16, width-12, ink, o.task)
	program.Words(img, 6, header+side+16, side, trend[now.state.Trend], now.state.Trend.String())
	program.Words(img, 6, header+side+32, width-12, ink, now.subtask)

	left, top, w, h := side+24, header+8, side-8, side-16
	for k := range 5 {
		y := top + k*h/4
		draw.Draw(img, image.Rect(left, y, left+w, y+1), image.NewUniform(faint), image.Point{}, draw.Src)
	}
	point := func(k int) (x, y float32) {
		return float32(left) + float32(k*w)/float32(max(1, len(o.pictures)-1)), float32(top) + float32(h)*float32(1-o.pictures[k].state.Progress)
	}
	for i := 1; i <= k; i++ {
		x0, y0 := point(i - 1)
		x1, y1 := point(i)
		line(img, x0, y0, x1, y1, trend[o.pictures[i].state.Trend])
	}
	x, y := point(k)
	disc := image.Rect(int(x)-3, int(y)-3, int(x)+4, int(y)+4)
	draw.Draw(img, disc, image.NewUniform(trend[now.state.Trend]), image.Point{}, draw.Src)
	program.Words(img, left, header+side+16, w, ink, "progress")
	return img
}

// line is two pixels wide.
func line(img *image.RGBA, x0, y0, x1, y1 float32, c color.Color) {
	r := vector.NewRasterizer(width, height)
	dx, dy := x1-x0, y1-y0
	n := max(dx, -dx, dy, -dy, 1e-3)
	nx, ny := -dy/n, dx/n
	r.MoveTo(x0+nx, y0+ny)
	r.LineTo(x1+nx, y1+ny)
	r.LineTo(x1-nx, y1-ny)
	r.LineTo(x0-nx, y0-ny)
	r.ClosePath()
	r.Draw(img, img.Bounds(), image.NewUniform(c), image.Point{})
}
