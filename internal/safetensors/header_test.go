package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// raw is a file with the header as it stands and so many bytes of data.
func raw(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

// Each file tells one lie. What is wrong and in which tensor must be said, and nothing may be opened.
func TestBadHeaders(t *testing.T) {
	one := func(dtype, shape, offsets string) string {
		return fmt.Sprintf(`{"a":{"dtype":%s,"shape":%s,"data_offsets":%s}}`, dtype, shape, offsets)
	}
	two := func(a, b string) string {
		return fmt.Sprintf(`{"a":{"dtype":"F32","shape":[2],"data_offsets":%s},"b":{"dtype":"F32","shape":[2],"data_offsets":%s}}`, a, b)
	}
	const good = `{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`
	for _, c := range []struct {
		name         string
		file         []byte
		tensor, want string
	}{
		{"empty file", nil, "", "too short"},
		{"seven bytes", make([]byte, 7), "", "too short"},
		{"no header", make([]byte, 8), "", "header of 0 bytes"},
		{"header of one byte", raw("{", 0), "", "header of 1 bytes"},
		{"header longer than the file", raw(good, 8)[:40], "", "in a file of 40"},
		{"header above the bound", binary.LittleEndian.AppendUint64(nil, maxHeader+1), "", "above the bound"},
		{"header of 2^64-1", bytes.Repeat([]byte{0xff}, 64), "", "above the bound"},
		{"not an object", raw(`["a"]`, 0), "", "begin with {"},
		{"space before the object", raw(" "+good, 8), "", "begin with {"},
		{"unfinished JSON", raw(good[:len(good)-1], 8), "", "valid JSON"},
		{"JSON after the object", raw(good+`{}`, 8), "", "valid JSON"},
		{"comma at the end", raw(good[:len(good)-1]+",}", 8), "", "valid JSON"},
		{"not UTF-8", raw("{\"a\xff\":{}}", 0), "", "UTF-8"},
		{"tensor is a number", raw(`{"a":1}`, 0), "a", "want an object"},
		{"tensor is null", raw(`{"a":null}`, 0), "a", "want an object"},
		{"metadata of numbers", raw(`{"__metadata__":{"a":1}}`, 0), "", "type string"},
		{"metadata is a list", raw(`{"__metadata__":[]}`, 0), "", "want an object"},
		{"repeated metadata", raw(`{"__metadata__":{},"__metadata__":{}}`, 0), "", "repeated"},
		{"repeated tensor", raw(good[:len(good)-1]+","+good[1:], 8), "", `"a" is repeated`},
		{"repeated tensor in other letters", raw(good[:len(good)-1]+`,"\u0061"`+good[4:], 8), "", `"a" is repeated`},
		{"repeated shape", raw(`{"a":{"dtype":"F32","shape":[1],"shape":[2],"data_offsets":[0,8]}}`, 8), "a", "repeated"},
		{"unknown key", raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":0}}`, 8), "a", `unknown key "x"`},
		{"key in other case", raw(`{"a":{"DType":"F32","shape":[2],"data_offsets":[0,8]}}`, 8), "a", "unknown key"},
		{"no dtype", raw(`{"a":{"shape":[2],"data_offsets":[0,8]}}`, 8), "a", "not all there"},
		{"no shape", raw(`{"a":{"dtype":"F32","data_offsets":[0,4]}}`, 4), "a", "not all there"},
		{"no offsets", raw(`{"a":{"dtype":"F32","shape":[0]}}`, 0), "a", "not all there"},
		{"unknown dtype", raw(one(`"F8_E4M3"`, "[8]", "[0,8]"), 8), "a", "F8_E4M3"},
		{"empty dtype", raw(one(`""`, "[8]", "[0,8]"), 8), "a", "not supported"},
		{"negative side", raw(one(`"F32"`, "[-2]", "[0,8]"), 8), "a", "-2 is not a size"},
		{"fractional side", raw(one(`"F32"`, "[2.0]", "[0,8]"), 8), "a", "not a size"},
		{"exponent", raw(one(`"F32"`, "[2e0]", "[0,8]"), 8), "a", "not a size"},
		{"side of 2^63", raw(one(`"F32"`, "[9223372036854775808]", "[0,8]"), 8), "a", "not a size"},
		{"product over 2^64", raw(one(`"F32"`, "[4294967296,4294967296,2]", "[0,8]"), 8), "a", "too large"},
		{"product over 2^63", raw(one(`"U8"`, "[4294967296,4294967295]", "[0,8]"), 8), "a", "too large"},
		{"overflow beside a zero", raw(one(`"F32"`, "[0,4294967296,4294967296]", "[0,0]"), 0), "a", "too large"},
		{"side is a string", raw(one(`"F32"`, `["2"]`, "[0,8]"), 8), "a", "want a value"},
		{"shape is a number", raw(one(`"F32"`, `2`, "[0,8]"), 8), "a", "want an array"},
		{"length and shape differ", raw(one(`"F32"`, "[3]", "[0,8]"), 8), "a", "takes 12 bytes, not 8"},
		{"offsets the wrong way", raw(one(`"F32"`, "[2]", "[8,0]"), 8), "a", "not a range"},
		{"one offset", raw(one(`"F32"`, "[2]", "[8]"), 8), "a", "not a range"},
		{"three offsets", raw(one(`"F32"`, "[2]", "[0,8,8]"), 8), "a", "more than two"},
		{"negative offset", raw(one(`"F32"`, "[2]", "[-8,0]"), 8), "a", "not a size"},
		{"data cut short", raw(good, 7), "a", "past the 7 bytes"},
		{"data too long", raw(good, 9), "", "8 of 9 bytes"},
		{"data without tensors", raw(`{}`, 1), "", "0 of 1 bytes"},
		{"end of 2^63-1", raw(one(`"U8"`, "[9223372036854775807]", "[0,9223372036854775807]"), 8), "a", "past the 8 bytes"},
		{"hole at the start", raw(one(`"F32"`, "[2]", "[4,12]"), 12), "a", "hole"},
		{"hole between", raw(two("[0,8]", "[9,17]"), 17), "b", "hole"},
		{"overlap", raw(two("[0,8]", "[4,12]"), 12), "b", "overlap"},
		{"the same bytes twice", raw(two("[0,8]", "[0,8]"), 8), "b", "overlap"},
		{"empty tensor past the end", raw(one(`"F32"`, "[0]", "[4,4]"), 0), "a", "hole"},
	} {
		t.Run(c.name, func(t *testing.T) {
			set, err := Open(fstest.MapFS{"x": {Data: c.file}}, "x")
			var fe *FormatError
			if !errors.As(err, &fe) {
				t.Fatalf("got %v, %v; want a *FormatError", set, err)
			}
			if fe.File != "x" || fe.Tensor != c.tensor || !strings.Contains(fe.Reason, c.want) {
				t.Errorf("got %v; want tensor %q and %q", err, c.tensor, c.want)
			}
		})
	}
}

func TestGoodHeaders(t *testing.T) {
	for name, b := range map[string][]byte{
		"no tensors":    raw(`{}`, 0),
		"padding":       raw(`{}      `, 0),
		"scalar":        raw(`{"a":{"dtype":"F64","shape":[],"data_offsets":[0,8]}}`, 8),
		"empty tensors": raw(`{"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[0,3],"data_offsets":[0,0]},"c":{"dtype":"U8","shape":[0],"data_offsets":[4,4]}}`, 4),
		"any order":     raw(`{"b":{"data_offsets":[4,8],"shape":[1],"dtype":"F32"},"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 8),
	} {
		if _, err := Open(fstest.MapFS{"x": {Data: b}}, "x"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A file either gives a *FormatError, or it can be read whole, and what Write makes of it is the same set of tensors.
func FuzzOpen(f *testing.F) {
	f.Add(raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8))
	f.Add(raw(`{"__metadata__":{"format":"pt"},"a":{"dtype":"BF16","shape":[2,1],"data_offsets":[0,4]},"b":{"dtype":"F16","shape":[],"data_offsets":[4,6]}}`, 6))
	f.Add(raw(`{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"a":{"dtype":"U8","shape":[0],"data_offsets":[8,8]}}`, 8))
	f.Add(file(f, tensor("x", F64, []int{1}, make([]byte, 8)), tensor("y", BOOL, []int{3}, make([]byte, 3))))
	f.Fuzz(func(t *testing.T, b []byte) {
		set, err := Open(fstest.MapFS{"x": {Data: b}}, "x")
		if err != nil {
			if fe := (*FormatError)(nil); !errors.As(err, &fe) {
				t.Fatalf("not a *FormatError: %v", err)
			}
			return
		}
		var tensors []Tensor
		for _, name := range set.Names() {
			info, _ := set.Info(name)
			data := make([]byte, info.Bytes())
			if err := set.ReadBytes(name, data); err != nil {
				t.Fatal(err)
			}
			if info.DType.Float() {
				if err := set.ReadFloat32(name, make([]float32, info.Elements())); err != nil {
					t.Fatal(err)
				}
				if err := set.ReadBF16At(name, 0, make([]uint16, info.Elements())); err != nil {
					t.Fatal(err)
				}
			}
			tensors = append(tensors, tensor(name, info.DType, info.Shape, data))
		}
		again := open(t, file(t, tensors...))
		if diff := cmp.Diff(set.Names(), again.Names()); diff != "" {
			t.Fatalf("names (-want +got):\n%s", diff)
		}
		for i, name := range again.Names() {
			info, _ := again.Info(name)
			data := make([]byte, info.Bytes())
			if err := again.ReadBytes(name, data); err != nil {
				t.Fatal(err)
			}
			var want bytes.Buffer
			if err := tensors[i].WriteTo(&want); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(data, want.Bytes()) || info.DType != tensors[i].DType || !cmp.Equal(info.Shape, tensors[i].Shape) {
				t.Fatalf("tensor %q changed", name)
			}
		}
	})
}

// tensor is one to be written from bytes.
func tensor(name string, d DType, shape []int, data []byte) Tensor {
	return Tensor{Name: name, DType: d, Shape: shape, WriteTo: func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}}
}

func file(t testing.TB, tensors ...Tensor) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, nil, tensors); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(t testing.TB, b []byte) *Set {
	t.Helper()
	set, err := Open(fstest.MapFS{"x": {Data: b}}, "x")
	if err != nil {
		t.Fatal(err)
	}
	return set
}
