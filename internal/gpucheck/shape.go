package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/egotsr/egotsr/internal/safetensors"
	"github.com/egotsr/egotsr/internal/timing"
	"github.com/egotsr/egotsr/model"
)

// shape is what of config.json differs between checkpoints.
type shape struct {
	hidden, inner, layers, heads, kv, vocabulary int
	sections                                     [3]int
	vision, visionInner, depth, visionHeads      int
	full                                         []int // vision blocks without windows
	side                                         int   // of the frames, in pixels
}

var shapes = map[string]shape{
	// Qwen2.5-VL-3B-Instruct's config.json.
	"3b": {2048, 11008, 36, 16, 2, 151936, [3]int{16, 24, 24}, 1280, 3420, 32, 16, []int{7, 15, 23, 31}, 224},
	// The same proportions where XLA compiles for a second.
	"tiny": {32, 172, 1, 2, 1, 1024, [3]int{2, 3, 3}, 32, 86, 1, 2, []int{0}, 56},
}

// checkpoint makes the one that is timed.
var checkpoint = part{"checkpoint", false, 5 * time.Minute, []measurement{{"made of random weights", "s", makeCheckpoint}}}

// makeCheckpoint writes bfloat16 weights, and the goldens' tokenizer beside them. One that is there stays.
func makeCheckpoint(ctx context.Context, w *worker) (float64, string, error) {
	start := time.Now()
	file := filepath.Join(w.dir, "model.safetensors")
	if info, err := os.Stat(file); err == nil {
		return 0, fmt.Sprintf("%.2f GB were there", float64(info.Size())/1e9), nil
	}
	from := filepath.Join(w.data, "checkpoint")
	for _, name := range []string{"tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "generation_config.json"} {
		data, err := os.ReadFile(filepath.Join(from, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(w.dir, name), data, 0o666)
		}
		if err != nil {
			return 0, "", err
		}
	}
	sh := shapes[w.shape]
	if err := change(filepath.Join(from, "preprocessor_config.json"), filepath.Join(w.dir, "preprocessor_config.json"), func(c map[string]any) {
		c["max_pixels"] = sh.side * sh.side
		delete(c, "size")
	}); err != nil {
		return 0, "", err
	}
	if err := change(filepath.Join(from, "config.json"), filepath.Join(w.dir, "config.json"), sh.configure); err != nil {
		return 0, "", err
	}
	c, err := model.LoadConfig(os.DirFS(w.dir))
	if err != nil {
		return 0, "", err
	}
	var tensors []safetensors.Tensor
	for _, p := range c.Params() {
		tensors = append(tensors, safetensors.Tensor{Name: p.Name, Shape: p.Shape})
	}
	timing.Weights(tensors)
	f, err := os.Create(file + ".part")
	if err != nil {
		return 0, "", err
	}
	buffered := bufio.NewWriterSize(f, 1<<20)
	err = errors.Join(safetensors.Write(buffered, nil, tensors), buffered.Flush(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), file) // now it is whole
	}
	info, _ := fs.Stat(os.DirFS(w.dir), "model.safetensors")
	if err != nil || info == nil {
		return 0, "", err
	}
	return time.Since(start).Seconds(), fmt.Sprintf("%.2f GB", float64(info.Size())/1e9), nil
}

// change copies a JSON file with some of its fields changed.
func change(from, to string, how func(map[string]any)) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	fields := map[string]any{}
	if err := json.Unmarshal(data, &fields); err != nil {
		return err
	}
	how(fields)
	if data, err = json.MarshalIndent(fields, "", "  "); err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o666)
}

// configure makes the goldens' config.json the shape's, in the flat form of published checkpoints. Ids of tokens stay.
func (s shape) configure(c map[string]any) {
	delete(c, "text_config")
	delete(c, "dtype")
	for key, value := range map[string]any{
		"architectures": []string{"Qwen2_5_VLForConditionalGeneration"}, "torch_dtype": "bfloat16", "hidden_act": "silu", "tie_word_embeddings": true,
		"hidden_size": s.hidden, "intermediate_size": s.inner, "num_hidden_layers": s.layers, "num_attention_heads": s.heads,
		"num_key_value_heads": s.kv, "vocab_size": s.vocabulary, "max_position_embeddings": 128000, "max_window_layers": s.layers, "rms_norm_eps": 1e-6,
		"rope_theta": 1e6, "rope_scaling": map[string]any{"type": "mrope", "mrope_section": s.sections}, "use_sliding_window": false, "sliding_window": 32768,
		"vision_config": map[string]any{
			"depth": s.depth, "hidden_act": "silu", "hidden_size": s.vision, "intermediate_size": s.visionInner, "num_heads": s.visionHeads, "in_chans": 3,
			"in_channels": 3, "out_hidden_size": s.hidden, "patch_size": 14, "spatial_merge_size": 2, "spatial_patch_size": 14, "window_size": 112,
			"fullatt_block_indexes": s.full, "tokens_per_second": 2, "temporal_patch_size": 2,
		},
	} {
		c[key] = value
	}
}
