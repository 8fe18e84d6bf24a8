package evaluate

import (
	"errors"
	"image"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/foreign"
	"github.com/egotsr/egotsr/vision"
)

// What is measured on is read by what may be a user's code. A panic in it is an error of the sample, which is then listed as bad.

// length is how many samples a source has.
func length(src dataset.Source) (int, error) {
	if src == nil {
		return 0, &egotsr.InputError{What: "source", Reason: "is nil"}
	}
	n, err := foreign.Get("Source.Len", src.Len)
	if err != nil {
		return 0, &egotsr.InputError{What: "source", Err: err}
	}
	return n, nil
}

func sample(src dataset.Source, i int) (dataset.Sample, error) {
	return foreign.Do("Source.At", func() (dataset.Sample, error) { return src.At(i) })
}

// maxPixels is the largest frame whose pixels are tried, as large as image files may be.
const maxPixels = 100_000_000

// frame reads an image, and makes sure that its pixels can be. What has no end, such as an *image.Uniform, is the judge's to refuse.
func frame(read func(string) (image.Image, error), path string) (image.Image, error) {
	return foreign.Do("reading "+path, func() (image.Image, error) {
		img, err := read(path)
		if err != nil {
			return nil, err
		}
		if img == nil {
			return nil, errors.New("neither an image nor an error")
		}
		if b := img.Bounds(); !b.Empty() && b.Dx() <= maxPixels/b.Dy() {
			vision.ToRGB(img)
		}
		return img, nil
	})
}
