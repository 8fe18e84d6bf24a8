package evaluate

import (
	"fmt"
	"image"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/foreign"
	"github.com/egotsr/egotsr/vision"
)

// thumbSide makes frames so small that their difference is of what moved, not of noise.
const thumbSide = 32

// thumb is a small grey version of a frame, 0 to 255.
type thumb [thumbSide * thumbSide]float64

func newThumb(img image.Image) (t *thumb) {
	rgb := vision.ToRGB(img).Resize(thumbSide, thumbSide)
	t = new(thumb)
	for i := range t {
		p := rgb.Pix[3*i:]
		t[i] = 0.299*float64(p[0]) + 0.587*float64(p[1]) + 0.114*float64(p[2]) // luma of ITU-R BT.601
	}
	return t
}

// distance is the mean absolute difference, 0 to 255.
func (t *thumb) distance(u *thumb) (d float64) {
	for i := range t {
		d += max(t[i]-u[i], u[i]-t[i]) / float64(len(t))
	}
	return d
}

// lastFrames finds how episodes end. It keeps what it has seen, 8 kB an episode.
type lastFrames struct {
	src  dataset.Source
	path func(*dataset.Sample) string
	seen map[string]*thumb
}

// distances of a pair's frames from the last one of their episode, or zeros where that is unknown.
func (l *lastFrames) distances(s *dataset.Sample, p egotsr.Pair) ([2]float64, error) {
	return foreign.Do("comparing frames", func() ([2]float64, error) { return l.compare(s, p) })
}

func (l *lastFrames) compare(s *dataset.Sample, p egotsr.Pair) (d [2]float64, err error) {
	if l.path == nil {
		return d, nil
	}
	path, err := foreign.Get("Options.Last", func() string { return l.path(s) })
	if path == "" || err != nil {
		return d, err
	}
	end := l.seen[path]
	if end == nil {
		img, err := frame(l.src.Image, path)
		if err != nil {
			return d, fmt.Errorf("the last frame of its episode: %w", err)
		}
		end = newThumb(img)
		l.seen[path] = end
	}
	return [2]float64{newThumb(p.Img1).distance(end), newThumb(p.Img2).distance(end)}, nil
}
