package model

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/egotsr/egotsr/internal/safetensors"
	"github.com/egotsr/egotsr/internal/sidefile"
)

// The names that PEFT gives to an adapter's files, and to the tensors in them.
const (
	adapterConfig  = "adapter_config.json"
	adapterWeights = "adapter_model.safetensors"
	peftPrefix     = "base_model.model."
	peftA, peftB   = ".lora_A.weight", ".lora_B.weight"
)

// AdapterDir is the folder that holds the adapters of a checkpoint in which they lie apart from the weights.
const AdapterDir = "adapter"

// peftConfig is what we write of PEFT's configuration, and what we understand of it.
type peftConfig struct {
	Type    string   `json:"peft_type"`
	Task    string   `json:"task_type"`
	Base    *string  `json:"base_model_name_or_path"`
	Rank    int      `json:"r"`
	Alpha   float64  `json:"lora_alpha"`
	Dropout float64  `json:"lora_dropout"`
	Bias    string   `json:"bias"`
	RSLoRA  bool     `json:"use_rslora"`
	Infer   bool     `json:"inference_mode"`
	Targets []string `json:"target_modules"`
}

// refused are options of PEFT's that mean other arithmetic than W + scale * B A, or other tensors beside A and B. Absent,
// null, false, "none" and empty are what they all may be.
var refused = []string{
	"use_dora", "use_qalora", "fan_in_fan_out", "bias", "lora_bias", "rank_pattern", "alpha_pattern",
	"layer_replication", "trainable_token_indices", "target_parameters", "alora_invocation_tokens", "arrow_config",
}

// baseChanging are initialisations that change the base weights: their adapters fit no published checkpoint.
var baseChanging = []string{"pissa", "olora", "corda", "loftq"}

// peftModule is a layer's name in the module tree of transformers' Qwen2_5_VLForConditionalGeneration since 4.52.
func peftModule(layer string) string {
	if rest, ok := strings.CutPrefix(layer, "model."); ok {
		return "model.language_model." + rest
	}
	if strings.HasPrefix(layer, "visual.") {
		return "model." + layer
	}
	return layer
}

// peftLayer is the layer that a module is, in that tree or the older one, which has our names.
func peftLayer(module string) string {
	if rest, ok := strings.CutPrefix(module, "model.language_model."); ok {
		return "model." + rest
	}
	if strings.HasPrefix(module, "model.visual.") {
		return strings.TrimPrefix(module, "model.")
	}
	return module
}

// writeApart writes a checkpoint with the adapters in PEFT's files in AdapterDir, and without them in the weights: the two
// together are the model. Nothing may change either meanwhile.
func (m *Model) writeApart(ctx context.Context, from fs.FS, d Files) error {
	if err := m.writeFiles(ctx, from, nil, d, nil); err != nil || m.adapters == nil {
		return err
	}
	return m.writeAdapters(d, AdapterDir+"/")
}

// writeAdapters writes the adapters, which there must be, in PEFT's files. Nothing may change them meanwhile.
func (m *Model) writeAdapters(d Files, folder string) error {
	a := m.adapters
	if a == nil {
		return errors.New("adapters: the model has none")
	}
	config := peftConfig{
		Type: "LORA", Task: "CAUSAL_LM", Rank: a.Rank, Alpha: a.Alpha, Dropout: a.Dropout, Bias: "none", Infer: true,
	}
	var list []safetensors.Tensor
	for _, p := range a.params {
		layer, which := strings.TrimPrefix(p.Name[:len(p.Name)-2], adapterPrefix), peftA
		if strings.HasSuffix(p.Name, "/A") {
			config.Targets = append(config.Targets, peftModule(layer))
		} else {
			which = peftB
		}
		list = append(list, safetensors.Tensor{
			Name: peftPrefix + peftModule(layer) + which, DType: safetensors.F32, Shape: p.Shape,
			WriteTo: func(w io.Writer) error {
				value, err := m.store.GetVariable("/" + p.Name).Value()
				if err != nil {
					return err
				}
				return writeTensor(w, safetensors.F32, value)
			},
		})
	}
	text, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return err
	}
	err = d.File(folder+adapterConfig, func(w io.Writer) error { _, err := w.Write(append(text, '\n')); return err })
	if err != nil {
		return err
	}
	return d.File(folder+adapterWeights, func(w io.Writer) error { return safetensors.Write(w, nil, list) })
}

// Adapt merges an adapter in PEFT's files (adapter_config.json, adapter_model.safetensors) into the weights:
// W += scale * B A, computed in float32, where scale is alpha/rank, or alpha/sqrt(rank) with use_rslora. Whole tensors of the
// base that it carries, those of modules_to_save or embeddings, are put in the place of the base's, as PEFT does; where it
// would untie a head, it is refused. All is checked before any weight changes: a tensor that does not fit is a *TensorError,
// and an option that means more than this is refused by its name.
func (m *Model) Adapt(ctx context.Context, fsys fs.FS) error {
	config, err := readPEFT(fsys)
	if err != nil {
		return err
	}
	if m.int8 {
		return errors.New("adapters: int8 weights cannot take them up; open the checkpoint with others")
	}
	set, err := safetensors.Open(fsys, adapterWeights)
	if err != nil {
		return err
	}
	defer set.Close()
	whole, err := m.Config.wholeTensors(set)
	if err != nil {
		return err
	}
	parts, err := m.Config.readFactors(set, config.Rank, whole)
	if err != nil {
		return err
	}
	values, err := m.readWhole(set, whole)
	if err != nil {
		return err
	}
	scale := config.Alpha / float64(config.Rank)
	if config.RSLoRA {
		scale = config.Alpha / math.Sqrt(float64(config.Rank))
	}
	return m.exclusive(ctx, func() error {
		if err := m.checkTied(values); err != nil {
			return err
		}
		for name, v := range values {
			if err := m.store.GetVariable("/" + name).SetValue(v); err != nil {
				return fmt.Errorf("tensor %s: %w", name, err)
			}
		}
		return m.add(parts, scale)
	})
}

func readPEFT(fsys fs.FS) (peftConfig, error) {
	text, err := sidefile.Read(fsys, adapterConfig, maxConfigBytes)
	if err != nil {
		return peftConfig{}, err
	}
	c, err := parsePEFT(text)
	if err != nil {
		return c, fmt.Errorf("%s: %w", adapterConfig, err)
	}
	return c, nil
}

func parsePEFT(text []byte) (c peftConfig, err error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		return c, err
	}
	for _, option := range refused {
		switch value := bytes.TrimSpace(all[option]); string(value) {
		case "", "null", "false", `"none"`, "[]", "{}":
		default:
			return c, fmt.Errorf("%s = %s is not supported", option, value)
		}
	}
	start := strings.ToLower(strings.Trim(string(all["init_lora_weights"]), `"`))
	if slices.ContainsFunc(baseChanging, func(name string) bool { return strings.HasPrefix(start, name) }) {
		return c, fmt.Errorf("init_lora_weights = %s is not supported", all["init_lora_weights"])
	}
	delete(all, "target_modules") // a list or a pattern; the tensors say which layers have adapters
	if text, err = json.Marshal(all); err != nil {
		return c, err
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, err
	}
	switch {
	case c.Type != "LORA":
		return c, fmt.Errorf("peft_type = %q is not supported", c.Type)
	case c.Rank <= 0:
		return c, fmt.Errorf("r = %d", c.Rank)
	}
	return c, nil
}

// readFactors reads the adapters' tensors, of which each must belong to a layer and have its partner.
func (c Config) readFactors(set *safetensors.Set, rank int, whole map[string]string) (map[string]factors, error) {
	shapes := map[string][2][]int{} // of A and B, by the weight they belong to
	for _, p := range c.Params() {
		if n := len(p.Shape); n >= 2 && p.Name != "model.embed_tokens.weight" {
			b := append([]int{p.Shape[0], rank}, slices.Repeat([]int{1}, n-2)...)
			shapes[p.Name] = [2][]int{append([]int{rank}, p.Shape[1:]...), b}
		}
	}
	modules := map[string]string{} // as the file spells them, by weight
	for _, name := range set.Names() {
		if _, ok := whole[name]; ok {
			continue
		}
		module, ok := strings.CutSuffix(name, peftA)
		if !ok {
			module, ok = strings.CutSuffix(name, peftB)
		}
		module, ours := strings.CutPrefix(module, peftPrefix)
		weight := peftLayer(module) + ".weight"
		if other := modules[weight]; !ok || !ours || shapes[weight][0] == nil || other != "" && other != module {
			info, _ := set.Info(name)
			return nil, &TensorError{Name: name, Want: "nothing", Got: fmt.Sprintf("%v %v", info.DType, info.Shape), Count: 1}
		}
		modules[weight] = module
	}
	if len(modules)+len(whole) == 0 {
		return nil, fmt.Errorf("%s: holds no tensor", adapterWeights)
	}
	parts := map[string]factors{}
	for _, weight := range slices.Sorted(maps.Keys(modules)) {
		var pair [2]*tensors.Tensor
		for i, suffix := range []string{peftA, peftB} {
			var err error
			if pair[i], err = readFactor(set, peftPrefix+modules[weight]+suffix, shapes[weight][i]); err != nil {
				return nil, err
			}
		}
		parts[weight] = factors{pair[0], pair[1]}
	}
	return parts, nil
}

func readFactor(set *safetensors.Set, name string, shape []int) (*tensors.Tensor, error) {
	info, ok := set.Info(name)
	if want := fmt.Sprintf("float %v", shape); !ok {
		return nil, &TensorError{Name: name, Want: want, Got: "nothing", Count: 1}
	} else if !info.DType.Float() || !slices.Equal(info.Shape, shape) {
		return nil, &TensorError{Name: name, Want: want, Got: fmt.Sprintf("%v %v", info.DType, info.Shape), Count: 1}
	}
	flat := make([]float32, info.Elements())
	if err := set.ReadFloat32(name, flat); err != nil {
		return nil, err
	}
	return tensors.FromFlatDataAndDimensions(flat, shape...), nil
}
