package hdf5

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// Kinds of messages that an object's header holds.
const (
	messageShape     = 0x01
	messageLinks     = 0x02 // where links are that are not in the header
	messageType      = 0x03
	messageLink      = 0x06
	messageLayout    = 0x08
	messageFilters   = 0x0b
	messageAttribute = 0x0c
	messageContinue  = 0x10
	messageTable     = 0x11 // where an older group's links are
)

// header reads all messages of an object.
func (s *source) header(address uint64) ([]message, error) {
	h := &header{in: s}
	err := h.read(address)
	return h.messages, err
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
	at, n := r.number(h.in.offsets), r.number(h.in.lengths)
	if err := r.err(); err != nil {
		return err
	}
	return next(at, n)
}
