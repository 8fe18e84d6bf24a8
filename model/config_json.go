package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"

	"github.com/egotsr/egotsr/internal/sidefile"
)

// maxConfigBytes bounds a config file; real ones have a few thousand bytes.
const maxConfigBytes = 16 << 20

// fields reads one JSON object field by field. encoding/json's own matching of struct fields ignores case and tells no
// missing field from a zero, and Python does neither. The first fault stays in err, which an object shares with those inside
// it, and reading goes on with the default.
type fields struct {
	file, prefix string
	values       map[string]json.RawMessage // nil where the object is absent
	err          *error
}

func readFields(fsys fs.FS, file string) (*fields, error) {
	text, err := sidefile.Read(fsys, file, maxConfigBytes)
	if bad := (*sidefile.Error)(nil); errors.As(err, &bad) {
		return nil, &ConfigError{File: bad.File, Reason: bad.Reason}
	}
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	out := &fields{file: file, err: new(error)}
	if err := json.Unmarshal(text, &out.values); err != nil {
		return nil, &ConfigError{File: file, Reason: err.Error()}
	}
	if out.values == nil {
		return nil, &ConfigError{File: file, Reason: "want an object, got null"}
	}
	return out, nil
}

func (f *fields) fail(key, format string, args ...any) {
	if *f.err == nil {
		*f.err = &ConfigError{File: f.file, Field: f.prefix + key, Reason: fmt.Sprintf(format, args...)}
	}
}

func (f *fields) null(key string) bool { return bytes.Equal(f.values[key], []byte("null")) }

// field decodes one field into a T. A missing field and a null are the default.
func field[T any](f *fields, key string, missing T) T {
	raw, ok := f.values[key]
	if !ok || f.null(key) {
		return missing
	}
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		f.fail(key, "want %s, got %.40s", kindOf(v), raw)
		return missing
	}
	return v
}

func kindOf(v any) string {
	switch v.(type) {
	case int32:
		return "a whole number below 2^31"
	case float64:
		return "a number"
	case bool:
		return "true or false"
	case string:
		return "a string"
	case []string:
		return "strings"
	case []int32:
		return "whole numbers below 2^31"
	}
	return "an object"
}

func (f *fields) int(key string, missing int) int           { return int(field(f, key, int32(missing))) }
func (f *fields) float(key string, missing float64) float64 { return field(f, key, missing) }
func (f *fields) bool(key string, missing bool) bool        { return field(f, key, missing) }
func (f *fields) string(key, missing string) string         { return field(f, key, missing) }
func (f *fields) strings(key string) []string               { return field[[]string](f, key, nil) }

func (f *fields) ints(key string, missing []int) []int {
	list := field[[]int32](f, key, nil)
	if list == nil {
		return missing
	}
	out := make([]int, len(list))
	for i, v := range list {
		out[i] = int(v)
	}
	return out
}

func (f *fields) object(key string) *fields {
	return &fields{
		file: f.file, prefix: f.prefix + key + ".", err: f.err,
		values: field[map[string]json.RawMessage](f, key, nil),
	}
}

// token reads a token id.
func (f *fields) token(key string, missing int32) int32 {
	id := field(f, key, missing)
	if id < 0 {
		f.fail(key, "%d is not a token id", id)
		return missing
	}
	return id
}

// tokens reads a token id or a list of them, nil where the field is absent or lists none.
func (f *fields) tokens(key string) []int32 {
	raw := f.values[key]
	if len(raw) == 0 || f.null(key) {
		return nil
	}
	if raw[0] != '[' {
		return []int32{f.token(key, 0)}
	}
	ids := field[[]int32](f, key, nil)
	if len(ids) == 0 {
		return nil
	}
	if low := slices.Min(ids); low < 0 {
		f.fail(key, "%d is not a token id", low)
		return nil
	}
	return ids
}

// JSON gives config.json in the flat form of published checkpoints, which every version of transformers, vLLM and
// llama.cpp reads. Fields that LoadConfig found and this type does not know are kept. Pad is left as it was found: given a
// padding token, transformers would never train that token's embedding.
func (c Config) JSON() ([]byte, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	vision, err := merge(c.rawVision, map[string]any{
		"depth": c.Vision.Depth, "hidden_size": c.Vision.HiddenSize, "intermediate_size": c.Vision.IntermediateSize,
		"num_heads": c.Vision.Heads, "patch_size": c.Vision.PatchSize, "spatial_merge_size": c.Vision.MergeSize,
		"temporal_patch_size": c.Vision.TemporalPatch, "in_channels": c.Vision.InChannels,
		// The names that published checkpoints give to two of them.
		"in_chans": c.Vision.InChannels, "spatial_patch_size": c.Vision.PatchSize,
		"window_size": c.Vision.WindowSize, "out_hidden_size": c.Vision.OutHidden,
		"fullatt_block_indexes": append([]int{}, c.Vision.FullAttention...), "hidden_act": c.Vision.HiddenAct,
	})
	if err != nil {
		return nil, err
	}
	ours := map[string]any{
		"architectures": []string{"Qwen2_5_VLForConditionalGeneration"}, "model_type": "qwen2_5_vl",
		"hidden_size": c.HiddenSize, "intermediate_size": c.IntermediateSize, "num_hidden_layers": c.Layers,
		"num_attention_heads": c.Heads, "num_key_value_heads": c.KVHeads, "vocab_size": c.VocabSize,
		"max_position_embeddings": c.MaxPositions, "rms_norm_eps": pyFloat(c.RMSNormEps), "rope_theta": pyFloat(c.RopeTheta),
		"rope_scaling":        map[string]any{"type": "mrope", "mrope_section": c.MRopeSection},
		"tie_word_embeddings": c.TieEmbeddings, "hidden_act": "silu", "use_sliding_window": false,
		"image_token_id": c.ImageToken, "video_token_id": c.VideoToken,
		"vision_start_token_id": c.VisionStart, "vision_end_token_id": c.VisionEnd,
		"torch_dtype": c.DType, "vision_config": vision,
	}
	// generation_config.json, which goes along, may name more tokens than config.json does: each keeps its own.
	if c.raw["eos_token_id"] == nil && len(c.EOS) > 0 {
		ours["eos_token_id"] = c.EOS[0]
	}
	flat, err := merge(c.raw, ours)
	if err != nil {
		return nil, err
	}
	// What the nested form says in other words, or what has been said above.
	for _, key := range []string{"text_config", "dtype", "layer_types", "rope_parameters", "head_dim", "attn_implementation"} {
		delete(flat, key)
	}
	b, err := json.MarshalIndent(flat, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("model: %s: %w", configFile, err)
	}
	return append(b, '\n'), nil
}

// pyFloat writes 1e6 as 1e+06, because Python takes 1000000 for an integer.
func pyFloat(v float64) json.RawMessage { return strconv.AppendFloat(nil, v, 'e', -1, 64) }

// merge lays ours over the fields of raw.
func merge(raw map[string]json.RawMessage, ours map[string]any) (map[string]json.RawMessage, error) {
	out := map[string]json.RawMessage{}
	maps.Copy(out, raw)
	for k, v := range ours {
		b, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("model: %s: %s: %w", configFile, k, err)
		}
		out[k] = b
	}
	return out, nil
}
