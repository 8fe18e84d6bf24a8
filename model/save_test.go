package model

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/egotsr/egotsr/internal/safetensors"
)

// TestSaveRoundTrip: what Save writes holds the same weights to the bit, and only the config's form may differ.
// That transformers loads it too is checked by scripts/check_save.py.
func TestSaveRoundTrip(t *testing.T) {
	from := os.DirFS(golden + "/checkpoint")
	for _, name := range backends(t) {
		t.Run(name, func(t *testing.T) { saveRoundTrip(t, open(t, from, name, "")) })
	}
}

func saveRoundTrip(t *testing.T, m *Model) {
	from := os.DirFS(golden + "/checkpoint")
	dir := filepath.Join(t.TempDir(), "saved")
	for range 2 { // the second time over the first
		if err := m.Save(context.Background(), from, nil, dir); err != nil {
			t.Fatal(err)
		}
	}
	sameWeights(t, from, os.DirFS(dir))
	for _, name := range []string{"tokenizer.json", "preprocessor_config.json", "generation_config.json"} {
		want, err := fs.ReadFile(from, name)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s was not copied: %v", name, err)
		}
	}
	left, err := os.ReadDir(filepath.Dir(dir))
	if err != nil || len(left) != 1 {
		t.Errorf("Save left %v behind, %v", left, err)
	}
}

func sameWeights(t *testing.T, a, b fs.FS) {
	t.Helper()
	read := func(fsys fs.FS) map[string][]byte {
		set, err := safetensors.OpenCheckpoint(fsys)
		if err != nil {
			t.Fatal(err)
		}
		defer set.Close()
		all := map[string][]byte{}
		for _, name := range set.Names() {
			info, _ := set.Info(name)
			all[name] = make([]byte, info.Bytes())
			if err := set.ReadBytes(name, all[name]); err != nil {
				t.Fatal(err)
			}
		}
		return all
	}
	left, right := read(a), read(b)
	if len(left) != len(right) {
		t.Fatalf("%d tensors and %d", len(left), len(right))
	}
	for name, data := range left {
		if !bytes.Equal(data, right[name]) {
			t.Errorf("tensor %s changed", name)
		}
	}
}

func TestSaveCancelled(t *testing.T) {
	m := open(t, os.DirFS(golden+"/checkpoint"), "go", "")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	dir := filepath.Join(t.TempDir(), "saved")
	if err := m.Save(ctx, os.DirFS(golden+"/checkpoint"), nil, dir); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a cancelled Save left a checkpoint")
	}
}

func TestClosed(t *testing.T) {
	m := open(t, os.DirFS(golden+"/checkpoint"), "go", "")
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	if _, err := m.Score(context.Background(), []Prompt{{IDs: []int32{1}}}, []int32{1}); !errors.Is(err, ErrClosed) {
		t.Errorf("Score after Close: %v", err)
	}
	if err := m.Save(context.Background(), os.DirFS("."), nil, t.TempDir()); !errors.Is(err, ErrClosed) {
		t.Errorf("Save after Close: %v", err)
	}
}

// TestLoadDamaged: a checkpoint cut short or with a flipped header never loads and never panics.
func TestLoadDamaged(t *testing.T) {
	whole, err := os.ReadFile(golden + "/checkpoint/model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile(golden + "/checkpoint/config.json")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, configFile), config, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"empty": {}, "half": whole[:len(whole)/2], "one byte short": whole[:len(whole)-1], "header only": whole[:4096],
		"lying length": append([]byte{255, 255, 255, 255, 255, 255, 255, 127}, whole[8:]...),
		"flipped":      append(append(bytes.Clone(whole[:40]), whole[40]^0x40), whole[41:]...),
	} {
		if err := os.WriteFile(filepath.Join(dir, weightsFile), data, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Load(context.Background(), os.DirFS(dir), "go", "")
		var format *safetensors.FormatError
		var tensor *TensorError
		if !errors.As(err, &format) && !errors.As(err, &tensor) {
			t.Errorf("%s: error %v is not typed", name, err)
		}
	}
}

// TestInt8: rounding every row to 255 levels moves the logits by a few percent, and such a model is not saved.
func TestInt8(t *testing.T) {
	images, judge := openGolden(t, "images.safetensors"), openGolden(t, "judge.safetensors")
	eachBackend(t, "int8", func(t *testing.T, m *Model) {
		p := prompt(t, m, images, judge.ints("input_ids")[0], 0, 1)
		got, err := m.Score(context.Background(), []Prompt{p}, seq(0, m.Config.VocabSize))
		if err != nil {
			t.Fatal(err)
		}
		want := judge.floats("logits")
		near(t, "logits", got[0], want[len(want)-m.Config.VocabSize:], 0.05)
		if ids, err := m.Generate(context.Background(), p, 4, nil); err != nil || len(ids) == 0 {
			t.Errorf("generated %v, %v", ids, err)
		}
		if err := m.Save(context.Background(), os.DirFS(golden+"/checkpoint"), nil, t.TempDir()); err == nil {
			t.Error("int8 weights were saved")
		}
	})
}
