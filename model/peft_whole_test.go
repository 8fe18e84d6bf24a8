package model

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/egotsr/egotsr/internal/safetensors"
)

// adapterOf makes an adapter's files of rank 1 with these tensors.
func adapterOf(t *testing.T, list map[string][]float32, shape map[string][]int) fstest.MapFS {
	t.Helper()
	var all []safetensors.Tensor
	for name, values := range list {
		s := shape[name]
		if s == nil {
			s = []int{len(values) / 96, 96}
		}
		all = append(all, safetensors.Tensor{Name: name, DType: safetensors.F32, Shape: s, WriteTo: func(w io.Writer) error {
			return safetensors.EncodeFloat32(w, safetensors.F32, values)
		}})
	}
	var weights bytes.Buffer
	if err := safetensors.Write(&weights, nil, all); err != nil {
		t.Fatal(err)
	}
	config, err := json.Marshal(map[string]any{"peft_type": "LORA", "r": 1, "lora_alpha": 1, "modules_to_save": []string{"embed_tokens"}})
	if err != nil {
		t.Fatal(err)
	}
	return fstest.MapFS{adapterConfig: {Data: append([]byte("\xef\xbb\xbf"), config...)}, adapterWeights: {Data: weights.Bytes()}}
}

// TestAdaptWhole: tensors of the base in an adapter's file take the base's place, and a tied model stays tied or as it was.
func TestAdaptWhole(t *testing.T) {
	const embed, head = "base_model.model.model.language_model.embed_tokens.weight", "base_model.model.lm_head.weight"
	m := open(t, os.DirFS(golden+"/checkpoint"), "go", "f32")
	value := func(name string) []float32 {
		return tensors.MustCopyFlatData[float32](m.store.GetVariable("/" + name).MustValue())
	}
	base := value(embeddingName)
	other := slices.Clone(base)
	for i := range other {
		other[i] *= 2
	}
	norm := slices.Repeat([]float32{0.5}, 96)
	for _, c := range []struct {
		name    string
		tensors map[string][]float32
		want    []float32 // the embedding then
		fault   string
	}{
		{"untouched embedding", map[string][]float32{embed: base}, base, ""},
		{"untouched head", map[string][]float32{head: base}, base, ""},
		{"both untouched, older names", map[string][]float32{"base_model.model.model.embed_tokens.weight": base, head: base}, base, ""},
		{"embedding alone", map[string][]float32{embed: other}, base, "tie_word_embeddings"},
		{"head alone", map[string][]float32{head: other}, base, "tie_word_embeddings"},
		{"in one, and a norm", map[string][]float32{embed: other, "base_model.model.model.language_model.norm.weight": norm}, base, "tie_word_embeddings"},
		{"both names of one", map[string][]float32{embed: base, "base_model.model.model.embed_tokens.weight": base}, base, "another name"},
		{"another shape", map[string][]float32{embed: base[96:]}, base, "want float [1024 96], got F32 [1023 96]"},
		{"nothing", nil, base, "holds no tensor"},
		{"both, as one", map[string][]float32{embed: other, head: other}, other, ""},
		{"a norm", map[string][]float32{"base_model.model.model.language_model.norm.weight": norm}, other, ""},
	} {
		before := value("model.norm.weight")
		err := m.Adapt(context.Background(), adapterOf(t, c.tensors, map[string][]int{"base_model.model.model.language_model.norm.weight": {96}}))
		if c.fault == "" && err != nil || c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
			t.Errorf("%s: %v", c.name, err)
		}
		if !slices.Equal(value(embeddingName), c.want) {
			t.Errorf("%s: another embedding", c.name)
		}
		if after := value("model.norm.weight"); err != nil && !slices.Equal(before, after) {
			t.Errorf("%s: a refused adapter has changed a weight", c.name)
		}
	}
	if !slices.Equal(value("model.norm.weight"), norm) {
		t.Error("the norm was not replaced")
	}
}

// TestAdaptInMemoryNames: PEFT loads nothing of factors by the names that they have in memory, and does not say so.
func TestAdaptInMemoryNames(t *testing.T) {
	m := open(t, os.DirFS(golden+"/checkpoint"), "go", "f32")
	const layer = "base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_"
	err := m.Adapt(context.Background(), adapterOf(t, map[string][]float32{
		layer + "A.default.weight": make([]float32, 96), layer + "B.default.weight": make([]float32, 96),
	}, map[string][]int{layer + "B.default.weight": {96, 1}}))
	var fault *TensorError
	if !errors.As(err, &fault) || fault.Name != layer+"A.default.weight" || !strings.Contains(err.Error(), `drops ".default"`) {
		t.Error(err)
	}
}
