package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing/fstest"

	"github.com/egotsr/egotsr/internal/safetensors"
	"github.com/egotsr/egotsr/internal/state"
	"github.com/egotsr/egotsr/internal/timing"
	"github.com/egotsr/egotsr/model"
	"github.com/egotsr/egotsr/vision"
)

// shardBytes is how long a file of weights may become: the published 3B has two of them, the 7B five.
const shardBytes = 4 << 30

// publishedFiles are the small files of a published checkpoint, "3B" or "7B": its own config.json and tokenizer.json, and of
// the others what transformers and llama.cpp need to read them.
func publishedFiles(name string) (fstest.MapFS, error) {
	var configs map[string]struct{ Config json.RawMessage }
	text, err := os.ReadFile("model/testdata/names_7b.json")
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &configs); err != nil {
		return nil, err
	}
	template, err := os.ReadFile("model/nano/chat_template.json") // the published one
	if err != nil {
		return nil, err
	}
	words, err := os.ReadFile(".cache/qwen2.5/tokenizer.json")
	if err != nil {
		return nil, fmt.Errorf("Qwen2.5's own tokenizer, which `make tokenizer` fetches: %w", err)
	}
	files, err := olderTokenizerFiles(words)
	if err != nil {
		return nil, err
	}
	for name, data := range map[string][]byte{
		"config.json": configs[name].Config, "tokenizer.json": words, "chat_template.json": template, "preprocessor_config.json": vision.Default().Config(),
		"generation_config.json": []byte(`{"bos_token_id": 151643, "pad_token_id": 151643, "eos_token_id": [151645, 151643], "do_sample": false}`),
	} {
		files[name] = &fstest.MapFile{Data: data}
	}
	return files, nil
}

// olderTokenizerFiles are those in which a checkpoint holds its tokenizer once more, for programs that do not read tokenizer.json.
func olderTokenizerFiles(words []byte) (fstest.MapFS, error) {
	var t struct {
		Added []map[string]any `json:"added_tokens"`
		Model struct {
			Vocab  json.RawMessage
			Merges []string
		}
	}
	if err := json.Unmarshal(words, &t); err != nil {
		return nil, fmt.Errorf("tokenizer.json: %w", err)
	}
	added := map[string]any{}
	for _, token := range t.Added {
		added[fmt.Sprint(token["id"])] = token
		delete(token, "id")
	}
	settings, err := json.MarshalIndent(map[string]any{"tokenizer_class": "Qwen2Tokenizer", "added_tokens_decoder": added, "bos_token": nil,
		"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "model_max_length": 131072, "clean_up_tokenization_spaces": false}, "", "  ")
	return fstest.MapFS{
		"tokenizer_config.json": {Data: settings},
		"vocab.json":            {Data: t.Model.Vocab},
		"merges.txt":            {Data: []byte("#version: 0.2\n" + strings.Join(t.Model.Merges, "\n") + "\n")},
	}, err
}

// writeCheckpoint makes a checkpoint with random weights in bfloat16 out of its small files.
func writeCheckpoint(dir string, files fstest.MapFS, shard int64) error {
	config, err := model.LoadConfig(files)
	if err != nil {
		return err
	}
	var tensors []safetensors.Tensor
	for _, p := range config.Params() {
		tensors = append(tensors, safetensors.Tensor{Name: p.Name, Shape: p.Shape})
	}
	timing.Weights(tensors)
	var shards [][]safetensors.Tensor
	var length, total int64
	for _, t := range tensors {
		n := t.Bytes()
		if len(shards) == 0 || length+n > shard {
			shards, length = append(shards, nil), 0
		}
		length += n
		total += n
		last := &shards[len(shards)-1]
		*last = append(*last, t)
	}
	index, err := indexOf(shards, total)
	if err != nil {
		return err
	}
	return state.Disk{}.Replace(dir, func(d *state.Dir) error {
		for name, f := range files {
			if err := d.File(name, func(w io.Writer) error { _, err := w.Write(f.Data); return err }); err != nil {
				return err
			}
		}
		for i, tensors := range shards {
			if err := d.File(shardName(i, len(shards)), func(w io.Writer) error { return safetensors.Write(w, nil, tensors) }); err != nil {
				return err
			}
		}
		return d.File("model.safetensors.index.json", func(w io.Writer) error { _, err := w.Write(index); return err })
	})
}

func shardName(i, of int) string { return fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, of) }

func indexOf(shards [][]safetensors.Tensor, total int64) ([]byte, error) {
	where := map[string]string{}
	for i, tensors := range shards {
		for _, t := range tensors {
			where[t.Name] = shardName(i, len(shards))
		}
	}
	return json.MarshalIndent(map[string]any{"metadata": map[string]int64{"total_size": total}, "weight_map": where}, "", "  ")
}

// room makes sure that the disk that dir is to lie on has so many bytes free.
func room(dir string, bytes int64) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	out, err := exec.Command("df", "-Pk", dir).Output()
	if err != nil {
		return fmt.Errorf("df %s: %w", dir, err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	fields := strings.Fields(lines[len(lines)-1])
	if len(fields) < 4 {
		return fmt.Errorf("df %s: cannot read %q", dir, lines)
	}
	free, err := strconv.ParseInt(fields[3], 10, 64)
	if err != nil {
		return fmt.Errorf("df %s: %w", dir, err)
	}
	if free<<10 < bytes {
		return fmt.Errorf("%s: its disk has %.1f GB free, and %.1f are needed; name a folder on another disk with -dir",
			dir, float64(free<<10)/1e9, float64(bytes)/1e9)
	}
	return nil
}

// weightFiles lists a checkpoint's files of weights.
func weightFiles(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.safetensors"))
	slices.Sort(files)
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s: no weights", dir)
	}
	return files, err
}

// evict takes files out of the system's cache, so that the next reader has them from the disk.
func evict(files ...string) error {
	for _, f := range files {
		if out, err := exec.Command("dd", "if="+f, "iflag=nocache", "count=0").CombinedOutput(); err != nil {
			return fmt.Errorf("dd %s: %w: %s", f, err, out)
		}
	}
	return nil
}
