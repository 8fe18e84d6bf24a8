package safetensors

import (
	"fmt"
	"math"
	"math/bits"
)

// DType is the type of one value. The order is the format's own, and Write lays tensors out by it, widest first, so
// that every tensor begins at a multiple of its value's size.
type DType uint8

// The dtypes that this package knows; a file with any other is refused. The zero DType is none of them.
const (
	BOOL DType = iota + 1
	U8
	I8
	I16
	U16
	F16
	BF16
	I32
	U32
	F32
	F64
	I64
	U64
)

var dtypes = [...]struct {
	name string
	size int
}{
	BOOL: {"BOOL", 1}, U8: {"U8", 1}, I8: {"I8", 1},
	I16: {"I16", 2}, U16: {"U16", 2}, F16: {"F16", 2}, BF16: {"BF16", 2},
	I32: {"I32", 4}, U32: {"U32", 4}, F32: {"F32", 4},
	F64: {"F64", 8}, I64: {"I64", 8}, U64: {"U64", 8},
}

// String is the dtype's spelling in a header.
func (d DType) String() string {
	if d == 0 || int(d) >= len(dtypes) {
		return fmt.Sprintf("DType(%d)", uint8(d))
	}
	return dtypes[d].name
}

// Size is the bytes that one value takes, 0 for an unknown dtype.
func (d DType) Size() int {
	if int(d) >= len(dtypes) {
		return 0
	}
	return dtypes[d].size
}

// Float says whether ReadFloat32 can read the dtype.
func (d DType) Float() bool { return d == F16 || d == BF16 || d == F32 || d == F64 }

func parseDType(name string) (DType, bool) {
	for d := range dtypes {
		if d > 0 && dtypes[d].name == name {
			return DType(d), true
		}
	}
	return 0, false
}

// byteLen is the product of the shape's sides and the dtype's size, and false when it does not fit in an int64 or a
// side is negative. A shape without sides is a scalar.
func byteLen(d DType, shape []int) (int64, bool) {
	n := uint64(d.Size())
	empty := false
	for _, side := range shape {
		if side < 0 {
			return 0, false
		}
		if side == 0 {
			// A later side may still overflow the product, which is then zero all the same: the other sides are
			// multiplied on so that an absurd shape is refused wherever its zero stands.
			empty = true
			continue
		}
		hi, lo := bits.Mul64(n, uint64(side))
		if hi != 0 || lo > math.MaxInt64 {
			return 0, false
		}
		n = lo
	}
	if empty {
		return 0, true
	}
	return int64(n), true
}
