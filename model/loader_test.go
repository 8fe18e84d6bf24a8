package model

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/internal/safetensors"
)

// watched is a checkpoint whose weights are read under somebody's eyes.
type watched struct {
	fs.FS
	look func(offset int64) error
}

type watchedFile struct {
	fs.File
	look func(offset int64) error
}

func (w watched) Open(name string) (fs.File, error) {
	file, err := w.FS.Open(name)
	if err != nil || name != weightsFile {
		return file, err
	}
	return watchedFile{file, w.look}, nil
}

func (f watchedFile) ReadAt(b []byte, offset int64) (int, error) {
	if err := f.look(offset); err != nil {
		return 0, err
	}
	return f.File.(*os.File).ReadAt(b, offset)
}

// loadIn is Load with the weights read so many values at a time.
func loadIn(ctx context.Context, part int, files fs.FS, backend, weights string) (*Model, error) {
	config, err := LoadConfig(files)
	if err != nil {
		return nil, err
	}
	m := newModel(config)
	if m.int8 = weights == "int8"; m.int8 {
		weights = "f32"
	}
	if m.dtype, err = computeType(weights, config.DType); err != nil {
		return nil, err
	}
	return m, m.start(backend, func() error {
		set, err := safetensors.OpenCheckpoint(files)
		if err != nil {
			return err
		}
		defer set.Close()
		l := newLoader(m, set)
		l.part = part
		l.group.SetLimit(8) // more than one, also on a machine with one core
		for _, p := range config.Params() {
			if !l.read(ctx, p) {
				break
			}
		}
		return l.finish()
	})
}

// TestLoadInParts: however small the parts are, and also on a backend that shares no memory with us, the weights are the same.
func TestLoadInParts(t *testing.T) {
	files := os.DirFS(golden + "/checkpoint")
	backends := []string{"go"}
	if xlaPlugin() {
		backends = append(backends, "xla:cpu", "xla:cpu,noshared_buffers")
	}
	for _, weights := range []string{"f32", "bf16", "int8"} {
		want := checksums(t, open(t, files, "go", weights))
		for _, backend := range backends {
			m, err := loadIn(context.Background(), 777, files, backend, weights)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			if diff := cmp.Diff(want, checksums(t, m)); diff != "" {
				t.Errorf("%s, %s: %s", weights, backend, diff)
			}
		}
	}
}

// checksums are those of all variables' values, each after its name, in the order the model has them in.
func checksums(t *testing.T, m *Model) (all []string) {
	t.Helper()
	for v := range m.store.IterVariables() {
		value, err := v.Value()
		if err == nil {
			err = value.ConstBytes(func(b []byte) { all = append(all, v.Path(), fmt.Sprintf("%x", sha256.Sum256(b))) })
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestLoadFails: whichever tensors cannot be read, and however many at once, the error is that of the first in the order of Params.
func TestLoadFails(t *testing.T) {
	files := os.DirFS(golden + "/checkpoint")
	config, err := LoadConfig(files)
	if err != nil {
		t.Fatal(err)
	}
	params, at := config.Params(), places(t)
	broken := errors.New("the disk is broken")
	for _, weights := range []string{"f32", "bf16", "int8"} {
		for _, bad := range [][]int{{0}, {3, 40}, {len(params) - 1}, {7, 8, 9, 10, 11}} {
			look := func(offset int64) error {
				for _, i := range bad {
					if r := at[params[i].Name]; offset >= r[0] && offset < r[1] {
						return broken
					}
				}
				return nil
			}
			for range 5 {
				_, err := loadIn(context.Background(), 500, watched{files, look}, "go", weights)
				if first := params[bad[0]].Name; !errors.Is(err, broken) || !strings.Contains(err.Error(), `"`+first+`"`) {
					t.Fatalf("%s, without the tensors %d: %v, want it to name %s", weights, bad, err, first)
				}
			}
		}
	}
}

// places is where in the golden checkpoint's file each tensor is.
func places(t *testing.T) map[string][2]int64 {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(golden, "checkpoint", weightsFile))
	if err != nil {
		t.Fatal(err)
	}
	n := int64(binary.LittleEndian.Uint64(data))
	var header map[string]struct {
		Offsets [2]int64 `json:"data_offsets"`
	}
	if err := json.Unmarshal(slices.Clone(data[8:8+n]), &header); err != nil {
		t.Fatal(err)
	}
	at := map[string][2]int64{}
	for name, h := range header {
		at[name] = [2]int64{8 + n + h.Offsets[0], 8 + n + h.Offsets[1]}
	}
	return at
}

// TestLoadCancelled: loading ends with its context, be it before the first tensor or in the midst of them, and reads no further.
func TestLoadCancelled(t *testing.T) {
	for _, after := range []int64{0, 2, 20} { // the header takes two
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		if after == 0 {
			cancel()
		}
		var reads atomic.Int64
		look := func(int64) error {
			if reads.Add(1) == after {
				cancel()
			}
			return nil
		}
		m, err := loadIn(ctx, 500, watched{os.DirFS(golden + "/checkpoint"), look}, "go", "")
		if !errors.Is(err, context.Canceled) {
			t.Errorf("after %d reads: %v", after, err)
		}
		if n := reads.Load(); n > after+20 {
			t.Errorf("after %d reads it went on for %d more", after, n-after)
		}
		if m != nil && m.store.NumVariables() > 0 {
			t.Error("a load that was cancelled left weights")
		}
	}
}
