package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/egotsr/egotsr/internal/sidefile"
)

// maxHeader is the longest header, and the longest index file, that is read: the format's own bound of 100 MB.
const maxHeader = 100_000_000

// metadataKey is the one name in a header that is not a tensor's.
const metadataKey = "__metadata__"

// readHeader reads and checks the header of a file of size bytes, and gives its tensors in the order of their bytes.
func readHeader(r io.ReaderAt, file string, size int64) ([]Info, error) {
	fail := func(format string, args ...any) ([]Info, error) {
		return nil, &FormatError{File: file, Reason: fmt.Sprintf(format, args...)}
	}
	if size < 8 {
		return fail("%d bytes long: too short for a header length", size)
	}
	var head [8]byte
	if err := readFull(r, head[:], 0); err != nil {
		return nil, fmt.Errorf("safetensors: %s: read header length: %w", file, err)
	}
	n := binary.LittleEndian.Uint64(head[:])
	switch {
	case n > maxHeader:
		var start [64]byte
		if k, _ := r.ReadAt(start[:], 0); sidefile.Pointer(start[:k]) {
			return fail(sidefile.NotFetched)
		}
		return fail("header of %d bytes is above the bound of %d", n, maxHeader)
	case int64(n) > size-8:
		return fail("header of %d bytes in a file of %d", n, size)
	case n < 2:
		return fail("header of %d bytes", n)
	}
	text := make([]byte, n)
	if err := readFull(r, text, 8); err != nil {
		return nil, fmt.Errorf("safetensors: %s: read header: %w", file, err)
	}
	infos, err := parseHeader(text)
	if err == nil {
		err = place(infos, size-8-int64(n))
	}
	if fe := (*FormatError)(nil); errors.As(err, &fe) {
		fe.File = file
	}
	if err != nil {
		return nil, err
	}
	for i := range infos {
		infos[i].file, infos[i].at = file, r
		infos[i].offset += 8 + int64(n)
	}
	return infos, nil
}

// parseHeader reads the header's JSON. Offsets are relative to the end of the header and not yet checked.
func parseHeader(text []byte) ([]Info, error) {
	switch {
	case text[0] != '{':
		return nil, &FormatError{Reason: "header does not begin with {"}
	case !utf8.Valid(text):
		return nil, &FormatError{Reason: "header is not UTF-8"}
	case !json.Valid(text):
		return nil, &FormatError{Reason: "header is not valid JSON"}
	}
	var infos []Info
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	err := eachKey(dec, func(name string) error {
		if name == metadataKey {
			return eachKey(dec, func(key string) error {
				_, err := scalar[string](dec)
				return err
			})
		}
		info, err := parseTensor(dec, name)
		if err != nil {
			return &FormatError{Tensor: name, Reason: err.Error()}
		}
		infos = append(infos, info)
		return nil
	})
	if fe := (*FormatError)(nil); err != nil && !errors.As(err, &fe) {
		err = &FormatError{Reason: "header: " + err.Error()}
	}
	return infos, err
}

func parseTensor(dec *json.Decoder, name string) (Info, error) {
	info := Info{Name: name, Shape: []int{}}
	seen := 0
	err := eachKey(dec, func(key string) error {
		seen++
		switch key {
		case "dtype":
			s, err := scalar[string](dec)
			if err != nil {
				return err
			}
			var ok bool
			if info.DType, ok = parseDType(s); !ok {
				if strings.HasPrefix(s, "F8_") {
					return fmt.Errorf("dtype %q is not supported: the weights are quantised; use a bf16 checkpoint", s)
				}
				return fmt.Errorf("dtype %q is not supported", s)
			}
		case "shape":
			return eachInt(dec, func(i int, v int64) error {
				info.Shape = append(info.Shape, int(v))
				return nil
			})
		case "data_offsets":
			count := 0
			var ends [2]int64
			if err := eachInt(dec, func(i int, v int64) error {
				if count = i + 1; count > 2 {
					return errors.New("data_offsets has more than two values")
				}
				ends[i] = v
				return nil
			}); err != nil {
				return err
			}
			if count != 2 || ends[1] < ends[0] {
				return fmt.Errorf("data_offsets %v is not a range", ends[:count])
			}
			info.offset, info.length = ends[0], ends[1]-ends[0]
		default:
			return fmt.Errorf("unknown key %q", key)
		}
		return nil
	})
	if err != nil {
		return info, err
	}
	// The keys are all known and none is repeated, so three of them are all of them.
	if seen != 3 {
		return info, errors.New("dtype, shape and data_offsets are not all there")
	}
	want, ok := byteLen(info.DType, info.Shape)
	if !ok {
		return info, fmt.Errorf("shape %v is too large", info.Shape)
	}
	if want != info.length {
		return info, fmt.Errorf("%v %v takes %d bytes, not %d", info.DType, info.Shape, want, info.length)
	}
	return info, nil
}

// place sorts the tensors by their bytes and demands that these cover the data exactly: no hole, no overlap.
func place(infos []Info, data int64) error {
	slices.SortStableFunc(infos, func(a, b Info) int {
		// Empty tensors come before the one that has bytes at their place.
		return cmp.Or(cmp.Compare(a.offset, b.offset), cmp.Compare(a.length, b.length))
	})
	var at int64
	for _, info := range infos {
		switch {
		case info.offset < at:
			return &FormatError{Tensor: info.Name, Reason: fmt.Sprintf("bytes overlap: begins at %d, before %d", info.offset, at)}
		case info.offset > at:
			return &FormatError{Tensor: info.Name, Reason: fmt.Sprintf("begins at %d and leaves a hole after %d", info.offset, at)}
		case info.length > data-at:
			return &FormatError{Tensor: info.Name, Reason: fmt.Sprintf("ends at %d, past the %d bytes of data", at+info.length, data)}
		}
		at += info.length
	}
	if at != data {
		return &FormatError{Reason: fmt.Sprintf("tensors cover %d of %d bytes of data", at, data)}
	}
	return nil
}

// eachKey reads one JSON object and calls f at each of its values. encoding/json would let a second key of the same
// name replace the first in silence, so the object is walked by hand and a repeated key is an error.
func eachKey(dec *json.Decoder, f func(key string) error) error {
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return orElse(err, "want an object")
	}
	seen := map[string]bool{}
	for dec.More() {
		key, err := scalar[string](dec)
		if err != nil {
			return err
		}
		if seen[key] {
			return fmt.Errorf("key %q is repeated", key)
		}
		seen[key] = true
		if err := f(key); err != nil {
			return err
		}
	}
	_, err := dec.Token()
	return err
}

// eachInt reads one JSON array of integers that are not negative.
func eachInt(dec *json.Decoder, f func(i int, v int64) error) error {
	if t, err := dec.Token(); err != nil || t != json.Delim('[') {
		return orElse(err, "want an array")
	}
	for i := 0; dec.More(); i++ {
		num, err := scalar[json.Number](dec)
		if err != nil {
			return err
		}
		v, err := strconv.ParseUint(num.String(), 10, strconv.IntSize-1)
		if err != nil {
			return fmt.Errorf("%s is not a size", num)
		}
		if err := f(i, int64(v)); err != nil {
			return err
		}
	}
	_, err := dec.Token()
	return err
}

func scalar[T any](dec *json.Decoder) (T, error) {
	t, err := dec.Token()
	v, ok := t.(T)
	if err != nil || !ok {
		return v, orElse(err, fmt.Sprintf("want a value of type %T", v))
	}
	return v, nil
}

func orElse(err error, otherwise string) error {
	if err != nil {
		return err
	}
	return errors.New(otherwise)
}

// readFull fills buf from offset. A file that ends early is an unexpected end, whatever the reader calls it.
func readFull(r io.ReaderAt, buf []byte, offset int64) error {
	n, err := r.ReadAt(buf, offset)
	if n == len(buf) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}
