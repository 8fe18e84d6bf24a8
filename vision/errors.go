package vision

import "fmt"

// SizeError is an image the model cannot take: too small, too long and thin, or larger than the decoder accepts.
type SizeError struct {
	W, H   int // pixels
	Reason string
}

func (e *SizeError) Error() string {
	return fmt.Sprintf("vision: image of %dx%d pixels %s", e.W, e.H, e.Reason)
}

// FormatError is data that is not an image, or a broken one, or a preprocessor_config.json that cannot be used.
type FormatError struct {
	What   string // the image format, or the file
	Reason string
}

func (e *FormatError) Error() string { return "vision: " + e.What + ": " + e.Reason }
