package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const golden = "../../testdata/golden"

// A checkpoint that Hugging Face's library wrote comes back from Write byte for byte, and of every other golden file
// the data does; those carry no metadata.
func TestGoldenRoundTrip(t *testing.T) {
	files, err := filepath.Glob(golden + "/*/*.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	checkpoint := golden + "/a/checkpoint/model.safetensors"
	for _, path := range append(files, checkpoint) {
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		set, err := Open(os.DirFS(filepath.Dir(path)), filepath.Base(path))
		if err != nil {
			t.Fatal(err)
		}
		defer set.Close()
		var tensors []Tensor
		for _, name := range set.Names() {
			info, _ := set.Info(name)
			tensors = append(tensors, Tensor{name, info.DType, info.Shape, func(w io.Writer) error {
				if info.DType == F32 {
					values := make([]float32, info.Elements())
					if err := set.ReadFloat32(name, values); err != nil {
						return err
					}
					return EncodeFloat32(w, F32, values)
				}
				data := make([]byte, info.Bytes())
				if err := set.ReadBytes(name, data); err != nil {
					return err
				}
				_, err := w.Write(data)
				return err
			}})
		}
		var got bytes.Buffer
		if err := Write(&got, nil, tensors); err != nil {
			t.Fatal(err)
		}
		if path != checkpoint {
			data := func(b []byte) []byte { return b[8+binary.LittleEndian.Uint64(b):] }
			got, want = *bytes.NewBuffer(data(got.Bytes())), data(want)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s: what was written is not what was read", path)
		}
	}
}

// Every cut of a file is refused when it is opened, and when the file shrinks later, by the read.
func TestTruncated(t *testing.T) {
	whole := file(t, tensor("a", F32, []int{4}, make([]byte, 16)), tensor("b", U8, []int{3}, make([]byte, 3)))
	for n := range whole {
		if _, err := Open(fstest.MapFS{"x": {Data: whole[:n]}}, "x"); !isFormat(err) {
			t.Fatalf("cut to %d of %d bytes: %v", n, len(whole), err)
		}
	}
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := Open(os.DirFS(filepath.Dir(path)), "x")
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	if err := os.Truncate(path, int64(len(whole)-10)); err != nil {
		t.Fatal(err)
	}
	err = set.ReadFloat32("a", make([]float32, 4))
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), `"a"`) {
		t.Errorf("read past the end: %v", err)
	}
}

// No bit of a header may be flipped into a crash, an answer that leaves the file, or an error of another type.
func TestBitFlips(t *testing.T) {
	whole := file(t, tensor("a", F32, []int{4}, make([]byte, 16)), tensor("b", U8, []int{3}, make([]byte, 3)))
	for bit := range 8 * (len(whole) - 19) {
		b := slices.Clone(whole)
		b[bit/8] ^= 1 << (bit % 8)
		set, err := Open(fstest.MapFS{"x": {Data: b}}, "x")
		if err != nil {
			if !isFormat(err) {
				t.Fatalf("bit %d: %v", bit, err)
			}
			continue
		}
		for _, name := range set.Names() {
			info, _ := set.Info(name)
			if err := set.ReadBytes(name, make([]byte, info.Bytes())); err != nil {
				t.Fatalf("bit %d: %v", bit, err)
			}
		}
	}
}

func TestRequests(t *testing.T) {
	set := open(t, file(t, tensor("f", F32, []int{2, 2}, make([]byte, 16)), tensor("i", I64, []int{2}, make([]byte, 16))))
	for name, err := range map[string]error{
		"no such tensor":   set.ReadFloat32("x", nil),
		"has 3 values":     set.ReadFloat32("f", make([]float32, 3)),
		"5 values from 0":  set.ReadBF16At("f", 0, make([]uint16, 5)),
		"2 values from 3":  set.ReadFloat32At("f", 3, make([]float32, 2)),
		"1 values from -1": set.ReadBF16At("f", -1, make([]uint16, 1)),
		"I64 is not a flo": set.ReadFloat32("i", make([]float32, 2)),
		"has 15 bytes":     set.ReadBytes("f", make([]byte, 15)),
	} {
		if !isFormat(err) || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %q", err, name)
		}
	}
	info, ok := set.Info("f")
	if !ok || info.DType != F32 || !slices.Equal(info.Shape, []int{2, 2}) || info.Elements() != 4 || info.Bytes() != 16 {
		t.Errorf("got %+v, %v", info, ok)
	}
	info.Shape[0] = 99
	if info, _ := set.Info("f"); info.Shape[0] != 2 {
		t.Error("a caller changed the set's shape")
	}
	if _, ok := set.Info("x"); ok {
		t.Error("a tensor that is not there was described")
	}
}

func TestShards(t *testing.T) {
	a := file(t, tensor("a", U8, []int{2}, []byte{1, 2}), tensor("b", U8, []int{1}, []byte{3}))
	c := file(t, tensor("c", U8, []int{1}, []byte{4}))
	index := func(pairs ...string) []byte {
		var entries []string
		for i := 0; i < len(pairs); i += 2 {
			entries = append(entries, fmt.Sprintf("%q:%q", pairs[i], pairs[i+1]))
		}
		return []byte(`{"metadata":{"total_size":4},"weight_map":{` + strings.Join(entries, ",") + `}}`)
	}
	dir := func(index []byte) fstest.MapFS {
		return fstest.MapFS{
			"1.safetensors": {Data: a}, "2.safetensors": {Data: c}, "sub/3.safetensors": {Data: c},
			"again.safetensors": {Data: a}, checkpointIndex: {Data: index},
		}
	}
	ab := []string{"a", "1.safetensors", "b", "1.safetensors"}

	for _, shard := range []string{"2.safetensors", "sub/3.safetensors"} {
		set, err := OpenCheckpoint(dir(index(append(ab, "c", shard)...)))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"a", "b", "c"}, set.Names()); diff != "" {
			t.Errorf("names (-want +got):\n%s", diff)
		}
		var got [1]byte
		if err := set.ReadBytes("c", got[:]); err != nil || got[0] != 4 {
			t.Errorf("c = %v, %v", got, err)
		}
	}

	for name, c := range map[string]struct {
		index []byte
		want  string
	}{
		"missing shard":           {index(append(ab, "c", "9.safetensors")...), "it is missing"},
		"missing shards":          {index("a", "8.safetensors", "b", "1.safetensors", "c", "9.safetensors"), "names 3 shards, of which 2 are missing: 8.safetensors, 9.safetensors"},
		"missing tensor":          {index(append(ab, "d", "1.safetensors")...), "and it is not"},
		"tensor in another shard": {index(append(ab, "c", "1.safetensors")...), "and it is not"},
		"tensor not indexed":      {index("a", "1.safetensors"), "does not name it here"},
		"tensor in two shards":    {index("a", "1.safetensors", "b", "again.safetensors"), "does not name it here"},
		"repeated tensor":         {index(append(ab, ab...)...), `"a" is repeated`},
		"parent":                  {index("a", "../1.safetensors"), "leaves the directory"},
		"parent inside":           {index("a", "sub/../../1.safetensors"), "leaves the directory"},
		"absolute":                {index("a", "/etc/passwd"), "leaves the directory"},
		"backslash":               {index("a", `..\1.safetensors`), "leaves the directory"},
		"no name":                 {index("a", ""), "leaves the directory"},
		"directory":               {index("a", "sub"), "not a regular file"},
		"empty map":               {index(), "missing or empty"},
		"no map":                  {[]byte(`{}`), "missing or empty"},
		"two maps":                {[]byte(`{"weight_map":{},"weight_map":{}}`), "repeated"},
		"not a string":            {[]byte(`{"weight_map":{"a":1}}`), "type string"},
		"not JSON":                {[]byte(`{`), "valid JSON"},
		"a list":                  {[]byte(`[]`), "want an object"},
	} {
		if _, err := OpenCheckpoint(dir(c.index)); !isFormat(err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}

	both := dir(index("a", "9.safetensors"))
	both[checkpointFile] = &fstest.MapFile{Data: c}
	if set, err := OpenCheckpoint(both); err != nil || len(set.Names()) != 1 {
		t.Errorf("the whole file does not go before the index: %v", err)
	}
	if _, err := OpenCheckpoint(fstest.MapFS{}); !errors.Is(err, fs.ErrNotExist) || isFormat(err) {
		t.Errorf("empty directory: %v", err)
	}
	if _, err := OpenCheckpoint(noReaderAt{both}); !isFormat(err) || !strings.Contains(err.Error(), "io.ReaderAt") {
		t.Errorf("files without ReadAt: %v", err)
	}
}

func TestClose(t *testing.T) {
	set, err := OpenCheckpoint(os.DirFS(golden + "/a/checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(set.Close(), set.Close()); err != nil {
		t.Error(err)
	}
	if err := set.ReadFloat32("model.norm.weight", make([]float32, 96)); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("read from a closed set: %v", err)
	}
}

func TestWriteRefuses(t *testing.T) {
	bad := errors.New("bad")
	for name, c := range map[string]struct {
		tensors []Tensor
		want    string
	}{
		"repeated name": {[]Tensor{tensor("a", U8, nil, nil), tensor("a", F32, nil, nil)}, "taken"},
		"metadata":      {[]Tensor{tensor(metadataKey, U8, nil, nil)}, "taken"},
		"no dtype":      {[]Tensor{tensor("a", 0, nil, nil)}, "cannot be written"},
		"negative side": {[]Tensor{tensor("a", U8, []int{-1}, nil)}, "cannot be written"},
		"too large":     {[]Tensor{tensor("a", U8, []int{1 << 62}, nil), tensor("b", U8, []int{1 << 62}, nil)}, "cannot be written"},
		"too few bytes": {[]Tensor{tensor("a", F32, []int{2}, make([]byte, 7))}, "1 of its 8 bytes"},
		"too many":      {[]Tensor{tensor("a", F32, []int{2}, make([]byte, 9))}, "1 bytes too many"},
		"failed":        {[]Tensor{{"a", U8, nil, func(io.Writer) error { return bad }}}, `"a": bad`},
	} {
		if err := Write(io.Discard, nil, c.tensors); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	if err := Write(full{}, nil, []Tensor{tensor("a", U8, nil, []byte{1})}); !errors.Is(err, errFull) {
		t.Errorf("full disk: %v", err)
	}
}

var errFull = errors.New("disk full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

// noReaderAt hides all but the methods that fs.File demands.
type noReaderAt struct{ fs.FS }

func (n noReaderAt) Open(name string) (fs.File, error) {
	f, err := n.FS.Open(name)
	return struct{ fs.File }{f}, err
}

func isFormat(err error) bool {
	var fe *FormatError
	return errors.As(err, &fe)
}
