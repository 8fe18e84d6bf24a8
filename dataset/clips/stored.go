package clips

import (
	"context"
	"fmt"
	"image"

	"github.com/egotsr/egotsr/vision"
)

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
	for i := 0; i < len(r.Images); i += every {
		if err := ctx.Err(); err != nil {
			return err
		}
		img, err := vision.ReadFile(r.Images[i])
		if err != nil {
			return err
		}
		if err := yield(i, img); err != nil {
			return err
		}
	}
	return nil
}
