package safetensors

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// chunkBytes is how much of a tensor is held in its file's form while it is converted. It fits in a core's cache and
// is large enough that a read's own cost does not show.
const chunkBytes = 256 << 10

// decodeFloat32 converts len(dst) little-endian values of dtype d. F16, BF16 and F32 are exact; F64 rounds to nearest.
func decodeFloat32(d DType, dst []float32, src []byte) {
	switch d {
	case F32:
		src = src[:4*len(dst)]
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
		}
	case BF16:
		src = src[:2*len(dst)]
		for i := range dst {
			dst[i] = bf16ToFloat32(binary.LittleEndian.Uint16(src[2*i:]))
		}
	case F16:
		src = src[:2*len(dst)]
		for i := range dst {
			dst[i] = f16ToFloat32(binary.LittleEndian.Uint16(src[2*i:]))
		}
	case F64:
		src = src[:8*len(dst)]
		for i := range dst {
			dst[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:])))
		}
	}
}

// EncodeFloat32 writes src to w as little-endian values of dtype d, which is F32, F16 or BF16. The narrow ones are
// rounded to the nearest value, ties to even; what is too large becomes infinite. It holds one small buffer and may be
// used as the body of a Tensor's WriteTo.
func EncodeFloat32(w io.Writer, d DType, src []float32) error {
	if d != F32 && d != F16 && d != BF16 {
		return fmt.Errorf("safetensors: float32 values cannot be written as %v", d)
	}
	size := d.Size()
	buf := make([]byte, min(chunkBytes, size*len(src)))
	for len(src) > 0 {
		n := min(len(src), len(buf)/size)
		out := buf[:n*size]
		switch d {
		case F32:
			for i, v := range src[:n] {
				binary.LittleEndian.PutUint32(out[4*i:], math.Float32bits(v))
			}
		case F16:
			for i, v := range src[:n] {
				binary.LittleEndian.PutUint16(out[2*i:], float32ToF16(v))
			}
		case BF16:
			for i, v := range src[:n] {
				binary.LittleEndian.PutUint16(out[2*i:], float32ToBF16(v))
			}
		}
		if _, err := w.Write(out); err != nil {
			return err
		}
		src = src[n:]
	}
	return nil
}

func bf16ToFloat32(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }

// float32ToBF16 rounds to nearest, ties to even. A NaN keeps its sign and upper bits and is made quiet, because
// rounding it could carry into an infinity.
func float32ToBF16(f float32) uint16 {
	b := math.Float32bits(f)
	if b&0x7fffffff > 0x7f800000 {
		return uint16(b>>16) | 0x40
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

func f16ToFloat32(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exp, man := uint32(h>>10&0x1f), uint32(h&0x3ff)
	switch exp {
	case 0:
		// Zero or subnormal: man units of 2^-24, which a float32 holds exactly.
		v := math.Float32bits(float32(man) * 0x1p-24)
		return math.Float32frombits(sign | v)
	case 0x1f:
		return math.Float32frombits(sign | 0x7f800000 | man<<13)
	}
	return math.Float32frombits(sign | (exp+127-15)<<23 | man<<13)
}

// float32ToF16 rounds to nearest, ties to even, through subnormals and into infinity. NaNs are as in float32ToBF16.
func float32ToF16(f float32) uint16 {
	b := math.Float32bits(f)
	sign := uint16(b >> 16 & 0x8000)
	b &= 0x7fffffff
	switch {
	case b > 0x7f800000:
		return sign | 0x7e00 | uint16(b>>13&0x3ff)
	case b >= 0x47800000: // 2^16 and above, infinity included
		return sign | 0x7c00
	case b < 0x38800000: // below 2^-14, the smallest normal
		// Adding 0.5 puts the value's unit of 2^-24 at the last bit of a float32, so the addition does the rounding.
		return sign | uint16(math.Float32bits(math.Float32frombits(b)+0.5)-0x3f000000)
	}
	// Move the exponent's bias from 127 to 15 and round away 13 bits. A carry goes into the exponent, and from the
	// largest one into infinity, as it should.
	b -= (127 - 15) << 23
	return sign | uint16((b+0xfff+b>>13&1)>>13)
}
