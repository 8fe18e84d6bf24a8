package clips

import (
	"context"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"

	"github.com/egotsr/egotsr/vision"
)

// Stored are the frames of one recording inside a larger file, each as an image file of its own. It is safe for
// concurrent use, and holds no file open.
type Stored interface {
	Len() int
	// Files are the files the frames lie in. Where one of them changes, Prepare does its work again.
	Files() []string
	Open() (FrameReader, error)
}

// FrameReader reads stored frames, quickest in order. It is for one goroutine.
type FrameReader interface {
	// Frame is frame i as an image file, and the extension that names its format: ".jpg", ".png" or ".webp".
	Frame(i int) (data []byte, ext string, err error)
	Close() error
}

// stored are the frames of a recording that is no video.
func (r *Recording) stored() Stored {
	if r.Stored != nil {
		return r.Stored
	}
	return imageFiles(r.Images)
}

type imageFiles []string

func (f imageFiles) Len() int                   { return len(f) }
func (f imageFiles) Files() []string            { return f }
func (f imageFiles) Open() (FrameReader, error) { return f, nil }
func (f imageFiles) Close() error               { return nil }

func (f imageFiles) Frame(i int) ([]byte, string, error) {
	data, err := os.ReadFile(f[i])
	return data, strings.ToLower(filepath.Ext(f[i])), err
}

// Decode calls yield with every every-th frame of a recording, whatever it is kept in, and the frame's number in the
// recording: 0, every, 2 every and so on. It stops at the first error, which may be yield's. Videos are read by ffmpeg,
// from the beginning of their file. It holds one frame at a time.
func (r *Recording) Decode(ctx context.Context, every int, yield func(i int, img image.Image) error) error {
	if every < 1 {
		return fmt.Errorf("clips: every %d frames", every)
	}
	if r.Video != "" {
		_, err := videoFrames(ctx, r.Video, r.From, r.To, every, func(i int, img image.Image) error { return yield(i*every, img) })
		return err
	}
	stored := r.stored()
	frames, err := stored.Open()
	if err != nil {
		return err
	}
	defer frames.Close()
	for i := 0; i < stored.Len(); i += every {
		if err := ctx.Err(); err != nil {
			return err
		}
		data, _, err := frames.Frame(i)
		if err != nil {
			return err
		}
		img, err := vision.Decode(data)
		if err != nil {
			return fmt.Errorf("clips: episode %s/%s: frame %d: %w", r.Scene, r.Episode, i, err)
		}
		if err := yield(i, img); err != nil {
			return err
		}
	}
	return nil
}
