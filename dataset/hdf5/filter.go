package hdf5

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// filter is a step that every chunk went through when it was written.
type filter struct {
	id     uint64
	values []uint64
}

// Filters that are read.
const (
	filterDeflate  = 1
	filterShuffle  = 2
	filterChecksum = 3 // Fletcher's, of 32 bits
	filterLZF      = 32000
)

// filterNames are what people call filters that are not read.
var filterNames = map[uint64]string{
	4: "szip", 5: "nbit", 6: "scaleoffset", 307: "bzip2", 32001: "blosc", 32004: "lz4", 32008: "bitshuffle", 32013: "zfp",
	32015: "zstd", 32017: "sz", 32026: "blosc2", 32028: "jpeg",
}

func (a *array) pipeline(r *fields) error {
	version, n := r.number(1), int(r.number(1))
	if version == 1 {
		r.take(6)
	}
	if version < 1 || version > 2 {
		return fmt.Errorf("has filters of version %d", version)
	}
	for range n {
		f := filter{id: r.number(2)}
		name := 0
		if version == 1 || f.id >= 256 {
			name = int(r.number(2))
		}
		r.take(2) // flags
		count := int(r.number(2))
		label := r.take(name)
		if version == 1 {
			r.take(-name & 7)
		}
		for range count {
			f.values = append(f.values, r.number(4))
			if r.short {
				break
			}
		}
		if version == 1 && count%2 == 1 {
			r.take(4)
		}
		if err := r.err(); err != nil {
			return err
		}
		switch f.id {
		case filterDeflate, filterShuffle, filterChecksum, filterLZF:
		default:
			known := filterNames[f.id]
			if known == "" {
				known = string(bytes.TrimRight(label, "\x00"))
			}
			return fmt.Errorf("is compressed by filter %d (%s), which is not read; gzip and lzf are", f.id, known)
		}
		a.filters = append(a.filters, f)
	}
	return nil
}

// unfilter takes back what the filters did to a chunk of size bytes. Bits of mask name filters that were left out.
func (a *array) unfilter(data []byte, mask, size uint64) (_ []byte, err error) {
	for k := len(a.filters) - 1; k >= 0; k-- {
		if mask>>k&1 != 0 {
			continue
		}
		switch f := a.filters[k]; f.id {
		case filterDeflate:
			data, err = inflate(data, size+4) // a checksum may be inside
		case filterLZF:
			data, err = expandLZF(data, size+4)
		case filterShuffle:
			data = unshuffle(data, int(a.size))
		case filterChecksum:
			data, err = checked(data)
		}
		if err != nil {
			return nil, err
		}
	}
	if uint64(len(data)) != size {
		return nil, fmt.Errorf("a chunk of %d bytes became %d", size, len(data))
	}
	return data, nil
}

// inflate gives at most most bytes, whatever the data would become.
func inflate(data []byte, most uint64) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(r, int64(most)+1)) // to the end, for the checksum
	if err == nil && uint64(len(out)) > most {
		err = errors.New("a chunk is longer than it should be")
	}
	return out, err
}

// unshuffle puts the bytes of every number together again. Of images, whose numbers are bytes, it changes nothing.
func unshuffle(data []byte, size int) []byte {
	if size < 2 {
		return data
	}
	n := len(data) / size
	out := make([]byte, len(data))
	for k := range n {
		for b := range size {
			out[k*size+b] = data[b*n+k]
		}
	}
	copy(out[n*size:], data[n*size:])
	return out
}

// checked takes off the checksum at the end of a chunk, Fletcher's of 16-bit words.
func checked(data []byte) ([]byte, error) {
	if len(data) < 4 {
		return nil, errors.New("a chunk is too short for its checksum")
	}
	data, want := data[:len(data)-4], binary.LittleEndian.Uint32(data[len(data)-4:])
	var a, b uint64
	for k := 0; k < len(data); k += 2 {
		word := uint64(data[k]) << 8
		if k+1 < len(data) {
			word |= uint64(data[k+1])
		}
		a = (a + word) % 65535
		b = (b + a) % 65535
	}
	if uint64(want&0xffff)%65535 != a || uint64(want>>16)%65535 != b { // HDF5 has 65535 for 0, but of zeros
		return nil, fmt.Errorf("a chunk's checksum is %04x%04x, not %08x", b, a, want)
	}
	return data, nil
}

var errLZF = errors.New("a chunk is not what LZF makes")

// expandLZF takes back LibLZF's compression: runs of literal bytes, and copies of what came before.
func expandLZF(in []byte, most uint64) (out []byte, err error) {
	for len(in) > 0 {
		control := int(in[0])
		in = in[1:]
		if control < 32 {
			n := control + 1
			if n > len(in) {
				return nil, errLZF
			}
			out, in = append(out, in[:n]...), in[n:]
		} else {
			n := control >> 5
			if n == 7 && len(in) > 0 {
				n, in = n+int(in[0]), in[1:]
			}
			if len(in) == 0 {
				return nil, errLZF
			}
			from := len(out) - (control&31)<<8 - int(in[0]) - 1
			if in = in[1:]; from < 0 {
				return nil, errLZF
			}
			for k := range n + 2 { // byte by byte: it may copy what it writes
				out = append(out, out[from+k])
			}
		}
		if uint64(len(out)) > most {
			return nil, errLZF
		}
	}
	return out, nil
}
