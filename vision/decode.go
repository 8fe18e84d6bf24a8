package vision

import (
	"bytes"
	"fmt"
	"image"

	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"
)

// maxPixels is the largest image that is decoded: 100 megapixels.
const maxPixels = 100_000_000

// Decode reads a PNG, JPEG, WebP, BMP, GIF (its first frame) or TIFF. The size in the header is checked before anything
// is allocated. EXIF orientation is not applied, as the reference does not. Errors are *SizeError or *FormatError.
func Decode(data []byte) (img image.Image, err error) {
	// The decoders are well kept, but a crafted file must not take a robot down: this is their one boundary.
	defer func() {
		if p := recover(); p != nil {
			img, err = nil, &FormatError{"image", fmt.Sprintf("decoder failed: %v", p)}
		}
	}()
	config, kind, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, &FormatError{"image", err.Error()}
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxPixels/config.Height {
		return nil, &SizeError{config.Width, config.Height, "is outside the decoder's bounds"}
	}
	if img, _, err = image.Decode(bytes.NewReader(data)); err != nil {
		return nil, &FormatError{kind, err.Error()}
	}
	return img, nil
}
