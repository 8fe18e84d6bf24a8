package model

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"github.com/egotsr/egotsr/internal/safetensors"
)

// Param is one tensor of the model: its name in a published checkpoint, its shape, and whether training may decay it,
// which is false for biases and for the scales of norms.
type Param struct {
	Name  string
	Shape []int
	Decay bool
}

// Parameters is how many numbers the weights are: 3.8e9 of the 3B, whose tied head counts once.
func (c Config) Parameters() (n int64) {
	for _, p := range c.Params() {
		n += int64(shapes.Make(dtypes.Float32, p.Shape...).Size())
	}
	return n
}

// Params lists every tensor of the model in a fixed order: vision tower, text tower, head. Nothing else in this package
// knows a tensor's shape. The weight of a linear layer is [outputs, inputs].
func (c Config) Params() []Param {
	var t table
	v := c.Vision

	t.weight("visual.patch_embed.proj", v.HiddenSize, v.InChannels, v.TemporalPatch, v.PatchSize, v.PatchSize)
	for i := range v.Depth {
		block := fmt.Sprintf("visual.blocks.%d.", i)
		t.norm(block+"norm1", v.HiddenSize)
		t.linear(block+"attn.qkv", 3*v.HiddenSize, v.HiddenSize)
		t.linear(block+"attn.proj", v.HiddenSize, v.HiddenSize)
		t.norm(block+"norm2", v.HiddenSize)
		t.linear(block+"mlp.gate_proj", v.IntermediateSize, v.HiddenSize)
		t.linear(block+"mlp.up_proj", v.IntermediateSize, v.HiddenSize)
		t.linear(block+"mlp.down_proj", v.HiddenSize, v.IntermediateSize)
	}
	merged := v.HiddenSize * v.MergeSize * v.MergeSize
	t.norm("visual.merger.ln_q", v.HiddenSize)
	t.linear("visual.merger.mlp.0", merged, merged)
	t.linear("visual.merger.mlp.2", v.OutHidden, merged)

	t.weight("model.embed_tokens", c.VocabSize, c.HiddenSize)
	for i := range c.Layers {
		layer := fmt.Sprintf("model.layers.%d.", i)
		t.norm(layer+"input_layernorm", c.HiddenSize)
		t.linear(layer+"self_attn.q_proj", c.Heads*c.HeadDim, c.HiddenSize)
		t.linear(layer+"self_attn.k_proj", c.KVHeads*c.HeadDim, c.HiddenSize)
		t.linear(layer+"self_attn.v_proj", c.KVHeads*c.HeadDim, c.HiddenSize)
		t.weight(layer+"self_attn.o_proj", c.HiddenSize, c.Heads*c.HeadDim)
		t.norm(layer+"post_attention_layernorm", c.HiddenSize)
		t.weight(layer+"mlp.gate_proj", c.IntermediateSize, c.HiddenSize)
		t.weight(layer+"mlp.up_proj", c.IntermediateSize, c.HiddenSize)
		t.weight(layer+"mlp.down_proj", c.HiddenSize, c.IntermediateSize)
	}
	t.norm("model.norm", c.HiddenSize)
	if !c.TieEmbeddings {
		t.weight("lm_head", c.VocabSize, c.HiddenSize)
	}
	return t
}

type table []Param

func (t *table) weight(name string, shape ...int) {
	*t = append(*t, Param{Name: name + ".weight", Shape: shape, Decay: true})
}

// linear is a layer with a bias; one without is its weight alone.
func (t *table) linear(name string, outputs, inputs int) {
	t.weight(name, outputs, inputs)
	*t = append(*t, Param{Name: name + ".bias", Shape: []int{outputs}})
}

func (t *table) norm(name string, size int) {
	*t = append(*t, Param{Name: name + ".weight", Shape: []int{size}})
}

// storedName gives the spelling of a published name that the set has: the name itself, or the one by which newer versions
// of transformers hold the two towers inside one model, and which some tools write to disk.
func (c Config) storedName(set *safetensors.Set, name string) string {
	if _, ok := set.Info(name); ok {
		return name
	}
	if rest, ok := strings.CutPrefix(name, "model."); ok {
		return "model.language_model." + rest
	}
	if strings.HasPrefix(name, "visual.") {
		return "model." + name
	}
	return name
}

// TensorError says how a checkpoint's tensors differ from those that its config asks for. It describes one tensor, the
// first in the order of Params; Others names a few more that are wrong, and Count is the number of all of them.
type TensorError struct {
	Name      string
	Want, Got string // "float [96 96]", "I64 [96 96]", "nothing"
	Others    []string
	Count     int
}

func (e *TensorError) Error() string {
	s := fmt.Sprintf("model: tensor %q: want %s, got %s", e.Name, e.Want, e.Got)
	if e.Count > 1 {
		s += fmt.Sprintf("; %d tensors are wrong, also %s", e.Count, strings.Join(e.Others, ", "))
		if len(e.Others) < e.Count-1 {
			s += ", ..."
		}
	}
	return s
}

const maxOthers = 4

// checkTensors compares a checkpoint with the name table: every tensor must be there, once, with its shape and a float
// dtype, and no other may be but those that no judgement depends on. The spellings of newer transformers count as the
// published ones. What differs is a *TensorError.
func (c Config) checkTensors(set *safetensors.Set) error {
	var found *TensorError
	fault := func(name, want, got string) {
		switch {
		case found == nil:
			found = &TensorError{Name: name, Want: want, Got: got}
		case len(found.Others) < maxOthers:
			found.Others = append(found.Others, name)
		}
		found.Count++
	}
	unexpected := map[string]bool{}
	for _, name := range set.Names() {
		unexpected[name] = true
	}
	for _, name := range c.passedOver(set) {
		delete(unexpected, name)
	}
	for _, p := range c.Params() {
		want := fmt.Sprintf("float %v", p.Shape)
		name := c.storedName(set, p.Name)
		info, ok := set.Info(name)
		switch {
		case !ok:
			fault(p.Name, want, "nothing")
		case !info.DType.Float() || !slices.Equal(info.Shape, p.Shape):
			fault(p.Name, want, fmt.Sprintf("%v %v", info.DType, info.Shape))
		}
		delete(unexpected, name)
	}
	quantised := ""
	for _, name := range slices.Sorted(maps.Keys(unexpected)) {
		info, _ := set.Info(name)
		fault(name, "nothing", fmt.Sprintf("%v %v", info.DType, info.Shape))
		quantised = cmp.Or(quantised, quantisedBy(name))
	}
	switch {
	case quantised != "":
		return fmt.Errorf("%w: the weights are quantised by %s; %s", found, quantised, useBF16)
	case found != nil:
		return found
	}
	return c.checkTiedHead(set)
}
