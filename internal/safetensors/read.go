package safetensors

import (
	"encoding/binary"
	"fmt"
	"slices"
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
	return info.chunks(func(at int, b []byte) {
		n := len(b) / info.DType.Size()
		decodeFloat32(info.DType, dst[at:at+n], b)
	})
}

// ReadBF16 reads a tensor of F32, F16, BF16 or F64 into dst as bfloat16 bits, rounded to nearest with ties to even. F64
// passes through float32 on the way.
func (s *Set) ReadBF16(name string, dst []uint16) error {
	info, err := s.findFloat(name, len(dst))
	if err != nil {
		return err
	}
	var wide []float32
	return info.chunks(func(at int, b []byte) {
		out := dst[at : at+len(b)/info.DType.Size()]
		if info.DType == BF16 {
			for i := range out {
				out[i] = binary.LittleEndian.Uint16(b[2*i:])
			}
			return
		}
		if wide == nil {
			wide = make([]float32, len(out)) // the first chunk is the longest
		}
		decodeFloat32(info.DType, wide[:len(out)], b)
		for i, v := range wide[:len(out)] {
			out[i] = float32ToBF16(v)
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

// chunks reads the tensor through one buffer and calls f with the bytes of whole values and the index of the first.
func (i Info) chunks(f func(at int, b []byte)) error {
	buf := make([]byte, min(chunkBytes, i.length))
	size := int64(i.DType.Size())
	for done := int64(0); done < i.length; {
		b := buf[:min(int64(len(buf)), i.length-done)]
		if err := i.read(b, done); err != nil {
			return err
		}
		f(int(done/size), b)
		done += int64(len(b))
	}
	return nil
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
	info, err := s.find(name)
	switch {
	case err != nil:
		return info, err
	case !info.DType.Float():
		return info, info.errorf("%v is not a float dtype", info.DType)
	case n != info.Elements():
		return info, info.errorf("destination has %d values, tensor has %d", n, info.Elements())
	}
	return info, nil
}

func (i Info) errorf(format string, args ...any) error {
	return &FormatError{File: i.file, Tensor: i.Name, Reason: fmt.Sprintf(format, args...)}
}
