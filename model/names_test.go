package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/internal/safetensors"
)

// Against a checkpoint that transformers saved, both ways: every tensor of the table is in the file with its shape, and
// every tensor of the file is in the table.
func TestNamesOfGolden(t *testing.T) {
	dir := os.DirFS(goldenA + "/checkpoint")
	c, err := LoadConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	set, err := safetensors.OpenCheckpoint(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	want := map[string][]int{}
	for _, name := range set.Names() {
		info, _ := set.Info(name)
		want[name] = info.Shape
	}
	compareNames(t, c.Params(), want)
	if err := c.checkTensors(set); err != nil {
		t.Error(err)
	}
}

// publishedModel is what transformers says of a published config.
type publishedModel struct {
	Config     json.RawMessage
	Parameters int
	Tensors    map[string]struct {
		Count int
		Shape []int
	}
}

func (m publishedModel) config(t *testing.T) Config {
	t.Helper()
	c, err := LoadConfig(fstest.MapFS{configFile: {Data: m.Config}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// published are the 3B and the 7B.
func published(t *testing.T) (models map[string]publishedModel) {
	t.Helper()
	text, err := os.ReadFile("testdata/names_7b.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &models); err != nil {
		t.Fatal(err)
	}
	if len(models) != 2 {
		t.Fatalf("%d models", len(models))
	}
	return models
}

// Against the tensors of the published 3B and 7B, which transformers gave for their configs; # stands for the number of
// a layer or block.
func TestNamesOfPublished(t *testing.T) {
	models := published(t)
	for name, m := range models {
		t.Run(name, func(t *testing.T) {
			c := m.config(t)
			want := map[string][]int{}
			for pattern, tensor := range m.Tensors {
				for i := range tensor.Count {
					want[strings.Replace(pattern, "#", strconv.Itoa(i), 1)] = tensor.Shape
				}
			}
			params := c.Params()
			compareNames(t, params, want)
			total := 0
			for _, p := range params {
				n := 1
				for _, side := range p.Shape {
					n *= side
				}
				total += n
			}
			if total != m.Parameters {
				t.Errorf("%d parameters, want %d", total, m.Parameters)
			}
		})
	}
}

func compareNames(t *testing.T, params []Param, want map[string][]int) {
	t.Helper()
	got := map[string]bool{}
	for _, p := range params {
		if got[p.Name] {
			t.Errorf("%s is in the table twice", p.Name)
		}
		got[p.Name] = true
		if shape, ok := want[p.Name]; !ok || !slices.Equal(p.Shape, shape) {
			t.Errorf("%s: table has %v, checkpoint %v", p.Name, p.Shape, shape)
		}
		plain := strings.HasSuffix(p.Name, ".bias") || strings.Contains(p.Name, "norm") || strings.Contains(p.Name, "ln_q")
		if p.Decay == plain || plain != (len(p.Shape) == 1) {
			t.Errorf("%s %v: decay is %v", p.Name, p.Shape, p.Decay)
		}
	}
	for name := range want {
		if !got[name] {
			t.Errorf("%s is not in the table", name)
		}
	}
}

func TestParamsOrder(t *testing.T) {
	c, err := load(t, flatConfig(t), "")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c.Params(), c.Params()); diff != "" {
		t.Errorf("two calls differ:\n%s", diff)
	}
	c.TieEmbeddings = false
	if last := c.Params()[len(c.Params())-1]; last.Name != "lm_head.weight" || !slices.Equal(last.Shape, []int{1024, 96}) {
		t.Errorf("an untied model ends with %+v", last)
	}
}

// checkpoint writes tensors of zeros.
func checkpoint(t *testing.T, params []Param, dtype func(name string) safetensors.DType) *safetensors.Set {
	t.Helper()
	var tensors []safetensors.Tensor
	for _, p := range params {
		d := dtype(p.Name)
		n := d.Size()
		for _, side := range p.Shape {
			n *= side
		}
		tensors = append(tensors, safetensors.Tensor{Name: p.Name, DType: d, Shape: p.Shape, WriteTo: func(w io.Writer) error {
			_, err := w.Write(make([]byte, n))
			return err
		}})
	}
	var b bytes.Buffer
	if err := safetensors.Write(&b, nil, tensors); err != nil {
		t.Fatal(err)
	}
	set, err := safetensors.Open(fstest.MapFS{"x": {Data: b.Bytes()}}, "x")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func bf16(string) safetensors.DType { return safetensors.BF16 }

// inMemory is the spelling of transformers 4.57's state_dict.
func inMemory(name string) string {
	switch {
	case strings.HasPrefix(name, "model."):
		return "model.language_model." + strings.TrimPrefix(name, "model.")
	case strings.HasPrefix(name, "visual."):
		return "model." + name
	}
	return name
}

func TestCheckTensors(t *testing.T) {
	c, err := load(t, flatConfig(t), "")
	if err != nil {
		t.Fatal(err)
	}
	c.TieEmbeddings = false
	renamed := c.Params()
	for i := range renamed {
		renamed[i].Name = inMemory(renamed[i].Name)
	}
	set := checkpoint(t, renamed, bf16)
	if err := c.checkTensors(set); err != nil {
		t.Errorf("names as in memory: %v", err)
	}
	for i, p := range c.Params() {
		if got := c.storedName(set, p.Name); got != renamed[i].Name {
			t.Errorf("%s is stored as %s, got %s", p.Name, renamed[i].Name, got)
		}
	}

	equal := checkpoint(t, c.Params(), func(name string) safetensors.DType { // both zero, and in two dtypes
		if name == "lm_head.weight" {
			return safetensors.F32
		}
		return safetensors.BF16
	})
	tiedHead := c
	tiedHead.TieEmbeddings = true
	if err := tiedHead.checkTensors(equal); err != nil {
		t.Errorf("a tied head that is stored too: %v", err)
	}

	const norm = "model.norm.weight"
	tied := c
	tied.TieEmbeddings = true
	bias := Param{Name: "model.layers.0.self_attn.o_proj.bias", Shape: []int{96}}
	for _, e := range []struct {
		name   string
		config Config
		params []Param
		dtype  func(string) safetensors.DType
		want   TensorError
	}{
		{"missing head", c, tied.Params(), bf16, TensorError{"lm_head.weight", "float [1024 96]", "nothing", nil, 1}},
		{"head of a tied model, in other sides", tied, with(c.Params(), "lm_head.weight", []int{96, 1024}), bf16,
			TensorError{"lm_head.weight", "nothing", "BF16 [96 1024]", nil, 1}},
		{"unknown tensor", c, append(c.Params(), bias), bf16, TensorError{bias.Name, "nothing", "BF16 [96]", nil, 1}},
		{"both spellings", c, append(c.Params(), Param{Name: "model.language_model.norm.weight", Shape: []int{96}}), bf16,
			TensorError{"model.language_model.norm.weight", "nothing", "BF16 [96]", nil, 1}},
		{"whole numbers", c, c.Params(), func(name string) safetensors.DType {
			if name == norm {
				return safetensors.U16
			}
			return safetensors.F32
		}, TensorError{norm, "float [96]", "U16 [96]", nil, 1}},
		{"wrong shape", c, with(c.Params(), norm, []int{96, 1}), bf16, TensorError{norm, "float [96]", "BF16 [96 1]", nil, 1}},
		{"no tensors", c, nil, bf16, TensorError{"visual.patch_embed.proj.weight", "float [64 3 2 14 14]", "nothing", []string{
			"visual.blocks.0.norm1.weight", "visual.blocks.0.attn.qkv.weight", "visual.blocks.0.attn.qkv.bias", "visual.blocks.0.attn.proj.weight",
		}, len(c.Params())}},
	} {
		err := e.config.checkTensors(checkpoint(t, e.params, e.dtype))
		var te *TensorError
		if !errors.As(err, &te) {
			t.Errorf("%s: %v", e.name, err)
		} else if diff := cmp.Diff(&e.want, te); diff != "" {
			t.Errorf("%s (-want +got):\n%s", e.name, diff)
		}
	}
}

func with(params []Param, name string, shape []int) []Param {
	for i := range params {
		if params[i].Name == name {
			params[i].Shape = shape
		}
	}
	return params
}
