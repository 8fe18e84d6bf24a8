package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Tensor is one tensor to be written. WriteTo is called once, when its turn comes, and must write exactly the
// little-endian bytes that DType and Shape ask for; [EncodeFloat32] and a plain w.Write do.
type Tensor struct {
	Name    string
	DType   DType
	Shape   []int
	WriteTo func(w io.Writer) error
}

// Bytes is how many WriteTo has to write; 0 of a shape that no file can hold.
func (t Tensor) Bytes() int64 {
	n, _ := byteLen(t.DType, t.Shape)
	return n
}

// Write writes a file to w. Tensors are laid out as Hugging Face's library lays them out, widest dtype first and then
// by name, so the same tensors always give the same bytes; they are produced one at a time and none is held. Where
// meta has no "format" it gets the "pt" that transformers asks for. On an error, w holds part of a file.
func Write(w io.Writer, meta map[string]string, tensors []Tensor) error {
	tensors = slices.Clone(tensors)
	slices.SortStableFunc(tensors, func(a, b Tensor) int {
		return cmp.Or(cmp.Compare(b.DType, a.DType), strings.Compare(a.Name, b.Name))
	})
	head, err := header(meta, tensors)
	if err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return fmt.Errorf("safetensors: write header: %w", err)
	}
	for _, t := range tensors {
		n, _ := byteLen(t.DType, t.Shape) // header has checked it
		out := exact{w: w, left: n}
		if err := t.WriteTo(&out); err != nil {
			return fmt.Errorf("safetensors: write tensor %q: %w", t.Name, err)
		}
		if out.left != 0 {
			return &FormatError{Tensor: t.Name, Reason: fmt.Sprintf("%d of its %d bytes were not written", out.left, n)}
		}
	}
	return nil
}

// header is the length and the JSON, padded with spaces so that the data begins at a multiple of 8 bytes.
func header(meta map[string]string, tensors []Tensor) ([]byte, error) {
	full := map[string]string{"format": "pt"}
	for k, v := range meta {
		full[k] = v
	}
	b := bytes.NewBuffer(make([]byte, 8, 8+128*len(tensors)))
	b.WriteByte('{')
	if err := writeJSON(b, metadataKey, full); err != nil {
		return nil, err
	}
	seen := map[string]bool{metadataKey: true}
	var at int64
	for _, t := range tensors {
		fail := func(reason string) ([]byte, error) { return nil, &FormatError{Tensor: t.Name, Reason: reason} }
		if seen[t.Name] {
			return fail("the name is taken")
		}
		seen[t.Name] = true
		n, ok := byteLen(t.DType, t.Shape)
		if t.DType.Size() == 0 || !ok || at+n < at {
			return fail(fmt.Sprintf("%v %v cannot be written", t.DType, t.Shape))
		}
		b.WriteByte(',')
		if err := writeJSON(b, t.Name, struct {
			DType   string   `json:"dtype"`
			Shape   []int    `json:"shape"`
			Offsets [2]int64 `json:"data_offsets"`
		}{t.DType.String(), append([]int{}, t.Shape...), [2]int64{at, at + n}}); err != nil {
			return nil, err
		}
		at += n
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	if b.Len()-8 > maxHeader {
		return nil, &FormatError{Reason: fmt.Sprintf("header of %d bytes is above the bound of %d", b.Len()-8, maxHeader)}
	}
	binary.LittleEndian.PutUint64(b.Bytes(), uint64(b.Len()-8))
	return b.Bytes(), nil
}

// writeJSON appends one key and its value, without the escapes for HTML that json.Marshal puts into names.
func writeJSON(b *bytes.Buffer, key string, value any) error {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(key); err != nil {
		return fmt.Errorf("safetensors: header: %w", err)
	}
	b.Truncate(b.Len() - 1) // the encoder's newline
	b.WriteByte(':')
	if err := enc.Encode(value); err != nil {
		return fmt.Errorf("safetensors: header: %w", err)
	}
	b.Truncate(b.Len() - 1)
	return nil
}

// exact passes on at most left bytes, so that a tensor that writes too much cannot shift the ones after it.
type exact struct {
	w    io.Writer
	left int64
}

func (e *exact) Write(p []byte) (int, error) {
	if int64(len(p)) > e.left {
		return 0, fmt.Errorf("%d bytes too many", int64(len(p))-e.left)
	}
	n, err := e.w.Write(p)
	e.left -= int64(n)
	return n, err
}
