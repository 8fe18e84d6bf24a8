package hdf5

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/scigolib/hdf5"
)

// The library finds the objects of a file; what is in an array is read here. It reads arrays too, but as float64, and where
// a chunk is damaged or a filter is unknown to it, as zeros: black frames, and no error.

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

	offsets, lengths int // bytes that addresses and lengths take in the file
}

// Kinds of messages that an object's header holds.
const (
	messageShape    = 0x01
	messageType     = 0x03
	messageLayout   = 0x08
	messageFilters  = 0x0b
	messageContinue = 0x10
)

// array reads an array's header.
func (t *tree) array(d *hdf5.Dataset, where string) (*array, error) {
	sb := t.file.Superblock()
	a := &array{offsets: int(sb.OffsetSize), lengths: int(sb.LengthSize)}
	for _, n := range []int{a.offsets, a.lengths} {
		if n != 4 && n != 8 {
			return nil, fmt.Errorf("addresses of %d bytes", n)
		}
	}
	h := &header{in: t.in, a: a}
	if err := h.read(d.Address()); err != nil {
		return nil, err
	}
	for _, m := range h.messages {
		var err error
		switch r := (&fields{data: m.data}); m.kind {
		case messageShape:
			err = a.shape(r)
		case messageType:
			err = a.typ(r)
		case messageLayout:
			err = a.layout(r)
		case messageFilters:
			err = a.pipeline(r)
		default:
			continue
		}
		if err == nil && m.shared {
			err = errors.New("its type is kept elsewhere in the file (a committed datatype), which is not read")
		}
		if err != nil {
			return nil, err
		}
	}
	if a.size == 0 || len(a.dims) == 0 {
		return nil, errors.New("is no array of images: it has no shape or no type")
	}
	if a.chunk != nil && len(a.chunk) != len(a.dims) {
		return nil, fmt.Errorf("is %v in chunks of %v", a.dims, a.chunk)
	}
	return a, nil
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

func (a *array) shape(r *fields) error {
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
		d := r.number(a.lengths)
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

func (a *array) layout(r *fields) error {
	version, class := r.number(1), r.number(1)
	if version != 3 && version != 4 {
		return fmt.Errorf("has a layout of version %d; 3 and 4 are read: h5py writes it unless libver is \"latest\"", version)
	}
	switch {
	case class == 1:
		a.address = r.number(a.offsets)
	case class == 2 && version == 3:
		rank := int(r.number(1))
		a.address = r.number(a.offsets)
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

// message is one of a header.
type message struct {
	kind   uint64
	shared bool
	data   []byte
}

// header collects the messages of an object's header, which may be spread over the file.
type header struct {
	in       *source
	a        *array
	messages []message
	blocks   int
	total    uint64
}

// maxHeader is far above any header.
const maxHeader = 4 << 20

func (h *header) bytes(at, n uint64) ([]byte, error) {
	// Blocks may lead to each other in circles.
	if h.blocks++; h.blocks > 1000 {
		return nil, errors.New("its header does not end")
	}
	if h.total += n; h.total > maxHeader {
		return nil, fmt.Errorf("its header is longer than %d bytes", maxHeader)
	}
	return h.in.read(at, n)
}

func (h *header) read(at uint64) error {
	start, err := h.bytes(at, 16)
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(start, []byte("OHDR")) {
		if start[0] != 1 {
			return fmt.Errorf("its header is of version %d", start[0])
		}
		return h.block1(at+16, uint64(binary.LittleEndian.Uint32(start[8:])))
	}
	flags := start[5]
	skip := uint64(6)
	if flags&0x20 != 0 {
		skip += 16 // times
	}
	if flags&0x10 != 0 {
		skip += 4 // limits of attributes
	}
	size, err := h.bytes(at+skip, 1<<(flags&3))
	if err != nil {
		return err
	}
	n := (&fields{data: size}).number(len(size))
	return h.block2(at+skip+uint64(len(size)), n, flags)
}

// block1 reads messages as the first version has them.
func (h *header) block1(at, n uint64) error {
	b, err := h.bytes(at, n)
	if err != nil {
		return err
	}
	for r := (&fields{data: b}); len(r.data) >= 8; {
		kind, size, flags := r.number(2), int(r.number(2)), r.number(1)
		r.take(3)
		if err := h.message(kind, flags, r.take(size), func(at, n uint64) error { return h.block1(at, n) }); err != nil || r.short {
			return errors.Join(err, r.err())
		}
	}
	return nil
}

// block2 reads messages as the second version has them.
func (h *header) block2(at, n uint64, flags byte) error {
	b, err := h.bytes(at, n)
	if err != nil {
		return err
	}
	for r := (&fields{data: b}); len(r.data) >= 4; {
		kind, size, f := r.number(1), int(r.number(2)), r.number(1)
		if flags&4 != 0 {
			r.take(2) // when it was added
		}
		next := func(at, n uint64) error {
			if n < 8 {
				return errors.New("its header is not whole")
			}
			return h.block2(at+4, n-8, flags) // OCHK before, a checksum after
		}
		if err := h.message(kind, f, r.take(size), next); err != nil || r.short {
			return errors.Join(err, r.err())
		}
	}
	return nil
}

func (h *header) message(kind, flags uint64, data []byte, next func(at, n uint64) error) error {
	if kind != messageContinue {
		h.messages = append(h.messages, message{kind, flags&2 != 0, data})
		return nil
	}
	r := &fields{data: data}
	at, n := r.number(h.a.offsets), r.number(h.a.lengths)
	if err := r.err(); err != nil {
		return err
	}
	return next(at, n)
}
