package main

import (
	"errors"
	"fmt"
	"image"
	"os"

	"github.com/egotsr/egotsr/internal/page"
)

const (
	pictures = 8   // below a curve, at most
	dots     = 100 // on a curve, at most: more of them hide it
)

// draw makes a picture of the curve, of where it turned, and of some of its frames.
func draw(path, task string, curve []float64, turned []turn, images []image.Image, every int) error {
	p := plot(task, curve, turned, images, every)
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(p.WriteSVG(f), f.Close())
}

func plot(task string, curve []float64, turned []turn, images []image.Image, every int) page.Plot {
	points := make([]page.Point, len(curve))
	for i, v := range curve {
		points[i] = page.Point{X: float64(i * every), Y: v, Text: fmt.Sprintf("frame %d: %.2f", i*every, v), Caption: fmt.Sprint(i * every)}
	}
	for _, i := range choose(len(curve), turned) {
		points[i].Picture = images[i]
	}
	// A turn has its frame's picture, so that the picture has the turn's colour.
	setbacks, recoveries := page.Series{Dots: true}, page.Series{Dots: true, Below: true}
	for _, t := range turned {
		q := points[t.at]
		q.Label, points[t.at].Picture = t.String(), nil
		if t.setback {
			setbacks.Points = append(setbacks.Points, q)
		} else {
			recoveries.Points = append(recoveries.Points, q)
		}
	}
	// Labels need some room above 1 and below 0.
	y := page.Axis{Name: "progress", From: -0.1, To: 1.1}
	for k := range 5 {
		at := float64(k) / 4
		y.Ticks = append(y.Ticks, page.Tick{At: at, Label: fmt.Sprint(at)})
	}
	return page.Plot{
		Title: task, X: page.Axis{Name: "frame", To: float64((len(curve) - 1) * every)}, Y: y,
		Series: []page.Series{{Line: true, Dots: len(curve) <= dots, Points: points}, setbacks, recoveries},
	}
}

// choose takes frames at even distances, the first and the last among them, and instead of each a turn that is nearer to it than to
// the others.
func choose(n int, turned []turn) (chosen []int) {
	slots := min(n, pictures)
	for k := range slots {
		at := k * (n - 1) / max(slots-1, 1)
		for _, t := range turned {
			if t.at >= k*n/slots && t.at < (k+1)*n/slots {
				at = t.at
				break
			}
		}
		chosen = append(chosen, at)
	}
	return chosen
}
