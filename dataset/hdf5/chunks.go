package hdf5

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// place is where a chunk lies.
type place struct {
	at            []uint64 // of its first element in the array
	address, size uint64   // in the file
	mask          uint64   // of filters that were left out
}

// chunks reads the index of an array's chunks, a B-tree of version 1.
func (a *array) chunks(in *source) (index []place, err error) {
	most := uint64(1) // of chunks
	for k, d := range a.dims {
		if most *= (d + a.chunk[k] - 1) / a.chunk[k]; most > maxSide {
			return nil, fmt.Errorf("is %v in chunks of %v", a.dims, a.chunk)
		}
	}
	nodes := uint64(0)
	var walk func(address uint64, level int) error
	walk = func(address uint64, level int) error {
		if nodes++; nodes > 2*most+100 { // each node holds something, so more go in circles
			return errors.New("its index does not end")
		}
		head := uint64(8 + 2*in.offsets)
		start, err := in.read(address, head)
		if err != nil {
			return err
		}
		if !bytes.HasPrefix(start, []byte("TREE\x01")) || level >= 0 && int(start[5]) != level {
			return fmt.Errorf("its index is damaged at byte %d", address)
		}
		level = int(start[5])
		n := uint64(binary.LittleEndian.Uint16(start[6:]))
		key := uint64(8 + 8*(len(a.dims)+1))
		body, err := in.read(address+head, n*(key+uint64(in.offsets)))
		if err != nil {
			return err
		}
		for r := (&fields{data: body}); len(r.data) > 0; {
			p := place{size: r.number(4), mask: r.number(4)}
			for k := range a.dims {
				p.at = append(p.at, r.number(8))
				if p.at[k] >= a.dims[k] && level == 0 || p.at[k]%a.chunk[k] != 0 {
					return fmt.Errorf("its index tells of a chunk at %v", p.at)
				}
			}
			r.number(8) // the place in an element
			p.address = r.number(in.offsets)
			if level > 0 {
				if err := walk(p.address, level-1); err != nil {
					return err
				}
				continue
			}
			if index = append(index, p); uint64(len(index)) > most {
				return errors.New("its index tells of more chunks than there are")
			}
		}
		return nil
	}
	return index, walk(a.address, -1)
}

// fromChunks puts one frame together from the chunks it lies in.
func (r *reader) fromChunks(i uint64) ([]byte, error) {
	a := r.array
	var of []int // in the index
	kept := uint64(0)
	for k, p := range r.index {
		if i >= p.at[0] && i-p.at[0] < a.chunk[0] {
			of, kept = append(of, k), kept+p.size
		}
	}
	if kept*maxRatio < a.rowBytes() {
		return nil, fmt.Errorf("was never written: %d bytes are kept of %d", kept, a.rowBytes())
	}
	out := make([]byte, a.rowBytes())
	held, filled := map[int][]byte{}, uint64(0)
	for _, k := range of {
		p := r.index[k]
		data, ok := r.held[k]
		if !ok {
			var err error
			if data, err = r.chunk(p); err != nil {
				return nil, err
			}
		}
		held[k] = data
		filled += a.copyFrom(out, data, p, i-p.at[0])
	}
	r.held = held
	if filled != uint64(len(out)) {
		return nil, fmt.Errorf("was never written, but for %d of %d bytes", filled, len(out))
	}
	return out, nil
}

func (r *reader) chunk(p place) ([]byte, error) {
	size := r.array.size
	for _, d := range r.array.chunk {
		size *= d
	}
	if p.size > 2*size+1<<16 {
		return nil, fmt.Errorf("a chunk of %d bytes is kept in %d", size, p.size)
	}
	data, err := r.in.read(p.address, p.size)
	if err != nil {
		return nil, err
	}
	return r.array.unfilter(data, p.mask, size)
}

// copyFrom copies what a chunk holds of one frame, row by row, and counts the bytes.
func (a *array) copyFrom(out, data []byte, p place, frame uint64) (copied uint64) {
	last := len(a.dims) - 1
	var walk func(k int, from, to uint64)
	walk = func(k int, from, to uint64) {
		if k > last { // a frame is one element
			copied += uint64(copy(out, data[from*a.size:(from+1)*a.size]))
			return
		}
		n := min(a.chunk[k], a.dims[k]-p.at[k]) // chunks reach over the end
		from, to = from*a.chunk[k], to*a.dims[k]+p.at[k]
		if k == last {
			copied += uint64(copy(out[to*a.size:(to+n)*a.size], data[from*a.size:]))
			return
		}
		for x := range n {
			walk(k+1, from+x, to+x)
		}
	}
	walk(1, frame, 0)
	return copied
}

// heap reads lists that lie outside their array, in collections of which it holds the last.
type heap struct {
	address uint64
	objects map[uint64][]byte
}

// list reads the bytes that an element of variable length stands for: a length, a collection, a number in it.
func (h *heap) list(in *source, element []byte) ([]byte, error) {
	r := &fields{data: element}
	length, address, number := r.number(4), r.number(in.offsets), r.number(4)
	if err := r.err(); err != nil {
		return nil, err
	}
	if h.objects == nil || h.address != address {
		objects, err := collection(in, address)
		if err != nil {
			return nil, err
		}
		h.address, h.objects = address, objects
	}
	data, ok := h.objects[number]
	if !ok || uint64(len(data)) < length {
		return nil, fmt.Errorf("its %d bytes are not in the collection at byte %d", length, address)
	}
	return data[:length], nil
}

func collection(in *source, address uint64) (map[uint64][]byte, error) {
	head, err := in.read(address, uint64(8+in.lengths))
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(head, []byte("GCOL\x01")) {
		return nil, fmt.Errorf("no collection at byte %d", address)
	}
	size := (&fields{data: head[8:]}).number(in.lengths)
	if size > maxFrame || size < uint64(len(head)) {
		return nil, fmt.Errorf("a collection of %d bytes", size)
	}
	// A collection may end with the file, short of its length.
	body, err := in.read(address+uint64(len(head)), min(size, in.size-address)-uint64(len(head)))
	if err != nil {
		return nil, err
	}
	objects := map[uint64][]byte{}
	for r := (&fields{data: body}); len(r.data) >= 8+in.lengths; {
		number := r.number(2)
		r.take(6)
		n := r.number(in.lengths)
		if number == 0 || n > uint64(len(r.data)) {
			break // free space, or the end of the file
		}
		objects[number] = r.take(int(n))
		r.take(min(-int(n)&7, len(r.data)))
	}
	return objects, nil
}
