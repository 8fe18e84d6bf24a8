package safetensors

import (
	"bytes"
	"io"
	"os"
	"testing"
)

const golden = "../../testdata/golden"

// A checkpoint that Hugging Face's library wrote comes back from Write byte for byte.
func TestGoldenRoundTrip(t *testing.T) {
	dir := golden + "/a/checkpoint"
	want, err := os.ReadFile(dir + "/model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	set, err := OpenCheckpoint(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	var tensors []Tensor
	for _, name := range set.Names() {
		info, _ := set.Info(name)
		tensors = append(tensors, Tensor{Name: name, DType: info.DType, Shape: info.Shape, WriteTo: func(w io.Writer) error {
			values := make([]float32, info.Elements())
			if err := set.ReadFloat32(name, values); err != nil {
				return err
			}
			return EncodeFloat32(w, info.DType, values)
		}})
	}
	var got bytes.Buffer
	if err := Write(&got, nil, tensors); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Error("the file written is not the file read")
	}
}
