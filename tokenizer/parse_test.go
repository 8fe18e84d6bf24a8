package tokenizer

import (
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// tiny is a whole tokenizer.json: 256 bytes, "th", "the", "ab", and three added tokens.
func tiny(tb testing.TB, edits ...func(map[string]any)) []byte {
	tb.Helper()
	vocab := map[string]any{"th": 256, "the": 257, "ab": 258}
	for b, r := range byteRunes {
		vocab[string(r)] = b
	}
	off := func(kind string) map[string]any {
		return map[string]any{"type": kind, "add_prefix_space": false, "trim_offsets": false, "use_regex": false}
	}
	token := func(id int, text string, special, normalized bool) map[string]any {
		return map[string]any{
			"id": id, "content": text, "special": special, "normalized": normalized, "single_word": false, "lstrip": false, "rstrip": false,
		}
	}
	file := map[string]any{
		"version": "1.0", "truncation": nil, "padding": nil,
		"added_tokens": []any{token(259, "<|im_end|>", true, false), token(260, "<é>", false, true), token(261, "<|im_end|>!", false, false)},
		"normalizer":   map[string]any{"type": "NFC"},
		"pre_tokenizer": map[string]any{"type": "Sequence", "pretokenizers": []any{
			map[string]any{"type": "Split", "pattern": map[string]any{"Regex": splitPattern}, "behavior": "Isolated", "invert": false},
			off("ByteLevel"),
		}},
		"post_processor": off("ByteLevel"),
		"decoder":        off("ByteLevel"),
		"model": map[string]any{
			"type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": "", "end_of_word_suffix": "", "fuse_unk": false,
			"byte_fallback": false, "ignore_merges": false, "vocab": vocab, "merges": []any{"t h", "th e", "a b"},
		},
	}
	for _, edit := range edits {
		edit(file)
	}
	data, err := json.Marshal(file)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// set returns an edit: the value at a path of keys and indices.
func set(value any, path ...any) func(map[string]any) {
	return func(file map[string]any) {
		var at any = file
		for i, key := range path {
			last := i == len(path)-1
			switch key := key.(type) {
			case string:
				if last {
					at.(map[string]any)[key] = value
				} else {
					at = at.(map[string]any)[key]
				}
			case int:
				if last {
					at.([]any)[key] = value
				} else {
					at = at.([]any)[key]
				}
			}
		}
	}
}

func TestUnsupported(t *testing.T) {
	kind := func(name string) map[string]any { return map[string]any{"type": name} }
	split := []any{"pre_tokenizer", "pretokenizers", 0}
	for _, c := range []struct {
		edit       func(map[string]any)
		part, kind string
	}{
		{set(kind("Lowercase"), "normalizer"), "normalizer", "Lowercase"},
		{set(map[string]any{"type": "Replace", "pattern": "x"}, "normalizer"), "normalizer", "Replace"},
		{set(kind("ByteLevel"), "pre_tokenizer"), "pre_tokenizer", "ByteLevel"},
		{set(nil, "pre_tokenizer"), "pre_tokenizer", "null"},
		{set([]any{}, "pre_tokenizer", "pretokenizers"), "pre_tokenizer", "Sequence without Split"},
		{set(kind("Digits"), split...), "pre_tokenizer", "Digits"},
		{set(`\s+`, append(split, "pattern", "Regex")...), "pre_tokenizer", `Split by \s+`},
		{set(map[string]any{"String": " "}, append(split, "pattern")...), "pre_tokenizer", "Split by a string"},
		{set("Removed", append(split, "behavior")...), "pre_tokenizer", "Split with behavior Removed"},
		{set(true, append(split, "invert")...), "pre_tokenizer", "Split with invert"},
		{set(true, "pre_tokenizer", "pretokenizers", 1, "add_prefix_space"), "pre_tokenizer", "ByteLevel with add_prefix_space"},
		{set(nil, "pre_tokenizer", "pretokenizers", 1, "use_regex"), "pre_tokenizer", "ByteLevel with use_regex"},
		{set(kind("TemplateProcessing"), "post_processor"), "post_processor", "TemplateProcessing"},
		{set(kind("Metaspace"), "decoder"), "decoder", "Metaspace"},
		{set(nil, "decoder"), "decoder", "null"},
		{set("WordPiece", "model", "type"), "model", "WordPiece"},
		{set(0.1, "model", "dropout"), "model", "dropout"},
		{set("<unk>", "model", "unk_token"), "model", "unk_token"},
		{set("##", "model", "continuing_subword_prefix"), "model", "continuing_subword_prefix"},
		{set("</w>", "model", "end_of_word_suffix"), "model", "end_of_word_suffix"},
		{set(true, "model", "fuse_unk"), "model", "fuse_unk"},
		{set(true, "model", "byte_fallback"), "model", "byte_fallback"},
		{set(true, "model", "ignore_merges"), "model", "ignore_merges"},
		{set(true, "model", "something_new"), "model", "something_new"},
		{set(true, "added_tokens", 0, "lstrip"), "added token <|im_end|>", "lstrip"},
		{set(true, "added_tokens", 0, "rstrip"), "added token <|im_end|>", "rstrip"},
		{set(true, "added_tokens", 0, "single_word"), "added token <|im_end|>", "single_word"},
		{set("2.0", "version"), "version", "2.0"},
	} {
		_, err := New(tiny(t, c.edit))
		var u *UnsupportedError
		if !errors.As(err, &u) || u.Part != c.part || u.Kind != c.kind {
			t.Errorf("got %v, want unsupported %s: %s", err, c.part, c.kind)
		}
	}
}

func TestMalformed(t *testing.T) {
	for _, c := range []struct {
		edit        func(map[string]any)
		where, what string
	}{
		{set(nil, "model"), "model", "missing"},
		{set(nil, "model", "vocab"), "model.vocab", "missing"},
		{set(nil, "model", "merges"), "model.merges", "missing"},
		{set(7, "model", "vocab"), "model.vocab", "number"},
		{set(-1, "model", "vocab", "th"), "model.vocab", "outside"},
		{set(1<<30, "model", "vocab", "th"), "model.vocab", "outside"},
		{set(1<<40, "model", "vocab", "th"), "model.vocab", "number"},
		{set(257, "model", "vocab", "th"), "model.vocab", "have the id 257"},
		{set(300, "model", "vocab", ""), "model.vocab", "empty"},
		{func(f map[string]any) { delete(f["model"].(map[string]any)["vocab"].(map[string]any), "A") }, "model.vocab", "0x41"},
		{set("x y", "model", "merges", 1), "model.merges[1]", `"xy"`},
		{set("t h e", "model", "merges", 1), "model.merges[1]", "3 parts"},
		{set([]any{"t"}, "model", "merges", 1), "model.merges[1]", "1 parts"},
		{set(5, "model", "merges", 1), "model.merges[1]", "neither"},
		{set("t h", "model", "merges", 1), "model.merges[1]", "again"},
		{set("", "added_tokens", 0, "content"), "added_tokens[0]", "no content"},
		{set(nil, "added_tokens", 0, "id"), "added_tokens[0]", "no id"},
		{set(1<<30, "added_tokens", 0, "id"), "added_tokens[0]", "no id"},
		{set(5, "added_tokens", 0, "id"), "added_tokens[0]", "another token's"},
		{set("the", "added_tokens", 0, "content"), "added_tokens[0]", "in the vocabulary"},
		{set("<|im_end|>", "added_tokens", 2, "content"), "added_tokens[2]", "again"},
		{set(map[string]any{"id": 257, "content": "the", "special": true}, "added_tokens", 0), "added_tokens[0]", "merges spell it"},
	} {
		_, err := New(tiny(t, c.edit))
		var f *FormatError
		if !errors.As(err, &f) || !strings.HasPrefix(f.Where, c.where) || !strings.Contains(f.What, c.what) {
			t.Errorf("got %v, want %s: … %s …", err, c.where, c.what)
		}
	}
}

func TestDamaged(t *testing.T) {
	data := tiny(t)
	for n := range data {
		if _, err := New(data[:n]); !errors.As(err, new(*FormatError)) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
	for i := range 8 * len(data) {
		flipped := slices.Clone(data)
		flipped[i/8] ^= 1 << (i % 8)
		checkTyped(t, flipped)
	}
}

// checkTyped asserts that data gives a typed error or a tokenizer that keeps its promises.
func checkTyped(t *testing.T, data []byte) {
	t.Helper()
	tok, err := New(data)
	if err != nil {
		if !errors.As(err, new(*FormatError)) && !errors.As(err, new(*UnsupportedError)) {
			t.Fatalf("untyped error: %v", err)
		}
		return
	}
	const text = "the <|im_end|>! e\u0301 ab\xff"
	for _, id := range tok.EncodeText(text) {
		if tok.special[id] {
			t.Fatalf("EncodeText gave the special token %d", id)
		}
	}
	tok.Decode(tok.Encode(text), false)
}

func FuzzTokenizerJSON(f *testing.F) {
	f.Add(tiny(f))
	f.Add([]byte(`{"version":"1.0","model":{"type":"BPE","vocab":{"a":0},"merges":[["a","a"],"a a"]}}`))
	f.Add([]byte(`{"model":{"type":"Unigram"},"normalizer":{"type":"Sequence","normalizers":[]}}`))
	f.Fuzz(checkTyped)
}

func TestLoad(t *testing.T) {
	if _, err := Load(fstest.MapFS{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("empty directory: %v", err)
	}
	tok, err := Load(fstest.MapFS{"tokenizer.json": {Data: tiny(t)}})
	if err != nil || tok.Size() != 262 {
		t.Errorf("%v, %v", tok, err)
	}
}

func TestMergeForms(t *testing.T) {
	pairs := tiny(t, set([]any{[]any{"t", "h"}, []any{"th", "e"}, []any{"a", "b"}}, "model", "merges"))
	a, err := New(tiny(t))
	if err != nil {
		t.Fatal(err)
	}
	b, err := New(pairs)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a.merges, b.merges, cmp.AllowUnexported(merge{})); diff != "" || len(a.merges) != 3 {
		t.Errorf("%d merges; of pairs and of texts:\n%s", len(a.merges), diff)
	}
}
