package main

import (
	"image"
	"os"
	"slices"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/examples/internal/program"
)

// demonstrations finds, for an episode, the frames of the first clean success of its task in a folder that is not the episode itself.
func demonstrations(folder string) (func(*dataset.Episode) ([]image.Image, error), error) {
	disk := os.DirFS(folder)
	episodes, err := program.Episodes(disk)
	if err != nil {
		return nil, err
	}
	images := dataset.ValidationPairs(disk, episodes, dataset.ValidationOptions{PerEpisode: 1})
	return func(e *dataset.Episode) (frames []image.Image, err error) {
		k := slices.IndexFunc(episodes, func(d dataset.Episode) bool {
			return d.Task == e.Task && d.Variant == dataset.VariantClean && d.ID != e.ID
		})
		if k < 0 {
			return nil, nil
		}
		for _, path := range episodes[k].Frames {
			img, err := images.Image(path)
			if err != nil {
				return nil, err
			}
			frames = append(frames, img)
		}
		return frames, nil
	}, nil
}
