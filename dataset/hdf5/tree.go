package hdf5

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
)

// HDF5 is read here, as far as images need it. scigolib/hdf5 v0.14.0 was tried: it asks for memory by lengths that a damaged
// file claims, which ends the program, and gives black frames for chunks that are damaged or compressed by other filters.

// source is a file whose superblock has been read.
type source struct {
	file             *os.File
	size             uint64
	root             uint64 // address of the root group's header
	offsets, lengths int    // bytes that addresses and lengths take
}

// open opens a file. The caller closes it.
func open(path string) (*source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	s := &source{file: f}
	info, err := f.Stat()
	if err == nil {
		s.size = uint64(info.Size())
		err = s.superblock()
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

// read gives n bytes. Memory is asked for only where the file has as many.
func (s *source) read(at, n uint64) ([]byte, error) {
	if at > s.size || n > s.size-at {
		return nil, fmt.Errorf("%d bytes at byte %d are not in the file, which has %d", n, at, s.size)
	}
	b := make([]byte, n)
	_, err := s.file.ReadAt(b, int64(at))
	return b, err
}

func (s *source) superblock() error {
	const signature = "\x89HDF\r\n\x1a\n"
	start, _ := s.read(0, min(s.size, 120)) // what is there
	if !bytes.HasPrefix(start, []byte(signature)) {
		return fmt.Errorf("is no HDF5 file: it begins with %q", start[:min(len(start), 8)])
	}
	r := &fields{data: start[len(signature):]}
	version := r.number(1)
	switch version {
	case 0, 1:
		r.take(4)
		s.offsets, s.lengths = int(r.number(1)), int(r.number(1))
		r.take(1 + 4 + 4)
		if version == 1 {
			r.take(4)
		}
	case 2, 3:
		s.offsets, s.lengths = int(r.number(1)), int(r.number(1))
		r.take(1)
	default:
		return fmt.Errorf("has a superblock of version %d; 0 to 3 are read", version)
	}
	for _, n := range []int{s.offsets, s.lengths} {
		if n != 4 && n != 8 {
			return fmt.Errorf("has addresses and lengths of %d and %d bytes", s.offsets, s.lengths)
		}
	}
	if base := r.number(s.offsets); base != 0 {
		return fmt.Errorf("begins at byte %d", base)
	}
	r.number(s.offsets) // free space, or an extension
	end := r.number(s.offsets)
	if version < 2 {
		r.number(s.offsets) // driver
		r.number(s.offsets) // name of the root
	}
	s.root = r.number(s.offsets)
	if r.short || end > s.size {
		return fmt.Errorf("ends too early: %d bytes are there of %d", s.size, end)
	}
	return nil
}

// object is a group or an array.
type object struct {
	name    string
	address uint64
}

// find goes down from an object, name by name. There may be nothing: then ok is false.
func (s *source) find(from uint64, names ...string) (at object, ok bool, err error) {
	at.address = from
	for _, name := range names {
		children, err := s.children(at.address)
		if err != nil {
			return object{}, false, err
		}
		ok = false
		for _, c := range children {
			if c.name == name {
				at, ok = c, true
			}
		}
		if !ok {
			return object{}, false, nil
		}
	}
	return at, true, nil
}

// children lists what a group holds; nothing of an array. Links to elsewhere are passed over.
func (s *source) children(address uint64) (list []object, err error) {
	messages, err := s.header(address)
	if err != nil {
		return nil, err
	}
	for _, m := range messages {
		r := &fields{data: m.data}
		switch m.kind {
		case messageTable:
			index, names := r.number(s.offsets), r.number(s.offsets)
			if err := r.err(); err != nil {
				return nil, err
			}
			list, err = s.table(index, names)
			if err != nil {
				return nil, err
			}
		case messageLinks:
			r.take(1)
			flags := r.number(1)
			r.take(int(flags&1) * 8)
			if heap := r.number(s.offsets); !r.short && !s.undefined(heap) {
				return nil, errors.New("keeps its names in a heap that is not read: write the file without libver \"latest\"")
			}
		case messageLink:
			o, hard, err := s.link(r)
			if err != nil {
				return nil, err
			}
			if hard {
				list = append(list, o)
			}
		}
	}
	return list, nil
}

// undefined tells the address of what is not there.
func (s *source) undefined(address uint64) bool { return address == 1<<(8*s.offsets)-1 }

// link reads a link as newer groups keep them. Soft and external ones are not hard.
func (s *source) link(r *fields) (o object, hard bool, err error) {
	r.take(1)
	flags, kind := r.number(1), uint64(0)
	if flags&8 != 0 {
		kind = r.number(1)
	}
	if flags&4 != 0 {
		r.take(8) // when it was made
	}
	if flags&16 != 0 {
		r.take(1) // the name's encoding
	}
	n := r.number(1 << (flags & 3))
	if n > uint64(len(r.data)) {
		return o, false, errors.New("its header is not whole")
	}
	o.name = string(r.take(int(n)))
	if kind != 0 {
		return o, false, nil
	}
	o.address = r.number(s.offsets)
	return o, true, r.err()
}

// table lists a group as older files keep it: a B-tree of tables of entries, whose names are in a heap.
func (s *source) table(index, names uint64) (list []object, err error) {
	head, err := s.read(names, uint64(8+2*s.lengths+s.offsets))
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(head, []byte("HEAP\x00")) {
		return nil, fmt.Errorf("no heap of names at byte %d", names)
	}
	r := &fields{data: head[8:]}
	size := r.number(s.lengths)
	r.number(s.lengths)
	heap, err := s.read(r.number(s.offsets), size)
	if err != nil {
		return nil, err
	}
	nodes := 0
	var walk func(address uint64, level int) error
	walk = func(address uint64, level int) error {
		if nodes++; uint64(nodes) > s.size/24 { // a node takes more, so these go in circles
			return errors.New("its index does not end")
		}
		head := uint64(8 + 2*s.offsets)
		start, err := s.read(address, head)
		if err != nil {
			return err
		}
		if bytes.HasPrefix(start, []byte("SNOD\x01")) && level <= 0 {
			entries, err := s.entries(address, uint64(binary.LittleEndian.Uint16(start[6:])), heap)
			list = append(list, entries...)
			return err
		}
		if !bytes.HasPrefix(start, []byte("TREE\x00")) || level >= 0 && int(start[5]) != level-1 {
			return fmt.Errorf("its index is damaged at byte %d", address)
		}
		level = int(start[5])
		body, err := s.read(address+head, uint64(binary.LittleEndian.Uint16(start[6:]))*uint64(s.lengths+s.offsets))
		if err != nil {
			return err
		}
		for r := (&fields{data: body}); len(r.data) > 0; {
			r.number(s.lengths) // of a name, up to which the child goes
			if err := walk(r.number(s.offsets), level); err != nil {
				return err
			}
		}
		return nil
	}
	return list, walk(index, -1)
}

// entries reads a table of n entries.
func (s *source) entries(address, n uint64, heap []byte) (list []object, err error) {
	body, err := s.read(address+8, n*uint64(2*s.offsets+24))
	if err != nil {
		return nil, err
	}
	for r := (&fields{data: body}); len(r.data) > 0; {
		name, at := r.number(s.offsets), r.number(s.offsets)
		kind := r.number(4)
		r.take(4 + 16)
		if kind == 2 {
			continue // a soft link
		}
		if name >= uint64(len(heap)) {
			return nil, fmt.Errorf("a name lies at byte %d of a heap of %d", name, len(heap))
		}
		text, _, _ := bytes.Cut(heap[name:], []byte{0})
		list = append(list, object{string(text), at})
	}
	return list, nil
}

// attribute is a text attribute of an object, "" where there is none.
func (s *source) attribute(address uint64, name string) (string, error) {
	messages, err := s.header(address)
	if err != nil {
		return "", err
	}
	for _, m := range messages {
		if m.kind != messageAttribute {
			continue
		}
		r := &fields{data: m.data}
		version := r.number(1)
		r.take(1)
		sizes := [3]int{int(r.number(2)), int(r.number(2)), int(r.number(2))} // of name, type, shape
		if version == 3 {
			r.take(1)
		}
		var parts [3][]byte
		for k, n := range sizes {
			parts[k] = r.take(n)
			if version == 1 {
				r.take(-n & 7)
			}
		}
		if string(bytes.TrimRight(parts[0], "\x00")) != name {
			continue
		}
		t := array{}
		if err := errors.Join(r.err(), t.typ(&fields{data: parts[1]})); err != nil {
			return "", fmt.Errorf("attribute %s: %w", name, err)
		}
		text := r.data
		switch t.class {
		case classString:
		case classList:
			if text, err = new(heap).list(s, text); err != nil {
				return "", fmt.Errorf("attribute %s: %w", name, err)
			}
		default:
			return "", fmt.Errorf("attribute %s is no text", name)
		}
		return string(bytes.TrimRight(text, "\x00")), nil
	}
	return "", nil
}
