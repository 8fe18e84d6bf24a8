package model

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const goldenA = "../testdata/golden/a"

// flatConfig is golden a's config.json in the flat form, to be changed by a test.
func flatConfig(t testing.TB) map[string]any {
	t.Helper()
	text, err := os.ReadFile(goldenA + "/config_legacy.json")
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// nest moves the text tower's fields into text_config, as transformers saves them since 4.52.
func nest(flat map[string]any) map[string]any {
	text, top := map[string]any{}, map[string]any{"text_config": nil}
	for k, v := range flat {
		if k == "model_type" || k == "vision_config" || strings.HasPrefix(k, "vi") || strings.HasSuffix(k, "_token_id") {
			top[k] = v
		} else {
			text[k] = v
		}
	}
	top["text_config"] = text
	return top
}

func load(t testing.TB, config map[string]any, generation string) (Config, error) {
	t.Helper()
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	dir := fstest.MapFS{configFile: {Data: text}}
	if generation != "" {
		dir[generationFile] = &fstest.MapFile{Data: []byte(generation)}
	}
	return LoadConfig(dir)
}

func TestGoldenConfig(t *testing.T) {
	want := Config{
		HiddenSize: 96, IntermediateSize: 192, Layers: 3, Heads: 6, KVHeads: 2, HeadDim: 16, VocabSize: 1024,
		RMSNormEps: 1e-6, RopeTheta: 1e6, MRopeSection: [3]int{2, 3, 3}, TieEmbeddings: true, MaxPositions: 4096,
		ImageToken: 1006, VideoToken: 1007, VisionStart: 1003, VisionEnd: 1004, EOS: []int32{996, 994}, Pad: 994,
		DType: "float32",
		Vision: VisionConfig{
			Depth: 4, HiddenSize: 64, IntermediateSize: 112, Heads: 4, PatchSize: 14, MergeSize: 2, TemporalPatch: 2,
			InChannels: 3, WindowSize: 56, OutHidden: 96, FullAttention: []int{1, 3}, HiddenAct: "silu",
		},
	}
	got, err := LoadConfig(os.DirFS(goldenA + "/checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := differ(got, want); diff != "" {
		t.Errorf("nested form (-want +got):\n%s", diff)
	}
	// The flat file stands without a generation_config.json.
	want.EOS, want.Pad = []int32{996}, 996
	for _, config := range []map[string]any{flatConfig(t), nest(flatConfig(t))} {
		got, err := load(t, config, "")
		if err != nil {
			t.Fatal(err)
		}
		if diff := differ(got, want); diff != "" {
			t.Errorf("flat form (-want +got):\n%s", diff)
		}
	}
}

// differ compares what two configs say, leaving out the fields of JSON that they were read from.
func differ(got, want Config) string {
	return cmp.Diff(want, got, cmpopts.IgnoreUnexported(Config{}))
}

// The expected values are those of transformers 4.57.1 for the same file.
func TestConfigDefaults(t *testing.T) {
	c, err := load(t, map[string]any{
		"model_type":    "qwen2_5_vl",
		"hidden_size":   3584,
		"rope_scaling":  map[string]any{"type": "mrope", "mrope_section": []int{10, 9, 9}},
		"vision_config": map[string]any{},
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		HiddenSize: 3584, IntermediateSize: 29568, Layers: 80, Heads: 64, KVHeads: 8, HeadDim: 56, VocabSize: 152064,
		RMSNormEps: 1e-5, RopeTheta: 1e6, MRopeSection: [3]int{10, 9, 9}, MaxPositions: 32768,
		ImageToken: 151655, VideoToken: 151656, VisionStart: 151652, VisionEnd: 151653, DType: "float32",
		Vision: VisionConfig{
			Depth: 32, HiddenSize: 3584, IntermediateSize: 3420, Heads: 16, PatchSize: 14, MergeSize: 2, TemporalPatch: 2,
			InChannels: 3, WindowSize: 112, OutHidden: 3584, FullAttention: []int{7, 15, 23, 31}, HiddenAct: "silu",
		},
	}
	if diff := differ(c, want); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Each case sets one field, at the top of the flat form or inside an object, and says what LoadConfig makes of it.
func TestConfigFields(t *testing.T) {
	for _, c := range []struct {
		name       string
		set        map[string]any
		generation string
		good       func(Config) bool
	}{
		{"kv heads null", map[string]any{"num_key_value_heads": nil}, "", func(c Config) bool { return c.KVHeads == 6 }},
		{"untied", map[string]any{"tie_word_embeddings": false}, "", func(c Config) bool { return !c.TieEmbeddings }},
		{"tie missing", map[string]any{"tie_word_embeddings": nil}, "", func(c Config) bool { return !c.TieEmbeddings }},
		{"dtype", map[string]any{"dtype": "bfloat16", "torch_dtype": "float16"}, "", func(c Config) bool { return c.DType == "bfloat16" }},
		{"torch_dtype", map[string]any{"torch_dtype": "float16"}, "", func(c Config) bool { return c.DType == "float16" }},
		{"eos in config", map[string]any{"eos_token_id": []int{3, 4}}, "", func(c Config) bool { return slices.Equal(c.EOS, []int32{3, 4}) }},
		{"eos in both", map[string]any{"eos_token_id": 3}, `{"eos_token_id":[5,6],"pad_token_id":7}`, func(c Config) bool {
			return slices.Equal(c.EOS, []int32{5, 6}) && c.Pad == 7
		}},
		{"eos null in generation", map[string]any{"eos_token_id": 3}, `{"eos_token_id":null}`, func(c Config) bool {
			return slices.Equal(c.EOS, []int32{3}) && c.Pad == 3
		}},
		{"no eos", map[string]any{"eos_token_id": nil}, `{"eos_token_id":[]}`, func(c Config) bool { return c.EOS == nil && c.Pad == 0 }},
		{"pad in config", map[string]any{"pad_token_id": 9}, "", func(c Config) bool { return c.Pad == 9 }},
		{"rope_parameters", map[string]any{"rope_scaling": nil, "rope_theta": nil, "rope_parameters": map[string]any{
			"rope_type": "default", "rope_theta": 5e5, "mrope_section": []int{2, 2, 4}}}, "",
			func(c Config) bool { return c.RopeTheta == 5e5 && c.MRopeSection == [3]int{2, 2, 4} }},
		{"no full attention", map[string]any{"vision_config.fullatt_block_indexes": []int{}}, "", func(c Config) bool {
			return len(c.Vision.FullAttention) == 0
		}},
	} {
		for form, config := range map[string]map[string]any{"flat": change(flatConfig(t), c.set), "nested": nest(change(flatConfig(t), c.set))} {
			got, err := load(t, config, c.generation)
			if err != nil {
				t.Errorf("%s, %s: %v", c.name, form, err)
			} else if !c.good(got) {
				t.Errorf("%s, %s: got %+v", c.name, form, got)
			}
		}
	}
}

// change sets fields, of which a name with a dot is inside an object.
func change(config, set map[string]any) map[string]any {
	for name, v := range set {
		if object, key, ok := strings.Cut(name, "."); ok {
			inner := maps.Clone(config[object].(map[string]any))
			inner[key] = v
			config[object] = inner
		} else {
			config[name] = v
		}
	}
	return config
}

func TestConfigTiePlace(t *testing.T) {
	for _, c := range []struct{ top, text, want any }{
		{nil, true, true}, {nil, false, false}, {nil, nil, false}, {true, nil, true}, {true, false, false}, {false, true, true},
	} {
		config := nest(flatConfig(t))
		config["tie_word_embeddings"] = c.top
		config["text_config"].(map[string]any)["tie_word_embeddings"] = c.text
		if got, err := load(t, config, ""); err != nil || got.TieEmbeddings != c.want {
			t.Errorf("top %v, text_config %v: got %v, %v", c.top, c.text, got.TieEmbeddings, err)
		}
	}
}

func TestBadConfigs(t *testing.T) {
	for _, c := range []struct {
		field string
		value any
		want  string
	}{
		{"model_type", "qwen2_vl", `"qwen2_vl" is not supported`},
		{"model_type", nil, `"" is not supported`},
		{"hidden_size", 0, "within 1 to"},
		{"hidden_size", -96, "within 1 to"},
		{"hidden_size", 1 << 30, "within 1 to"},
		{"hidden_size", 1 << 40, "whole number"},
		{"hidden_size", 96.5, "whole number"},
		{"hidden_size", "96", "whole number"},
		{"num_hidden_layers", 100000, "within 1 to"},
		{"vocab_size", 0, "within 1 to"},
		{"num_attention_heads", 5, "do not make hidden_size"},
		{"num_attention_heads", 32, "even number"},
		{"num_key_value_heads", 4, "does not divide"},
		{"num_key_value_heads", 0, "within 1 to"},
		{"head_dim", 32, "is not hidden_size"},
		{"rms_norm_eps", 0, "within 0 to 1"},
		{"rms_norm_eps", "x", "a number"},
		{"rope_theta", -1, "above 0"},
		{"rope_scaling", nil, "want three values"},
		{"rope_scaling", []int{2, 3, 3}, "an object"},
		{"rope_scaling.type", "yarn", `"yarn" is not supported`},
		{"rope_scaling.rope_type", "dynamic", `"dynamic" is not supported`},
		{"rope_scaling.mrope_section", []int{4, 4}, "got 2"},
		{"rope_scaling.mrope_section", []int{2, 3, 4}, "8 frequencies"},
		{"rope_scaling.mrope_section", []int{-2, 5, 5}, "8 frequencies"},
		{"hidden_act", "gelu", `"gelu" is not supported`},
		{"use_sliding_window", true, "sliding windows"},
		{"layer_types", []string{"full_attention", "sliding_attention", "full_attention"}, "sliding_attention"},
		{"tie_word_embeddings", "yes", "true or false"},
		{"torch_dtype", "int8", `"int8" is not supported`},
		{"image_token_id", 1024, "vocabulary of 1024"},
		{"image_token_id", -1, "not a token id"},
		{"eos_token_id", -1, "not a token id"},
		{"eos_token_id", []int{3, -1}, "not a token id"},
		{"eos_token_id", "x", "whole number"},
		{"pad_token_id", 1024, "vocabulary of 1024"},
		{"vision_config", 3, "an object"},
		{"vision_config.depth", 0, "within 1 to"},
		{"vision_config.num_heads", 3, "does not divide"},
		{"vision_config.num_heads", 32, "multiple of 4"},
		{"vision_config.in_channels", 1, "images have 3"},
		{"vision_config.window_size", 60, "multiple of"},
		{"vision_config.spatial_merge_size", 64, "within 1 to"},
		{"vision_config.out_hidden_size", 64, "text tower"},
		{"vision_config.hidden_act", "quick_gelu", "quick_gelu"},
		{"vision_config.fullatt_block_indexes", []int{1, 4}, "not a block of 4"},
		{"vision_config.fullatt_block_indexes", []int{-1}, "not a block of 4"},
	} {
		_, err := load(t, change(flatConfig(t), map[string]any{c.field: c.value}), "")
		var ce *ConfigError
		if !errors.As(err, &ce) {
			t.Errorf("%s = %v: got %v, want a *ConfigError", c.field, c.value, err)
			continue
		}
		// A missing object shows in the field that it should have.
		if ce.File != configFile || !strings.HasPrefix(ce.Field, c.field) && !strings.HasPrefix(ce.Field, "rope_parameters") || !strings.Contains(ce.Reason, c.want) {
			t.Errorf("%s = %v: got %v, want %q", c.field, c.value, err, c.want)
		}
	}
}

func TestBadConfigFiles(t *testing.T) {
	good, err := json.Marshal(flatConfig(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ config, generation, file string }{
		{"", "", configFile},
		{"[]", "", configFile},
		{"null", "", configFile},
		{string(good) + "}", "", configFile},
		{strings.Repeat(" ", maxConfigBytes+1), "", configFile},
		{string(good), "{", generationFile},
		{string(good), `{"eos_token_id":-1}`, generationFile},
	} {
		dir := fstest.MapFS{configFile: {Data: []byte(c.config)}}
		if c.generation != "" {
			dir[generationFile] = &fstest.MapFile{Data: []byte(c.generation)}
		}
		_, err := LoadConfig(dir)
		if ce := (*ConfigError)(nil); !errors.As(err, &ce) || ce.File != c.file {
			t.Errorf("%.20q, %q: got %v, want a *ConfigError of %s", c.config, c.generation, err, c.file)
		}
	}
	if _, err := LoadConfig(fstest.MapFS{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("empty directory: %v", err)
	}
}

// What JSON writes loads as the same config, keeps the fields it does not know, and is flat from either form.
func TestConfigJSON(t *testing.T) {
	extra := map[string]any{"vision_token_id": 1005.0, "bos_token_id": 994.0, "something_new": "kept"}
	for _, config := range []map[string]any{flatConfig(t), nest(flatConfig(t))} {
		want, err := load(t, change(config, maps.Clone(extra)), "")
		if err != nil {
			t.Fatal(err)
		}
		want.DType = "bfloat16"
		text, err := want.JSON()
		if err != nil {
			t.Fatal(err)
		}
		got, err := LoadConfig(fstest.MapFS{configFile: {Data: text}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := differ(got, want); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		var m map[string]any
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatal(err)
		}
		for k, v := range extra {
			if m[k] != v {
				t.Errorf("%s = %v, want %v", k, m[k], v)
			}
		}
		if m["text_config"] != nil || m["dtype"] != nil || m["torch_dtype"] != "bfloat16" || m["hidden_size"] != 96.0 {
			t.Errorf("not the flat form: %s", text)
		}
		if v := m["vision_config"].(map[string]any); v["tokens_per_second"] != 2.0 {
			t.Errorf("vision_config lost a field: %v", v)
		}
		if !strings.Contains(string(text), `"rope_theta": 1e+06,`) {
			t.Errorf("rope_theta is no float in Python: %s", text)
		}
	}
	if text, err := (Config{}).JSON(); err == nil {
		t.Errorf("the zero config was written: %s", text)
	}
}

// A token named in two places is written from the place that was believed.
func TestConfigJSONTokens(t *testing.T) {
	for _, key := range []string{"eos_token_id", "pad_token_id"} {
		for _, top := range []any{"absent", nil, 7, []int{}, []int{8, 9}} {
			for _, inner := range []any{"absent", nil, 17, []int{}, []int{18, 19}} {
				config := nest(flatConfig(t))
				for object, v := range map[string]any{"top": top, "text": inner} {
					fields := config
					if object == "text" {
						fields = config["text_config"].(map[string]any)
					}
					if fields[key] = v; v == "absent" {
						delete(fields, key)
					}
				}
				want, err := load(t, config, "")
				if err != nil {
					continue // a list is no padding token
				}
				text, err := want.JSON()
				if err != nil {
					t.Fatal(err)
				}
				got, err := LoadConfig(fstest.MapFS{configFile: {Data: text}})
				if diff := differ(got, want); err != nil || diff != "" {
					t.Errorf("%s %v at the top, then %v: %v (-want +got):\n%s", key, top, inner, err, diff)
				}
			}
		}
	}
}

// Files either give a *ConfigError, or a config whose table can be made and which survives being written.
func FuzzConfig(f *testing.F) {
	for _, name := range []string{"/config_legacy.json", "/checkpoint/config.json"} {
		text, err := os.ReadFile(goldenA + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, []byte(`{"eos_token_id":[996,994],"pad_token_id":994}`))
	}
	f.Add([]byte(`{"model_type":"qwen2_5_vl","hidden_size":3584,"rope_scaling":{"mrope_section":[10,9,9]}}`), []byte(`{}`))
	f.Fuzz(func(t *testing.T, config, generation []byte) {
		c, err := LoadConfig(fstest.MapFS{configFile: {Data: config}, generationFile: {Data: generation}})
		if err != nil {
			if ce := (*ConfigError)(nil); !errors.As(err, &ce) {
				t.Fatalf("not a *ConfigError: %v", err)
			}
			return
		}
		for _, p := range c.Params() {
			n := int64(1)
			for _, side := range p.Shape {
				if n *= int64(side); side < 1 || n < 1 || n > 1<<60 {
					t.Fatalf("%s %v", p.Name, p.Shape)
				}
			}
		}
		text, err := c.JSON()
		if err != nil {
			t.Fatal(err)
		}
		again, err := LoadConfig(fstest.MapFS{configFile: {Data: text}, generationFile: {Data: generation}})
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if diff := differ(again, c); diff != "" {
			t.Fatalf("(-want +got):\n%s\n%s", diff, text)
		}
	})
}
