package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"testing"
)

// value is what the 16 bits mean, by the definition of a binary format with so many bits of exponent and of mantissa.
func value(h uint16, expBits, manBits int) float64 {
	exp := int(h>>manBits) & (1<<expBits - 1)
	man := float64(h & (1<<manBits - 1))
	bias := 1<<(expBits-1) - 1
	sign := 1.0
	if h>>15 == 1 {
		sign = -1
	}
	switch {
	case exp == 1<<expBits-1 && man != 0:
		return math.NaN()
	case exp == 1<<expBits-1:
		return sign * math.Inf(1)
	case exp == 0:
		return sign * math.Ldexp(man, 1-bias-manBits)
	}
	return sign * math.Ldexp(1+math.Ldexp(man, -manBits), exp-bias)
}

// Every one of the 65,536 values of both formats decodes exactly and survives the way back, and around the midpoint of
// every two neighbours rounding goes to the nearest, at the midpoint itself to the even one, and past the largest to
// infinity.
func TestSixteenBits(t *testing.T) {
	for _, f := range []struct {
		name             string
		expBits, manBits int
		decode           func(uint16) float32
		encode           func(float32) uint16
	}{
		{"BF16", 8, 7, bf16ToFloat32, float32ToBF16},
		{"F16", 5, 10, f16ToFloat32, float32ToF16},
	} {
		t.Run(f.name, func(t *testing.T) {
			infinity := uint16(1<<f.expBits-1) << f.manBits
			for i := range 1 << 16 {
				h := uint16(i)
				want, got := value(h, f.expBits, f.manBits), f.decode(h)
				if math.IsNaN(want) {
					back := f.encode(got)
					if got == got || !math.IsNaN(value(back, f.expBits, f.manBits)) || back>>15 != h>>15 {
						t.Fatalf("%#04x is a NaN: decoded to %v, then encoded to %#04x", h, got, back)
					}
					continue
				}
				if float64(got) != want || math.Signbit(float64(got)) != (h>>15 == 1) {
					t.Fatalf("%#04x decoded to %v, want %v", h, got, want)
				}
				if back := f.encode(got); back != h {
					t.Fatalf("%v encoded to %#04x, want %#04x", got, back, h)
				}
				if h&0x7fff >= infinity {
					continue
				}
				// The next value up; infinity stands for the number that would follow the largest.
				next := value(h+1, f.expBits, f.manBits)
				if h&0x7fff == infinity-1 {
					next = math.Copysign(math.Ldexp(1, 1<<(f.expBits-1)), want)
				}
				mid := float32((want + next) / 2)
				even := h + h&1
				zero, away := float32(0), float32(math.Copysign(math.Inf(1), want))
				for _, c := range []struct {
					f    float32
					want uint16
				}{
					{mid, even}, {math.Nextafter32(mid, zero), h}, {math.Nextafter32(mid, away), h + 1},
				} {
					if got := f.encode(c.f); got != c.want {
						t.Fatalf("%v (%#08x) encoded to %#04x, want %#04x", c.f, math.Float32bits(c.f), got, c.want)
					}
				}
			}
		})
	}
}

// Both readers, from every float dtype, over a length that needs several chunks, whole and in parts of no round length.
func TestReadConverts(t *testing.T) {
	values := make([]float32, chunkBytes/2+12345)
	for i := range values {
		values[i] = float32(i-1000) * 1.2345678
	}
	f64 := new(bytes.Buffer)
	if err := binary.Write(f64, binary.LittleEndian, float64s(values)); err != nil {
		t.Fatal(err)
	}
	encode := func(d DType) Tensor {
		var b bytes.Buffer
		if err := EncodeFloat32(&b, d, values); err != nil {
			t.Fatal(err)
		}
		return tensor(d.String(), d, []int{len(values)}, b.Bytes())
	}
	set := open(t, file(t, encode(F32), encode(F16), encode(BF16), tensor("F64", F64, []int{len(values)}, f64.Bytes())))

	got, half := make([]float32, len(values)), make([]uint16, len(values))
	for _, name := range []string{"F32", "F16", "BF16", "F64"} {
		if err := set.ReadFloat32(name, got); err != nil {
			t.Fatal(err)
		}
		if err := set.ReadBF16At(name, 0, half); err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			switch name {
			case "F16":
				v = f16ToFloat32(float32ToF16(v))
			case "BF16":
				v = bf16ToFloat32(float32ToBF16(v))
			}
			if got[i] != v || half[i] != float32ToBF16(v) {
				t.Fatalf("%s: value %d: got %v and bf16 %#04x, want %v", name, i, got[i], half[i], v)
			}
		}
		parts, halves := make([]float32, len(values)), make([]uint16, len(values))
		const part = 33333
		for at := 0; at < len(values); at += part {
			end := min(at+part, len(values))
			if err := errors.Join(set.ReadFloat32At(name, at, parts[at:end]), set.ReadBF16At(name, at, halves[at:end])); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(parts, got) || !slices.Equal(halves, half) {
			t.Errorf("%s: read in parts, it is another tensor", name)
		}
	}
}

func TestEncodeFloat32Refuses(t *testing.T) {
	if err := EncodeFloat32(new(bytes.Buffer), I64, []float32{1}); err == nil {
		t.Error("float32 values were written as I64")
	}
}

func float64s(in []float32) []float64 {
	out := make([]float64, len(in))
	for i, v := range in {
		out[i] = float64(v)
	}
	return out
}

func BenchmarkReadFloat32(b *testing.B) {
	for _, d := range []DType{F32, BF16, F16} {
		b.Run(d.String(), func(b *testing.B) {
			const n = 8 << 20
			set := open(b, file(b, tensor("x", d, []int{n}, make([]byte, n*d.Size()))))
			dst := make([]float32, n)
			b.SetBytes(int64(n * d.Size()))
			for b.Loop() {
				if err := set.ReadFloat32("x", dst); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
