package vision

import (
	"bytes"
	"fmt"
	"image"
	"io"

	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"
)

// maxPixels is the largest image that is decoded: 100 megapixels.
const maxPixels = 100_000_000

// jpegPixelsPerByte is more than a complete JPEG can have: each 8x8 block takes at least one bit in its DC scan, which
// makes 512. The data of a header that promises more is cut short, and need not cost gigabytes to find out.
const jpegPixelsPerByte = 1024

// Decode reads a PNG, JPEG, WebP, BMP, GIF or TIFF; of an animation the first frame. A JPEG may lack its Huffman tables, as
// those of webcams do: they are the standard's then. The size in the header is checked before pixels are allocated. EXIF
// orientation is not applied, as the reference does not. Errors are *SizeError (more than 100 megapixels, or none) or
// *FormatError (not an image, a broken one, a variant nobody here can read), which names the format that is there.
func Decode(data []byte) (img image.Image, err error) {
	kind := "image"
	// The decoders are well kept, but a crafted file must not take a robot down: this is their one boundary.
	defer func() {
		if p := recover(); p != nil {
			img, err = nil, &FormatError{kind, fmt.Sprintf("decoder failed: %v", p)}
		}
	}()
	config, name, err := image.DecodeConfig(file(data))
	if err != nil {
		if known := foreignFormat(data); known != nil {
			return nil, known
		}
		return nil, &FormatError{kind, err.Error()}
	}
	kind = name
	if config.Width < 1 || config.Height < 1 {
		return nil, &SizeError{config.Width, config.Height, "is empty"}
	}
	if config.Width > maxPixels/config.Height {
		return nil, &SizeError{config.Width, config.Height, fmt.Sprintf("is above %d megapixels", maxPixels/1_000_000)}
	}
	if kind == "jpeg" && config.Width*config.Height > jpegPixelsPerByte*len(data) {
		return nil, &FormatError{kind, fmt.Sprintf("%d bytes cannot hold %dx%d pixels", len(data), config.Width, config.Height)}
	}
	frame := firstFrame(data)
	switch {
	case frame != nil && !frame.rect.In(image.Rect(0, 0, config.Width, config.Height)):
		return nil, &FormatError{kind, fmt.Sprintf("the first frame, %v, leaves the screen of %dx%d pixels", frame.rect, config.Width, config.Height)}
	case frame != nil:
		data = frame.file
	case kind == "jpeg":
		data = withTables(data)
	}
	if img, _, err = image.Decode(file(data)); err != nil {
		return nil, &FormatError{kind, err.Error()}
	}
	img = exact(img, kind, config)
	if frame != nil {
		img = frame.onto(img, config)
	}
	return img, nil
}

// exact gives the pixels that the format means. What the decoders of the other formats give says all there is; these two
// leave something only known here.
func exact(img image.Image, kind string, config image.Config) image.Image {
	switch src := img.(type) {
	case *image.Paletted:
		if kind == "gif" {
			return onScreen(src, config.Width, config.Height)
		}
	case *image.YCbCr:
		if kind == "webp" {
			return fromWebP(src, nil, 0)
		}
	case *image.NYCbCrA:
		if kind == "webp" {
			return fromWebP(&src.YCbCr, src.A, src.AStride)
		}
	}
	return img
}

// fileReader lets decoders look at data as it lies. Without Peek package image would wrap it, hiding ReadAt, and TIFF's
// decoder then buffers megabytes to reach an offset that a file of a few bytes names.
type fileReader struct {
	*bytes.Reader
	data []byte
}

func file(data []byte) *fileReader { return &fileReader{bytes.NewReader(data), data} }

// Peek is what package image asks for to tell formats apart; it is only asked at the beginning.
func (f *fileReader) Peek(n int) ([]byte, error) {
	if n > len(f.data) {
		return f.data, io.EOF
	}
	return f.data[:n], nil
}

// onScreen puts a GIF frame that fills only part of its screen where it belongs. The rest is transparent if the frame has
// a transparent colour, and of colour 0 if not: Pillow's rule.
func onScreen(frame *image.Paletted, w, h int) *image.Paletted {
	screen := image.Rect(0, 0, w, h)
	if frame.Rect == screen {
		return frame
	}
	out := image.NewPaletted(screen, frame.Palette)
	for i, c := range frame.Palette {
		if _, _, _, a := c.RGBA(); a == 0 {
			for k := range out.Pix {
				out.Pix[k] = uint8(i)
			}
			break
		}
	}
	for y := frame.Rect.Min.Y; y < frame.Rect.Max.Y; y++ {
		row := frame.Pix[frame.PixOffset(frame.Rect.Min.X, y):][:frame.Rect.Dx()]
		copy(out.Pix[out.PixOffset(frame.Rect.Min.X, y):], row)
	}
	return out
}
