package egotsr

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/png"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"math"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/egotsr/egotsr/internal/safetensors"
	"github.com/egotsr/egotsr/model"
)

// files reads a folder's files; those of changes stand in the place of theirs, and a nil takes one away.
func files(t *testing.T, dir string, changes map[string][]byte) fstest.MapFS {
	t.Helper()
	fsys := fstest.MapFS{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(path.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		fsys[e.Name()] = &fstest.MapFile{Data: data}
	}
	for name, data := range changes {
		if delete(fsys, name); data != nil {
			fsys[name] = &fstest.MapFile{Data: data}
		}
	}
	return fsys
}

func goldenImage(t *testing.T, name string) image.Image {
	t.Helper()
	data, err := os.ReadFile("testdata/golden/a/images/" + name)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// TestTransformers5: a checkpoint that transformers 5.24 saved, with bounds and a system turn of its own, is judged by as transformers
// judges by it: through processor_config.json and chat_template.jinja, without a preprocessor_config.json.
func TestTransformers5(t *testing.T) {
	var want struct {
		Task   string
		Orders []struct{ Logits [2]float64 }
	}
	text, err := os.ReadFile("testdata/golden/files/transformers5.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &want); err != nil || len(want.Orders) != 2 {
		t.Fatal(err)
	}
	weights, err := os.ReadFile(golden + "/model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	saved := files(t, "testdata/golden/files/transformers5", map[string][]byte{"model.safetensors": weights})
	m, err := Open(context.Background(), saved, &Options{Backend: "go"})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	images := []image.Image{goldenImage(t, "0_astronaut.png"), goldenImage(t, "1_coffee.png")}
	for i, order := range want.Orders {
		j := judge(t, m, Pair{want.Task, images[i], images[1-i]}, &JudgeOptions{SingleOrder: true})
		got, odds := math.Log(j.PImg1/(1-j.PImg1)), order.Logits[0]-order.Logits[1]
		if math.Abs(got-odds) > 1e-4 {
			t.Errorf("order %d: log-odds %v, transformers: %v", i, got, odds)
		}
	}
	// Either of the two files makes a difference that would be seen.
	for _, name := range []string{"chat_template.jinja", "processor_config.json"} {
		was, err := fs.ReadFile(os.DirFS(golden), strings.Replace(name, "processor", "preprocessor", 1))
		if err != nil {
			t.Fatal(err)
		}
		changes := map[string][]byte{"model.safetensors": weights, name: nil, strings.Replace(name, "processor", "preprocessor", 1): was}
		other, err := Open(context.Background(), files(t, "testdata/golden/files/transformers5", changes), &Options{Backend: "go"})
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		p := Pair{want.Task, images[0], images[1]}
		if a, b := judge(t, m, p, nil).PImg1, judge(t, other, p, nil).PImg1; math.Abs(a-b) < 1e-3 {
			t.Errorf("with another %s: %v, %v", name, b, a)
		}
	}
}

// pointer is what Git leaves in the place of a file that LFS has not fetched.
const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 3000000000\n"

// TestOpenNames: what is wrong with a checkpoint is said by the name of its file, and what to do.
func TestOpenNames(t *testing.T) {
	const sharded = "testdata/golden/b/checkpoint"
	for name, c := range map[string]struct {
		dir, file string
		data      []byte
		want      string
	}{
		"weights not fetched":     {golden, "model.safetensors", []byte(pointer), "model.safetensors: is an LFS pointer; fetch the file"},
		"tokenizer not fetched":   {golden, "tokenizer.json", []byte(pointer), "tokenizer.json: is an LFS pointer; fetch the file"},
		"config not fetched":      {golden, "config.json", []byte(pointer), "config.json: is an LFS pointer; fetch the file"},
		"shard not fetched":       {sharded, "model-00003-of-00008.safetensors", []byte(pointer), "model-00003-of-00008.safetensors: is an LFS pointer; fetch the file"},
		"index not fetched":       {sharded, "model.safetensors.index.json", []byte(pointer), "model.safetensors.index.json: is an LFS pointer; fetch the file"},
		"missing shard":           {sharded, "model-00005-of-00008.safetensors", nil, "model-00005-of-00008.safetensors"},
		"no image settings":       {golden, "preprocessor_config.json", nil, "preprocessor_config.json"},
		"a template of its own":   {golden, "chat_template.jinja", []byte("{{ messages[0].role }}"), "chat_template.jinja: chat_template: "},
		"calibration not fetched": {golden, "calibration.json", []byte(pointer), "calibration.json: is an LFS pointer; fetch the file"},
	} {
		_, err := Open(context.Background(), files(t, c.dir, map[string][]byte{c.file: c.data}), &Options{Backend: "go"})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOpenMarked: a byte order mark before every JSON file of a checkpoint changes nothing.
func TestOpenMarked(t *testing.T) {
	for _, dir := range []string{golden, "testdata/golden/b/checkpoint"} {
		fsys := files(t, dir, map[string][]byte{"calibration.json": []byte(`{"temperature": 2}`)})
		for name, f := range fsys {
			if path.Ext(name) == ".json" {
				f.Data = append([]byte("\xef\xbb\xbf"), f.Data...)
			}
		}
		m, err := Open(context.Background(), fsys, &Options{Backend: "go"})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		if m.calibration() != 2 {
			t.Errorf("a temperature of %v", m.calibration())
		}
		// What is saved is JSON without it.
		out := t.TempDir() + "/saved"
		if err := m.Save(context.Background(), out); err != nil {
			t.Fatal(err)
		}
		for name, f := range files(t, out, nil) {
			if path.Ext(name) == ".json" && !json.Valid(f.Data) {
				t.Errorf("%s is saved as %.20q", name, f.Data)
			}
		}
	}
}

// logged gives what Open says to a logger.
func logged(t *testing.T, fsys fs.FS) string {
	t.Helper()
	var b bytes.Buffer
	m, err := Open(context.Background(), fsys, &Options{Backend: "go", Logger: slog.New(slog.NewTextHandler(&b, nil))})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// withTensors is golden a's weights with more tensors, float32, of which each holds its first value over and over, or the embedding's
// values where it begins with them.
func withTensors(t *testing.T, more map[string]fill) []byte {
	t.Helper()
	set, err := safetensors.Open(os.DirFS(golden), "model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	read := func(name string) []float32 {
		info, _ := set.Info(name)
		values := make([]float32, info.Elements())
		if err := set.ReadFloat32(name, values); err != nil {
			t.Fatal(err)
		}
		return values
	}
	var list []safetensors.Tensor
	add := func(name string, shape []int, values []float32) {
		list = append(list, safetensors.Tensor{Name: name, DType: safetensors.F32, Shape: shape, WriteTo: func(w io.Writer) error {
			return safetensors.EncodeFloat32(w, safetensors.F32, values)
		}})
	}
	for _, name := range set.Names() {
		info, _ := set.Info(name)
		add(name, info.Shape, read(name))
	}
	embedding := read("model.embed_tokens.weight")
	for name, f := range more {
		n := 1
		for _, side := range f.Shape {
			n *= side
		}
		values := slices.Repeat([]float32{f.First}, n)
		if n == len(embedding) && f.First == embedding[0] {
			values = embedding
		}
		add(name, f.Shape, values)
	}
	var b bytes.Buffer
	if err := safetensors.Write(&b, nil, list); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type fill struct {
	Shape []int
	First float32
}

// TestOpenMoreTensors: tensors that transformers 4.57 and 5.24 both leave out of the model change nothing and are logged; where the two
// make different models of a checkpoint, it is refused.
func TestOpenMoreTensors(t *testing.T) {
	type reading struct {
		Embedding bool `json:"head is embedding"`
		Tensors   map[string]fill
	}
	var cases map[string]struct {
		Four reading `json:"4.57.1"`
		Five reading `json:"5.24.0"`
	}
	text, err := os.ReadFile("testdata/golden/files/tensors.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 5 {
		t.Fatalf("%d cases", len(cases))
	}
	p := Pair{"task", noise(1, 60, 60), noise(2, 60, 60)}
	want := judge(t, openFS(t, os.DirFS(golden), Options{Backend: "go"}), p, nil)
	for name, c := range cases {
		fsys := files(t, golden, map[string][]byte{"model.safetensors": withTensors(t, c.Five.Tensors)})
		if c.Four.Embedding != c.Five.Embedding {
			_, err := Open(context.Background(), fsys, &Options{Backend: "go"})
			var fault *model.TensorError
			if !errors.As(err, &fault) || fault.Name != "lm_head.weight" || !strings.Contains(err.Error(), "delete the tensor") ||
				!strings.Contains(err.Error(), "set tie_word_embeddings to false") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		said := logged(t, fsys)
		for tensor := range c.Five.Tensors {
			if !strings.Contains(said, tensor) {
				t.Errorf("%s: %s is passed over without a word: %s", name, tensor, said)
			}
		}
		m, err := Open(context.Background(), fsys, &Options{Backend: "go"})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		if got := judge(t, m, p, nil); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

// TestOpenQuantised: what transformers writes into the config.json of a quantised checkpoint is refused by its name.
func TestOpenQuantised(t *testing.T) {
	var cases map[string]struct {
		Five map[string]any `json:"5.24.0"`
	}
	text, err := os.ReadFile("testdata/golden/files/quantised.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	cases["bitsandbytes, older"] = struct {
		Five map[string]any `json:"5.24.0"`
	}{map[string]any{"quantization_config": map[string]any{"load_in_8bit": true}}}
	for name, c := range cases {
		var config map[string]any
		if err := json.Unmarshal(files(t, golden, nil)["config.json"].Data, &config); err != nil {
			t.Fatal(err)
		}
		maps.Copy(config, c.Five)
		data, err := json.Marshal(config)
		if err != nil {
			t.Fatal(err)
		}
		method, _, _ := strings.Cut(strings.Fields(name)[0], ",")
		_, err = Open(context.Background(), files(t, golden, map[string][]byte{"config.json": data}), &Options{Backend: "go"})
		want := "config.json: quantization_config: quantised by " + method + "; use a bf16 checkpoint, Options.Weights int8 quantises it"
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(cases) < 6 {
		t.Errorf("%d cases", len(cases))
	}
	// A config.json that does not say so, beside the tensors that do.
	weights := withTensors(t, map[string]fill{"model.layers.0.mlp.up_proj.qweight": {Shape: []int{2}}})
	_, err = Open(context.Background(), files(t, golden, map[string][]byte{"model.safetensors": weights}), &Options{Backend: "go"})
	if err == nil || !strings.Contains(err.Error(), "the weights are quantised by awq or gptq; use a bf16 checkpoint") {
		t.Error(err)
	}
}
