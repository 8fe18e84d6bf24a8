package dataset

import (
	"image"
	"io/fs"
)

// List is a [Source] over samples held in memory.
type List struct {
	images  fs.FS
	samples []Sample
}

// NewList makes a source of samples, whose image paths lie in images; where that is nil no image can be read. The samples must not be
// changed afterwards.
func NewList(images fs.FS, samples []Sample) *List {
	return &List{images: images, samples: samples}
}

// Len is the number of samples.
func (l *List) Len() int { return len(l.samples) }

// At is sample i, or an *IndexError.
func (l *List) At(i int) (Sample, error) {
	if i < 0 || i >= len(l.samples) {
		return Sample{}, &IndexError{Index: i, Len: len(l.samples)}
	}
	return l.samples[i], nil
}

// Image reads and decodes an image. Its errors are *FileError.
func (l *List) Image(path string) (image.Image, error) { return readImage(l.images, path) }
