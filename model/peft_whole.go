package model

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/egotsr/egotsr/internal/safetensors"
)

// named is a factor by its name in memory, in which PEFT has put the adapter's.
var named = regexp.MustCompile(`\.lora_[AB]\.(\w+)\.weight$`)

// wholeTensors gives the tensors of an adapter's file that belong to the base, not to A or B, and the base's name of each: trained
// copies of modules_to_save, and the embeddings that PEFT writes beside the factors when it cannot tell whether they have changed.
func (c Config) wholeTensors(set *safetensors.Set) (map[string]string, error) {
	params := map[string]Param{}
	for _, p := range c.Params() {
		params[p.Name] = p
	}
	if c.TieEmbeddings {
		params[headName] = Param{Name: headName, Shape: params[embeddingName].Shape}
	}
	whole := map[string]string{}
	for _, name := range set.Names() {
		info, _ := set.Info(name)
		if found := named.FindStringSubmatch(name); found != nil {
			return nil, fmt.Errorf("%w: the name is that of a model in memory, and PEFT leaves such tensors out when it loads; "+
				"save the adapter with save_pretrained, which drops %q", &TensorError{Name: name, Want: "nothing",
				Got: fmt.Sprintf("%v %v", info.DType, info.Shape), Count: 1}, "."+found[1])
		}
		rest, ours := strings.CutPrefix(name, peftPrefix)
		p, ok := params[peftLayer(rest)]
		switch {
		case !ours || !ok:
			continue // a factor, or a stranger, as readFactors will see
		case !info.DType.Float() || !slices.Equal(info.Shape, p.Shape):
			return nil, &TensorError{Name: name, Want: fmt.Sprintf("float %v", p.Shape), Got: fmt.Sprintf("%v %v", info.DType, info.Shape), Count: 1}
		}
		whole[name] = p.Name
	}
	return whole, nil
}

// readWhole reads these tensors in the type that the model computes in, by the base's names.
func (m *Model) readWhole(set *safetensors.Set, whole map[string]string) (map[string]*tensors.Tensor, error) {
	values := map[string]*tensors.Tensor{}
	for name, base := range whole {
		info, _ := set.Info(name)
		t, err := tensors.FromShapeForBackend(m.backend, 0, shapes.Make(m.weightType(base), info.Shape...))
		if err != nil {
			return nil, fmt.Errorf("tensor %s: %w", name, err)
		}
		if values[base] != nil {
			return nil, &TensorError{Name: name, Want: "nothing", Got: "the same tensor under another name", Count: 1}
		}
		var bad error
		if err := t.MutableFlatData(func(flat any) { bad = fill(flat, set, name, 0) }); err != nil || bad != nil {
			return nil, cmp.Or(err, bad)
		}
		values[base] = t
	}
	return values, nil
}

// weightType is the type that a weight is held in, and that of the embedding for a tied head.
func (m *Model) weightType(name string) dtypes.DType {
	v := m.store.GetVariable("/" + name)
	if v == nil {
		return m.weightType(embeddingName)
	}
	return v.DType()
}

// checkTied takes the head of a tied model out of the tensors, which it has only while it is the embedding. PEFT would go on with
// the two apart.
func (m *Model) checkTied(values map[string]*tensors.Tensor) error {
	if !m.Config.TieEmbeddings {
		return nil
	}
	base, err := m.store.GetVariable("/" + embeddingName).Value()
	if err != nil {
		return fmt.Errorf("tensor %s: %w", embeddingName, err)
	}
	embedding, head := base, base
	if t := values[embeddingName]; t != nil {
		embedding = t
	}
	if t := values[headName]; t != nil {
		head = t
	}
	delete(values, headName)
	if embedding == head {
		return nil
	}
	equal := false
	if embedding.DType() == dtypes.Float32 {
		equal, err = sameFlat[float32](embedding, head)
	} else {
		equal, err = sameFlat[bfloat16.BFloat16](embedding, head)
	}
	if err == nil && !equal {
		err = fmt.Errorf("%s: its embedding (embed_tokens) and its output head (lm_head) differ, and the model has one tensor for both "+
			"(tie_word_embeddings); an adapter that trains one of them, by modules_to_save, needs a checkpoint with the two apart", adapterWeights)
	}
	return err
}

func sameFlat[T float32 | bfloat16.BFloat16](a, b *tensors.Tensor) (equal bool, err error) {
	outer := tensors.ConstFlatData(a, func(x []T) {
		err = tensors.ConstFlatData(b, func(y []T) { equal = slices.Equal(x, y) })
	})
	if outer != nil {
		err = outer
	}
	return equal, err
}
