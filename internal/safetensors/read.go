package safetensors

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"unsafe"
)

// ReadBytes reads a tensor's little-endian bytes into dst, whose length must be the tensor's.
func (s *Set) ReadBytes(name string, dst []byte) error {
	info, err := s.find(name)
	if err != nil {
		return err
	}
	if int64(len(dst)) != info.length {
		return info.errorf("destination has %d bytes, tensor has %d", len(dst), info.length)
	}
	return info.read(dst, 0)
}

// ReadFloat32 reads a tensor of F32, F16, BF16 or F64 into dst, whose length must be the tensor's number of values.
// F64 values are rounded to nearest; the others are exact.
func (s *Set) ReadFloat32(name string, dst []float32) error {
	info, err := s.findFloat(name, len(dst))
	if err != nil {
		return err
	}
	return info.float32s(0, dst)
}

// ReadFloat32At is ReadFloat32 of the values from one on, as many as dst holds: several goroutines may share a tensor.
func (s *Set) ReadFloat32At(name string, from int, dst []float32) error {
	info, err := s.findPart(name, from, len(dst))
	if err != nil {
		return err
	}
	return info.float32s(from, dst)
}

// ReadBF16At reads values of a tensor of F32, F16, BF16 or F64, from one on and as many as dst holds, as bfloat16 bits,
// rounded to nearest with ties to even. F64 passes through float32 on the way.
func (s *Set) ReadBF16At(name string, from int, dst []uint16) error {
	info, err := s.findPart(name, from, len(dst))
	if err != nil {
		return err
	}
	if info.DType == BF16 && littleEndian {
		return info.read(bytesOf(dst), 2*int64(from))
	}
	var wide [1 << 10]float32
	return info.chunks(from, len(dst), func(at int, b []byte) {
		for len(b) > 0 {
			n := min(len(wide), len(b)/info.DType.Size())
			decodeFloat32(info.DType, wide[:n], b)
			for i, v := range wide[:n] {
				dst[at+i] = float32ToBF16(v)
			}
			at, b = at+n, b[n*info.DType.Size():]
		}
	})
}

// Equal says whether two tensors have one shape and the same values, whatever float dtypes they are stored in.
func (s *Set) Equal(a, b string) (bool, error) {
	first, err := s.find(a)
	if err != nil {
		return false, err
	}
	second, err := s.find(b)
	if err != nil || !first.DType.Float() || !second.DType.Float() || !slices.Equal(first.Shape, second.Shape) {
		return false, err
	}
	const part = 1 << 16 // values at a time
	var values [2][]float32
	for at := 0; at < first.Elements(); at += part {
		n := min(part, first.Elements()-at)
		for i, info := range []Info{first, second} {
			size := int64(info.DType.Size())
			raw := make([]byte, int64(n)*size)
			if err := info.read(raw, int64(at)*size); err != nil {
				return false, err
			}
			values[i] = make([]float32, n)
			decodeFloat32(info.DType, values[i], raw)
		}
		if !slices.Equal(values[0], values[1]) {
			return false, nil
		}
	}
	return true, nil
}

// float32s reads values from one on, straight into dst where the file holds them as this machine does.
func (i Info) float32s(from int, dst []float32) error {
	if i.DType == F32 && littleEndian {
		return i.read(bytesOf(dst), 4*int64(from))
	}
	if i.DType == BF16 && littleEndian {
		return i.widen(from, dst)
	}
	return i.chunks(from, len(dst), func(at int, b []byte) {
		n := len(b) / i.DType.Size()
		decodeFloat32(i.DType, dst[at:at+n], b)
	})
}

// widen is float32s of bfloat16 in this machine's order, which is read as such: it takes half of decodeFloat32's time.
func (i Info) widen(from int, dst []float32) error {
	buf := buffers.Get().(*[chunkBytes / 2]uint16)
	defer buffers.Put(buf)
	narrow := buf[:]
	for len(dst) > 0 {
		n := min(len(narrow), len(dst))
		if err := i.read(bytesOf(narrow[:n]), 2*int64(from)); err != nil {
			return err
		}
		out := dst[:n]
		for j, h := range narrow[:n] {
			out[j] = bf16ToFloat32(h)
		}
		from, dst = from+n, dst[n:]
	}
	return nil
}

// chunks reads n values from one on through one buffer, and calls f with the bytes of some of them and how many came before.
func (i Info) chunks(from, n int, f func(at int, b []byte)) error {
	size := i.DType.Size()
	words := buffers.Get().(*[chunkBytes / 2]uint16)
	defer buffers.Put(words)
	buf := bytesOf(words[:])
	for done := 0; done < n; {
		b := buf[:min(len(buf), (n-done)*size)]
		if err := i.read(b, int64(from+done)*int64(size)); err != nil {
			return err
		}
		f(done, b)
		done += len(b) / size
	}
	return nil
}

// buffers hold parts of tensors while they are converted. A checkpoint has thousands of parts, which would otherwise pile up
// beside its weights until the garbage is collected.
var buffers = sync.Pool{New: func() any { return new([chunkBytes / 2]uint16) }}

// littleEndian is whether values lie in this machine's memory as they do in a file.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// bytesOf is the memory of values.
func bytesOf[T uint16 | float32](values []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), len(values)*int(unsafe.Sizeof(*new(T))))
}

// read fills b with the tensor's bytes from skip on.
func (i Info) read(b []byte, skip int64) error {
	if len(b) == 0 {
		return nil
	}
	if err := readFull(i.at, b, i.offset+skip); err != nil {
		return fmt.Errorf("safetensors: %s: tensor %q: %w", i.file, i.Name, err)
	}
	return nil
}

func (s *Set) find(name string) (Info, error) {
	info, ok := s.tensors[name]
	if !ok {
		return info, &FormatError{File: s.name, Tensor: name, Reason: "no such tensor"}
	}
	return info, nil
}

func (s *Set) findFloat(name string, n int) (Info, error) {
	info, err := s.findPart(name, 0, 0)
	if err == nil && n != info.Elements() {
		err = info.errorf("destination has %d values, tensor has %d", n, info.Elements())
	}
	return info, err
}

func (s *Set) findPart(name string, from, n int) (Info, error) {
	info, err := s.find(name)
	switch {
	case err != nil:
		return info, err
	case !info.DType.Float():
		return info, info.errorf("%v is not a float dtype", info.DType)
	case from < 0 || n > info.Elements()-from:
		return info, info.errorf("%d values from %d on are asked for, tensor has %d", n, from, info.Elements())
	}
	return info, nil
}

func (i Info) errorf(format string, args ...any) error {
	return &FormatError{File: i.file, Tensor: i.Name, Reason: fmt.Sprintf(format, args...)}
}
