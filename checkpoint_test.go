package egotsr

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path"
	"strings"
	"testing"
	"testing/fstest"
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
	weights, err := os.ReadFile(checkpoint + "/model.safetensors")
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
		was, err := fs.ReadFile(os.DirFS(checkpoint), strings.Replace(name, "processor", "preprocessor", 1))
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
		"weights not fetched":     {checkpoint, "model.safetensors", []byte(pointer), "model.safetensors: is an LFS pointer; fetch the file"},
		"tokenizer not fetched":   {checkpoint, "tokenizer.json", []byte(pointer), "tokenizer.json: is an LFS pointer; fetch the file"},
		"config not fetched":      {checkpoint, "config.json", []byte(pointer), "config.json: is an LFS pointer; fetch the file"},
		"shard not fetched":       {sharded, "model-00003-of-00008.safetensors", []byte(pointer), "model-00003-of-00008.safetensors: is an LFS pointer; fetch the file"},
		"index not fetched":       {sharded, "model.safetensors.index.json", []byte(pointer), "model.safetensors.index.json: is an LFS pointer; fetch the file"},
		"missing shard":           {sharded, "model-00005-of-00008.safetensors", nil, "model-00005-of-00008.safetensors"},
		"no image settings":       {checkpoint, "preprocessor_config.json", nil, "preprocessor_config.json"},
		"a template of its own":   {checkpoint, "chat_template.jinja", []byte("{{ messages[0].role }}"), "chat_template.jinja: chat_template: "},
		"calibration not fetched": {checkpoint, "calibration.json", []byte(pointer), "calibration.json: is an LFS pointer; fetch the file"},
	} {
		_, err := Open(context.Background(), files(t, c.dir, map[string][]byte{c.file: c.data}), &Options{Backend: "go"})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOpenMarked: a byte order mark before every JSON file of a checkpoint changes nothing.
func TestOpenMarked(t *testing.T) {
	for _, dir := range []string{checkpoint, "testdata/golden/b/checkpoint"} {
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
	return fmt.Sprint(b.String())
}
