package hdf5

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/egotsr/egotsr/dataset/clips"
	"github.com/egotsr/egotsr/dataset/internal/picture"
	"github.com/egotsr/egotsr/vision"
)

// maxFrame is above what a frame, or a chunk of frames, takes in memory.
const maxFrame = 1 << 30

// frames is the number of frames of an array of images.
func (a *array) frames() int { return int(a.dims[0]) }

// rowBytes is what one frame takes, before what is said of it in lists.
func (a *array) rowBytes() uint64 {
	n := a.size
	for _, d := range a.dims[1:] {
		if n *= d; n > maxFrame {
			return maxFrame + 1
		}
	}
	return n
}

// asImages says why an array holds no images, or nothing.
func (a *array) asImages() error {
	if a.dims[0] == 0 {
		return errors.New("has no frames")
	}
	if n := a.rowBytes(); n == 0 || n > maxFrame {
		return fmt.Errorf("is %v, which is no shape of images", a.dims)
	}
	if a.chunk != nil {
		n := a.size
		for _, d := range a.chunk {
			if n *= d; n > maxFrame {
				return fmt.Errorf("has chunks of %v, more than %d bytes", a.chunk, maxFrame)
			}
		}
	}
	switch a.class {
	case classString, classOpaque, classList:
		if len(a.dims) != 1 {
			return fmt.Errorf("is %v; image files are a list", a.dims)
		}
		return nil
	case classNumber:
	default:
		return fmt.Errorf("holds values of class %d, not bytes", a.class)
	}
	if a.size != 1 || a.signed {
		return fmt.Errorf("holds numbers of %d bytes (signed: %v); images are unsigned bytes", a.size, a.signed)
	}
	switch len(a.dims) {
	case 2, 3:
		return nil
	case 4:
		if c := a.dims[3]; c == 1 || c == 3 || c == 4 {
			return nil
		}
	}
	return fmt.Errorf("is %v; images are [frames, height, width, 1, 3 or 4], [frames, height, width] or [frames, bytes of a file]", a.dims)
}

// maxRatio is how many bytes zlib makes of one at most, and more than LZF does.
const maxRatio = 1100

// holds says why a file cannot hold all that an array of images claims, or nothing.
func (s *source) holds(a *array) error {
	total := a.rowBytes() * a.dims[0] // below 1<<61
	switch {
	case s.undefined(a.address):
		return errors.New("was never written")
	case a.chunk == nil && (a.address > s.size || total > s.size-a.address):
		return fmt.Errorf("takes %d bytes from byte %d on, and the file has %d", total, a.address, s.size)
	case total/maxRatio > s.size:
		return fmt.Errorf("takes %d bytes, which cannot be in a file of %d, however compressed", total, s.size)
	}
	return nil
}

// stored are the frames of an array. It is a clips.Stored.
type stored struct {
	path, object string
	array        *array
	bgr          bool
}

func (s *stored) Len() int        { return s.array.frames() }
func (s *stored) Files() []string { return []string{s.path} }

func (s *stored) Open() (clips.FrameReader, error) {
	in, err := open(s.path)
	if err != nil {
		return nil, wrap(s.path, s.object, err)
	}
	r := &reader{stored: s, in: in}
	if s.array.chunk != nil {
		if r.index, err = s.array.chunks(in); err != nil {
			in.file.Close()
			return nil, wrap(s.path, s.object, err)
		}
	}
	return r, nil
}

// reader reads frames. It is a clips.FrameReader.
type reader struct {
	*stored
	in    *source
	index []place        // of the chunks, where there are any
	held  map[int][]byte // the chunks that the last frame lay in, by their place in index
	heap  heap
}

func (r *reader) Close() error { return r.in.file.Close() }

func (r *reader) Frame(i int) (data []byte, ext string, err error) {
	if i < 0 || i >= r.Len() {
		return nil, "", wrap(r.path, r.object, fmt.Errorf("no frame %d of %d", i, r.Len()))
	}
	row, err := r.row(i)
	if err == nil {
		data, ext, err = r.image(row)
	}
	if err != nil {
		return nil, "", wrap(r.path, r.object, fmt.Errorf("frame %d: %w", i, err))
	}
	return data, ext, nil
}

// row is what lies in the array for one frame.
func (r *reader) row(i int) ([]byte, error) {
	a := r.array
	if a.chunk != nil {
		return r.fromChunks(uint64(i))
	}
	n := a.rowBytes()
	if a.address > r.in.size { // and does not wrap round
		return nil, fmt.Errorf("lies at byte %d of a file of %d", a.address, r.in.size)
	}
	return r.in.read(a.address+uint64(i)*n, n)
}

// image makes an image file of what lies in the array for one frame.
func (r *reader) image(row []byte) (data []byte, ext string, err error) {
	a := r.array
	if len(a.dims) > 2 {
		order, channels := picture.Grey, uint64(1)
		if len(a.dims) == 4 {
			channels = a.dims[3]
		}
		switch {
		case channels == 3 && r.bgr:
			order = picture.BGR
		case channels == 3:
			order = picture.RGB
		case channels == 4 && r.bgr:
			order = picture.BGRA
		case channels == 4:
			order = picture.RGBA
		}
		data, err = picture.PNG(row, int(a.dims[2]), int(a.dims[1]), int(a.dims[2]*channels), order)
		return data, ".png", err
	}
	if a.class == classList {
		if row, err = r.heap.list(r.in, row); err != nil {
			return nil, "", err
		}
	}
	if ext, err = picture.Ext(row); err != nil {
		return nil, "", err
	}
	if ext != ".webp" {
		row = bytes.TrimRight(row, "\x00") // the padding; such files end otherwise
	}
	if !r.bgr {
		return row, ext, nil
	}
	img, err := vision.Decode(row)
	if err != nil {
		return nil, "", err
	}
	rgb := vision.ToRGB(img)
	data, err = picture.PNG(rgb.Pix, rgb.W, rgb.H, 3*rgb.W, picture.BGR)
	return data, ".png", err
}
