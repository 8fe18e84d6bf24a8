package safetensors

import (
	"bytes"
	"io"
	"testing"
	"testing/fstest"
)

func TestEqual(t *testing.T) {
	values := make([]float32, 3<<16+7) // several parts, and one that is not full
	for i := range values {
		values[i] = float32(i % 251) // exact in BF16
	}
	other := append([]float32(nil), values...)
	other[len(other)-1]++
	var b bytes.Buffer
	tensor := func(name string, d DType, values []float32, shape ...int) Tensor {
		return Tensor{Name: name, DType: d, Shape: shape, WriteTo: func(w io.Writer) error { return EncodeFloat32(w, d, values) }}
	}
	n := len(values)
	if err := Write(&b, nil, []Tensor{
		tensor("f32", F32, values, n), tensor("bf16", BF16, values, n), tensor("other", F32, other, n), tensor("row", F32, values, 1, n),
		tensor("short", F32, values[1:], n-1),
		{Name: "whole", DType: U32, Shape: []int{n}, WriteTo: func(w io.Writer) error { _, err := w.Write(make([]byte, 4*n)); return err }},
	}); err != nil {
		t.Fatal(err)
	}
	set, err := Open(fstest.MapFS{"x": {Data: b.Bytes()}}, "x")
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"f32", "f32", true}, {"f32", "bf16", true}, {"bf16", "f32", true}, {"f32", "other", false}, {"other", "bf16", false},
		{"f32", "row", false}, {"f32", "short", false}, {"short", "f32", false}, {"f32", "whole", false}, {"whole", "f32", false},
	} {
		if got, err := set.Equal(c.a, c.b); got != c.want || err != nil {
			t.Errorf("%s and %s: %v, %v", c.a, c.b, got, err)
		}
	}
	for _, pair := range [][2]string{{"f32", "none"}, {"none", "f32"}} {
		if _, err := set.Equal(pair[0], pair[1]); !isFormat(err) {
			t.Errorf("%v: %v", pair, err)
		}
	}
}

// TestPointer: what Git LFS leaves in the place of a file is said to be that, however short.
func TestPointer(t *testing.T) {
	for _, text := range []string{"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n", "version https://git-lfs"} {
		_, err := Open(fstest.MapFS{"x": {Data: []byte(text)}}, "x")
		if want := "safetensors: x: is an LFS pointer; fetch the file with git lfs pull"; err == nil || err.Error() != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}
