package model

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
)

// The files of a checkpoint directory that LoadConfig reads.
const (
	configFile     = "config.json"
	generationFile = "generation_config.json"
)

// Config is the shape of a Qwen2.5-VL model and the few token ids that it treats as special. The fields at the top are
// the text tower's. LoadConfig gives only configs that have been checked; the zero Config is of no use.
type Config struct {
	HiddenSize, IntermediateSize int
	Layers                       int
	Heads, KVHeads               int // KVHeads divides Heads, and each key head serves Heads/KVHeads queries
	HeadDim                      int // HiddenSize / Heads
	VocabSize                    int
	RMSNormEps, RopeTheta        float64
	MRopeSection                 [3]int // rotary frequencies that follow t, h and w; their sum is HeadDim/2
	TieEmbeddings                bool   // the output head is the embedding, and there is no lm_head
	MaxPositions                 int

	ImageToken, VideoToken int32
	VisionStart, VisionEnd int32
	EOS                    []int32 // any of these ends an answer; generation_config.json goes before config.json
	Pad                    int32   // the padding token, or the first of EOS where none is named

	DType  string // of the stored weights: "float32", "bfloat16" or "float16"
	Vision VisionConfig

	// raw holds config.json's own fields in the flat form, so that JSON can write back those this type does not know.
	raw, rawVision map[string]json.RawMessage
}

// VisionConfig is the shape of the vision tower. Sizes are in pixels where they are of the image: PatchSize and
// WindowSize are sides, and MergeSize² patches become one token of OutHidden values.
type VisionConfig struct {
	Depth, HiddenSize, IntermediateSize, Heads      int
	PatchSize, MergeSize, TemporalPatch, InChannels int
	WindowSize                                      int
	OutHidden                                       int   // the text tower's HiddenSize
	FullAttention                                   []int // the blocks that attend to the whole image and not a window
	HiddenAct                                       string
}

// ConfigError says which field of which file cannot be used and why. Field is empty when the fault is the whole file's.
type ConfigError struct {
	File, Field, Reason string
}

func (e *ConfigError) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("model: %s: %s", e.File, e.Reason)
	}
	return fmt.Sprintf("model: %s: %s: %s", e.File, e.Field, e.Reason)
}

// LoadConfig reads config.json, and generation_config.json where there is one. It takes both forms of config.json: the
// flat one of published checkpoints, with the text tower's fields at the top, and the nested one that transformers
// has saved since 4.52. A field that is missing has the value that transformers 4.57 gives it. What cannot be used is
// a *ConfigError; a missing config.json is [fs.ErrNotExist].
func LoadConfig(fsys fs.FS) (Config, error) {
	top, err := readFields(fsys, configFile)
	if err != nil {
		return Config{}, err
	}
	gen, err := readFields(fsys, generationFile)
	if errors.Is(err, fs.ErrNotExist) {
		gen, err = &fields{file: generationFile, err: new(error)}, nil
	}
	if err != nil {
		return Config{}, err
	}
	c := parseConfig(top, gen)
	if err := cmp.Or(*top.err, *gen.err, c.check()); err != nil {
		return Config{}, err
	}
	return c, nil
}

// parseConfig leaves the first fault in the fields' err.
func parseConfig(top, gen *fields) Config {
	if kind := top.string("model_type", ""); kind != "qwen2_5_vl" {
		top.fail("model_type", "%q is not supported, only \"qwen2_5_vl\"", kind)
	}
	text, vision := top.object("text_config"), top.object("vision_config")
	refuseQuantised(top)
	refuseQuantised(text)
	nested := text.values != nil
	if !nested {
		text = top
	}
	c := Config{
		HiddenSize:       text.int("hidden_size", 8192),
		IntermediateSize: text.int("intermediate_size", 29568),
		Layers:           text.int("num_hidden_layers", 80),
		Heads:            text.int("num_attention_heads", 64),
		KVHeads:          text.int("num_key_value_heads", 8),
		VocabSize:        text.int("vocab_size", 152064),
		MaxPositions:     text.int("max_position_embeddings", 32768),
		RMSNormEps:       text.float("rms_norm_eps", 1e-5),
		ImageToken:       top.token("image_token_id", 151655),
		VideoToken:       top.token("video_token_id", 151656),
		VisionStart:      top.token("vision_start_token_id", 151652),
		VisionEnd:        top.token("vision_end_token_id", 151653),
		Vision:           parseVision(vision),
	}
	if text.null("num_key_value_heads") {
		c.KVHeads = c.Heads
	}
	if c.Heads > 0 {
		c.HeadDim = c.HiddenSize / c.Heads
	}
	if d := text.int("head_dim", c.HeadDim); d != c.HeadDim {
		text.fail("head_dim", "%d is not hidden_size / num_attention_heads", d)
	}
	// transformers 4.57 looks only into text_config, and its successors write the field at the top.
	c.TieEmbeddings = text.bool("tie_word_embeddings", top.bool("tie_word_embeddings", false))
	c.DType = top.string("dtype", top.string("torch_dtype", text.string("dtype", text.string("torch_dtype", "float32"))))
	parseRope(&c, text)
	refuseUnused(text)

	c.EOS = gen.tokens("eos_token_id")
	if c.EOS == nil {
		c.EOS = top.tokens("eos_token_id")
	}
	if c.EOS == nil {
		c.EOS = text.tokens("eos_token_id")
	}
	var pad int32
	if len(c.EOS) > 0 {
		pad = c.EOS[0]
	}
	c.Pad = gen.token("pad_token_id", top.token("pad_token_id", text.token("pad_token_id", pad)))

	c.raw, c.rawVision = maps.Clone(text.values), vision.values
	if nested {
		for k, v := range top.values {
			if _, ok := c.raw[k]; !ok {
				c.raw[k] = v
			}
		}
		// The two that are looked for at the top first.
		if top.tokens("eos_token_id") != nil {
			c.raw["eos_token_id"] = top.values["eos_token_id"]
		}
		if v, ok := top.values["pad_token_id"]; ok && !top.null("pad_token_id") {
			c.raw["pad_token_id"] = v
		}
	}
	return c
}

func parseVision(f *fields) VisionConfig {
	return VisionConfig{
		Depth:            f.int("depth", 32),
		HiddenSize:       f.int("hidden_size", 3584),
		IntermediateSize: f.int("intermediate_size", 3420),
		Heads:            f.int("num_heads", 16),
		PatchSize:        f.int("patch_size", 14),
		MergeSize:        f.int("spatial_merge_size", 2),
		TemporalPatch:    f.int("temporal_patch_size", 2),
		InChannels:       f.int("in_channels", 3),
		WindowSize:       f.int("window_size", 112),
		OutHidden:        f.int("out_hidden_size", 3584),
		FullAttention:    f.ints("fullatt_block_indexes", []int{7, 15, 23, 31}),
		HiddenAct:        f.string("hidden_act", "silu"),
	}
}

// parseRope reads the rotary settings, which are rope_scaling and rope_theta, or rope_parameters for both.
func parseRope(c *Config, text *fields) {
	rope := text.object("rope_scaling")
	c.RopeTheta = text.float("rope_theta", 1e6)
	if rope.values == nil {
		rope = text.object("rope_parameters")
		c.RopeTheta = rope.float("rope_theta", c.RopeTheta)
	}
	for _, key := range []string{"type", "rope_type"} {
		if kind := rope.string(key, "default"); kind != "default" && kind != "mrope" {
			rope.fail(key, "%q is not supported, only \"mrope\" and \"default\"", kind)
		}
	}
	if section := rope.ints("mrope_section", nil); len(section) == 3 {
		c.MRopeSection = [3]int(section)
	} else {
		rope.fail("mrope_section", "want three values, for t, h and w; got %d", len(section))
	}
}

// refuseUnused refuses the settings that would change the text tower and that no Qwen2.5-VL checkpoint uses.
func refuseUnused(text *fields) {
	if act := text.string("hidden_act", "silu"); act != "silu" {
		text.fail("hidden_act", "%q is not supported, only \"silu\"", act)
	}
	if text.bool("use_sliding_window", false) {
		text.fail("use_sliding_window", "sliding windows are not supported")
	}
	for _, kind := range text.strings("layer_types") {
		if kind != "full_attention" {
			text.fail("layer_types", "%q is not supported, only \"full_attention\"", kind)
		}
	}
}

// maxVocab bounds a vocabulary and a length in tokens, and maxSide any other size, far above every real model. With
// them no product that the name table forms can overflow, however a config.json was made.
const (
	maxVocab  = 1 << 27
	maxSide   = 1 << 20
	maxLayers = 1 << 10
	maxMerge  = 16
)

// check says what is wrong with the config, as a *ConfigError that names config.json's field.
func (c *Config) check() error {
	v := &c.Vision
	for _, f := range []struct {
		name       string
		value, max int
	}{
		{"hidden_size", c.HiddenSize, maxSide},
		{"intermediate_size", c.IntermediateSize, maxSide},
		{"num_hidden_layers", c.Layers, maxLayers},
		{"num_attention_heads", c.Heads, maxSide},
		{"num_key_value_heads", c.KVHeads, maxSide},
		{"vocab_size", c.VocabSize, maxVocab},
		{"max_position_embeddings", c.MaxPositions, maxVocab},
		{"vision_config.depth", v.Depth, maxLayers},
		{"vision_config.hidden_size", v.HiddenSize, maxSide},
		{"vision_config.intermediate_size", v.IntermediateSize, maxSide},
		{"vision_config.num_heads", v.Heads, maxSide},
		{"vision_config.patch_size", v.PatchSize, maxLayers},
		{"vision_config.spatial_merge_size", v.MergeSize, maxMerge},
		{"vision_config.temporal_patch_size", v.TemporalPatch, maxMerge},
		{"vision_config.window_size", v.WindowSize, maxSide},
	} {
		if f.value < 1 || f.value > f.max {
			return configError(f.name, "%d is not within 1 to %d", f.value, f.max)
		}
	}
	rotary := c.MRopeSection[0] + c.MRopeSection[1] + c.MRopeSection[2]
	switch {
	case c.HiddenSize%c.Heads != 0 || c.HeadDim != c.HiddenSize/c.Heads:
		return configError("num_attention_heads", "%d heads of %d do not make hidden_size %d", c.Heads, c.HeadDim, c.HiddenSize)
	case c.HeadDim%2 != 0:
		return configError("num_attention_heads", "heads of %d values; rotary positions need an even number", c.HeadDim)
	case c.Heads%c.KVHeads != 0:
		return configError("num_key_value_heads", "%d does not divide %d heads", c.KVHeads, c.Heads)
	case min(c.MRopeSection[0], c.MRopeSection[1], c.MRopeSection[2]) < 0 || rotary != c.HeadDim/2:
		return configError("rope_scaling.mrope_section", "%v does not divide up %d frequencies", c.MRopeSection, c.HeadDim/2)
	case !(c.RMSNormEps > 0 && c.RMSNormEps < 1):
		return configError("rms_norm_eps", "%v is not within 0 to 1", c.RMSNormEps)
	case !(c.RopeTheta > 0) || math.IsInf(c.RopeTheta, 0):
		return configError("rope_theta", "%v is not above 0", c.RopeTheta)
	case int(c.ImageToken) >= c.VocabSize:
		return configError("image_token_id", "%d is not in a vocabulary of %d", c.ImageToken, c.VocabSize)
	case int(c.Pad) >= c.VocabSize:
		return configError("pad_token_id", "%d is not in a vocabulary of %d", c.Pad, c.VocabSize)
	case c.DType != "float32" && c.DType != "bfloat16" && c.DType != "float16":
		return configError("torch_dtype", "%q is not supported, only float32, bfloat16 and float16", c.DType)
	}
	return v.check(c.HiddenSize)
}

func (v *VisionConfig) check(textHidden int) error {
	switch {
	case v.HiddenSize%v.Heads != 0:
		return configError("vision_config.num_heads", "%d does not divide hidden_size %d", v.Heads, v.HiddenSize)
	case v.HiddenSize/v.Heads%4 != 0:
		return configError("vision_config.num_heads", "heads of %d values; rotary positions in two directions need a multiple of 4", v.HiddenSize/v.Heads)
	case v.InChannels != 3:
		return configError("vision_config.in_channels", "%d, but images have 3", v.InChannels)
	case v.WindowSize%(v.PatchSize*v.MergeSize) != 0:
		return configError("vision_config.window_size", "%d is not a multiple of patch_size x spatial_merge_size, %d", v.WindowSize, v.PatchSize*v.MergeSize)
	case v.OutHidden != textHidden:
		return configError("vision_config.out_hidden_size", "%d is not the text tower's hidden_size %d", v.OutHidden, textHidden)
	case v.HiddenAct != "silu":
		return configError("vision_config.hidden_act", "%q is not supported, only \"silu\"", v.HiddenAct)
	}
	for _, i := range v.FullAttention {
		if i < 0 || i >= v.Depth {
			return configError("vision_config.fullatt_block_indexes", "%d is not a block of %d", i, v.Depth)
		}
	}
	return nil
}

func configError(field, format string, args ...any) error {
	return &ConfigError{File: configFile, Field: field, Reason: fmt.Sprintf(format, args...)}
}
