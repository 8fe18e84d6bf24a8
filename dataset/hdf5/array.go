package hdf5

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// Classes of HDF5's types, those that images have.
const (
	classNumber = 0 // whole numbers
	classString = 3 // of fixed length
	classOpaque = 5
	classList   = 9 // arrays of variable length
)

// array is an array of a file: its shape and where it lies.
type array struct {
	dims   []uint64
	class  int
	size   uint64 // bytes of an element
	signed bool

	address uint64   // of the data, or of the index of the chunks
	chunk   []uint64 // shape of a chunk; nil where the data lies in one piece
	filters []filter
}

// array reads an array's header. ok is false where the object is none.
func (s *source) array(address uint64) (a *array, ok bool, err error) {
	messages, err := s.header(address)
	if err != nil {
		return nil, false, err
	}
	a = new(array)
	for _, m := range messages {
		switch r := (&fields{data: m.data}); m.kind {
		case messageShape:
			err = a.shape(r, s)
		case messageType:
			err = a.typ(r)
		case messageLayout:
			ok, err = true, a.layout(r, s)
		case messageFilters:
			err = a.pipeline(r)
		default:
			continue
		}
		if err == nil && m.shared {
			err = errors.New("its type is kept elsewhere in the file (a committed datatype), which is not read")
		}
		if err != nil {
			return nil, true, err
		}
	}
	if !ok {
		return nil, false, nil
	}
	if a.size == 0 || len(a.dims) == 0 {
		return nil, true, errors.New("is no array of images: it has no shape or no type")
	}
	if a.chunk != nil && len(a.chunk) != len(a.dims) {
		return nil, true, fmt.Errorf("is %v in chunks of %v", a.dims, a.chunk)
	}
	return a, true, nil
}

// fields reads numbers one after the other. The first that is not there makes it short, and all after it are zero.
type fields struct {
	data  []byte
	short bool
}

func (r *fields) take(n int) []byte {
	if n < 0 || n > len(r.data) {
		r.short, r.data = true, nil
		return make([]byte, min(max(n, 0), 8))
	}
	b := r.data[:n]
	r.data = r.data[n:]
	return b
}

func (r *fields) number(bytes int) uint64 {
	var b [8]byte
	copy(b[:], r.take(bytes))
	return binary.LittleEndian.Uint64(b[:])
}

func (r *fields) err() error {
	if r.short {
		return errors.New("its header is not whole")
	}
	return nil
}

// maxSide is above any length of an array here, and keeps products of them from overflowing.
const maxSide = 1 << 31

func (a *array) shape(r *fields, s *source) error {
	version, rank := r.number(1), int(r.number(1))
	r.take(2)
	if version == 1 {
		r.take(4)
	}
	if version < 1 || version > 2 || rank > 32 {
		return fmt.Errorf("has a shape of version %d with %d dimensions", version, rank)
	}
	a.dims = nil
	for range rank {
		d := r.number(s.lengths)
		if d > maxSide {
			return fmt.Errorf("has a side of %d", d)
		}
		a.dims = append(a.dims, d)
	}
	return r.err()
}

func (a *array) typ(r *fields) error {
	bits := r.number(1)
	flags := r.number(3)
	a.class, a.signed, a.size = int(bits&15), flags&8 != 0, r.number(4)
	if a.class == classList {
		if flags&15 != 0 { // of text
			return r.err()
		}
		// What the lists are of: a type again.
		if base := (&array{}); base.typ(r) != nil || base.class != classNumber || base.size != 1 {
			return errors.New("holds lists of something else than bytes")
		}
	}
	return r.err()
}

func (a *array) layout(r *fields, s *source) error {
	version, class := r.number(1), r.number(1)
	if version != 3 && version != 4 {
		return fmt.Errorf("has a layout of version %d; 3 and 4 are read: h5py writes it unless libver is \"latest\"", version)
	}
	switch {
	case class == 1:
		a.address = r.number(s.offsets)
	case class == 2 && version == 3:
		rank := int(r.number(1))
		a.address = r.number(s.offsets)
		a.chunk = []uint64{}
		for range rank - 1 { // the last is the element's size
			a.chunk = append(a.chunk, r.number(4))
		}
		if slices.Contains(a.chunk, 0) {
			return fmt.Errorf("has chunks of %v", a.chunk)
		}
	case class == 2:
		return errors.New("has chunks with an index of version 4, which is not read: write the file without libver \"latest\"")
	default:
		return fmt.Errorf("has a layout of class %d (0 compact, 3 virtual), which is not read", class)
	}
	return r.err()
}
