//go:build linux

package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/internal/safetensors"
	"github.com/egotsr/egotsr/internal/state"
	"github.com/egotsr/egotsr/model"
	"github.com/egotsr/egotsr/model/nano"
)

// tiny are nano's files, with a head of its own, so that nothing of the published shapes is missing.
func tiny(t *testing.T) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for _, name := range []string{"config.json", "generation_config.json", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.json"} {
		data, err := fs.ReadFile(nano.FS(), name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: data}
	}
	var config map[string]any
	if err := json.Unmarshal(files["config.json"].Data, &config); err != nil {
		t.Fatal(err)
	}
	config["tie_word_embeddings"], config["num_hidden_layers"] = false, 3
	data, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	files["config.json"].Data = data
	return files
}

func TestWriteCheckpoint(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tiny")
	files := tiny(t)
	if err := writeCheckpoint(dir, files, 1<<20); err != nil {
		t.Fatal(err)
	}
	config, err := model.LoadConfig(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	set, err := safetensors.OpenCheckpoint(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	var want []string
	var total int64
	for _, p := range config.Params() {
		want = append(want, p.Name)
		info, ok := set.Info(p.Name)
		if !ok || info.DType != safetensors.BF16 || !slices.Equal(info.Shape, p.Shape) {
			t.Fatalf("%s is %v %v, want BF16 %v", p.Name, info.DType, info.Shape, p.Shape)
		}
		total += info.Bytes()
		checkValues(t, set, p, info.Elements())
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(slices.Values(set.Names()))); diff != "" {
		t.Errorf("tensors (-want +got):\n%s", diff)
	}
	if n := 2 * config.Parameters(); n != total {
		t.Errorf("the config counts %d bytes, and the files have %d", n, total)
	}
	shards, err := weightFiles(dir)
	if err != nil || len(shards) < 3 {
		t.Errorf("files of weights: %q, %v", shards, err)
	}
	if err := evict(shards...); err != nil {
		t.Error(err)
	}
}

// checkValues wants scales of 1, biases of 0, and all else around 0 with the deviation that keeps activations near one.
func checkValues(t *testing.T, set *safetensors.Set, p model.Param, n int) {
	t.Helper()
	values := make([]float32, n)
	if err := set.ReadFloat32(p.Name, values); err != nil {
		t.Fatal(err)
	}
	sum, squares := 0.0, 0.0
	for _, v := range values {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	mean, square := sum/float64(n), squares/float64(n)
	inputs := float64(n) / float64(p.Shape[0])
	switch {
	case len(p.Shape) > 1:
		if mean*mean*inputs > 0.01 || square*inputs < 0.9 || square*inputs > 1.1 {
			t.Errorf("%s: the mean of its values is %v, and of their squares %v", p.Name, mean, square)
		}
	case strings.HasSuffix(p.Name, ".weight") && (mean != 1 || square != 1), strings.HasSuffix(p.Name, ".bias") && square != 0:
		t.Errorf("%s: the mean of its values is %v, and of their squares %v", p.Name, mean, square)
	}
}

func TestMeasurePublished(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tiny")
	if err := writeCheckpoint(dir, tiny(t), 1<<20); err != nil {
		t.Fatal(err)
	}
	for _, weights := range []string{"", "int8"} {
		f, err := measurePublished(dir, "go", weights, 1)
		if err != nil {
			t.Fatal(err)
		}
		for name, v := range map[string]float64{"open": f.Open, "first": f.First, "both orders": f.BothOrders, "single": f.Verdict, "seen": f.Text,
			"frame": f.Frame, "RSS": f.RSS, "RSS after opening": f.OpenRSS} {
			if !(v > 0) {
				t.Errorf("weights %q: %s is %v", weights, name, v)
			}
		}
	}
	// The files are the bench's own: what it removes afterwards, and nothing that somebody put beside them.
	mine := filepath.Join(dir, "mine.txt")
	if err := os.WriteFile(mine, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := (state.Disk{}).Remove(dir); err == nil {
		t.Error("a folder with a stranger's file in it was removed")
	}
	if err := os.Remove(mine); err != nil {
		t.Fatal(err)
	}
	if err := (state.Disk{}).Remove(dir); err != nil {
		t.Error(err)
	}
}

func TestRoom(t *testing.T) {
	if err := room(t.TempDir(), 1); err != nil {
		t.Error(err)
	}
	if err := room(t.TempDir(), 1<<60); err == nil || !strings.Contains(err.Error(), "-dir") {
		t.Errorf("an exabyte: %v", err)
	}
}
