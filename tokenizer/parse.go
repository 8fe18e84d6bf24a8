package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxIDs bounds ids and merges, and so every table, whatever a file claims; the largest published vocabularies are near 2^18.
const maxIDs = 1 << 20

// New builds a tokenizer from the contents of tokenizer.json. The error is an [*UnsupportedError] or a [*FormatError].
// Truncation and padding are ignored: they are the caller's affair, and transformers overrides them too.
func New(tokenizerJSON []byte) (*Tokenizer, error) {
	if len(tokenizerJSON) > maxFile {
		return nil, malformed("file", "over %d bytes", maxFile)
	}
	if !utf8.Valid(tokenizerJSON) {
		return nil, malformed("file", "not UTF-8") // encoding/json would put U+FFFD into tokens
	}
	var file struct {
		Version       *string           `json:"version"`
		AddedTokens   []json.RawMessage `json:"added_tokens"`
		Normalizer    json.RawMessage   `json:"normalizer"`
		PreTokenizer  json.RawMessage   `json:"pre_tokenizer"`
		PostProcessor json.RawMessage   `json:"post_processor"`
		Decoder       json.RawMessage   `json:"decoder"`
		Model         json.RawMessage   `json:"model"`
	}
	if err := decode("file", tokenizerJSON, &file); err != nil {
		return nil, err
	}
	if file.Version != nil && *file.Version != "1.0" {
		return nil, &UnsupportedError{"version", *file.Version}
	}
	t := &Tokenizer{}
	if err := t.pipeline(file.Normalizer, file.PreTokenizer, file.PostProcessor, file.Decoder); err != nil {
		return nil, err
	}
	if err := t.model(file.Model); err != nil {
		return nil, err
	}
	if err := t.addTokens(file.AddedTokens); err != nil {
		return nil, err
	}
	t.cache = newWordCache()
	t.opening = t.Encode(publishedOpening)
	return t, nil
}

// component is any of the pipeline's parts. Pointers tell an absent option, whose default may be true, from one that is off.
type component struct {
	Type           string `json:"type"`
	AddPrefixSpace *bool  `json:"add_prefix_space"`
	UseRegex       *bool  `json:"use_regex"`
	Behavior       string `json:"behavior"`
	Invert         bool   `json:"invert"`
	Pattern        struct {
		Regex  string
		String *string
	} `json:"pattern"`
	Pretokenizers []component `json:"pretokenizers"`
}

// part decodes the component at where, and refuses one of another type. A missing one has the type "null".
func part(where string, raw json.RawMessage, types ...string) (c component, err error) {
	if isNull(raw) {
		c.Type = "null"
	} else if err := decode(where, raw, &c); err != nil {
		// Another type may give an option another shape; name the type rather than the option.
		var kind struct{ Type string }
		if json.Unmarshal(raw, &kind) != nil || kind.Type == "" || slices.Contains(types, kind.Type) {
			return c, err
		}
		c = component{Type: kind.Type}
	}
	if !slices.Contains(types, c.Type) {
		return c, &UnsupportedError{where, c.Type}
	}
	return c, nil
}

// pipeline checks that everything around the model is what the code does.
func (t *Tokenizer) pipeline(normalizer, preTokenizer, postProcessor, decoder json.RawMessage) error {
	c, err := part("normalizer", normalizer, "NFC", "null")
	if err != nil {
		return err
	}
	t.nfc = c.Type == "NFC"
	if c, err = part("pre_tokenizer", preTokenizer, "Sequence"); err != nil {
		return err
	}
	if err := checkSequence(c.Pretokenizers); err != nil {
		return err
	}
	// As a post-processor ByteLevel moves offsets only.
	if _, err = part("post_processor", postProcessor, "ByteLevel", "null"); err != nil {
		return err
	}
	_, err = part("decoder", decoder, "ByteLevel")
	return err
}

// checkSequence accepts a Split by splitPattern followed by ByteLevel.
func checkSequence(seq []component) error {
	const where = "pre_tokenizer"
	for i, want := range []string{"Split", "ByteLevel"} {
		if i >= len(seq) {
			return &UnsupportedError{where, "Sequence without " + want}
		}
		if seq[i].Type != want {
			return &UnsupportedError{where, seq[i].Type}
		}
	}
	if len(seq) > 2 {
		return &UnsupportedError{where, seq[2].Type}
	}
	split, byteLevel := seq[0], seq[1]
	switch {
	case split.Pattern.String != nil:
		return &UnsupportedError{where, "Split by a string"}
	case split.Pattern.Regex != splitPattern:
		return &UnsupportedError{where, "Split by " + split.Pattern.Regex}
	case split.Behavior != "Isolated":
		return &UnsupportedError{where, "Split with behavior " + split.Behavior}
	case split.Invert:
		return &UnsupportedError{where, "Split with invert"}
	case byteLevel.AddPrefixSpace == nil || *byteLevel.AddPrefixSpace:
		return &UnsupportedError{where, "ByteLevel with add_prefix_space"}
	case byteLevel.UseRegex == nil || *byteLevel.UseRegex:
		return &UnsupportedError{where, "ByteLevel with use_regex"}
	}
	return nil
}

// model reads the vocabulary and the merges.
func (t *Tokenizer) model(raw json.RawMessage) error {
	var members map[string]json.RawMessage
	if err := decode("model", raw, &members); err != nil {
		return err
	}
	var kind string
	if err := decode("model.type", members["type"], &kind); err != nil {
		return err
	}
	if kind != "BPE" {
		return &UnsupportedError{"model", kind}
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		switch name {
		case "type", "vocab", "merges":
			continue
		}
		// Every option there is, or is to come, is off when it is null, false, zero or empty.
		switch string(members[name]) {
		case "null", "false", "0", "0.0", `""`:
		default:
			return &UnsupportedError{"model", name}
		}
	}
	if err := decode("model.vocab", members["vocab"], &t.ids); err != nil {
		return err
	}
	size := int32(0)
	for token, id := range t.ids {
		if token == "" {
			return malformed("model.vocab", "an empty token")
		}
		if id < 0 || id >= maxIDs {
			return malformed("model.vocab", "%q has the id %d, outside [0, %d)", token, id, maxIDs)
		}
		size = max(size, id+1)
	}
	spelling := make([]string, size)
	for token, id := range t.ids {
		if spelling[id] != "" {
			return malformed("model.vocab", "%q and %q have the id %d", spelling[id], token, id)
		}
		spelling[id] = token
	}
	t.setPieces(spelling)
	for b, r := range byteRunes {
		id, ok := t.ids[string(r)]
		if !ok {
			return malformed("model.vocab", "no token for the byte 0x%02X", b)
		}
		t.byteID[b] = id
	}
	return t.readMerges(members["merges"])
}

// readMerges accepts both forms in use: "a b" and ["a", "b"].
func (t *Tokenizer) readMerges(raw json.RawMessage) error {
	var list []json.RawMessage
	if err := decode("model.merges", raw, &list); err != nil {
		return err
	}
	if len(list) > maxIDs {
		return malformed("model.merges", "over %d entries", maxIDs)
	}
	t.merges = make(map[uint64]merge, len(list))
	for i, raw := range list {
		where := func() string { return fmt.Sprintf("model.merges[%d]", i) }
		var parts []string
		if raw[0] == '"' {
			var s string
			if json.Unmarshal(raw, &s) != nil {
				return malformed(where(), "not a string")
			}
			parts = strings.Split(s, " ")
		} else if json.Unmarshal(raw, &parts) != nil {
			return malformed(where(), "neither a string nor an array of strings")
		}
		if len(parts) != 2 {
			return malformed(where(), "%d parts, want 2", len(parts))
		}
		var id [3]int32
		for k, token := range []string{parts[0], parts[1], parts[0] + parts[1]} {
			var ok bool
			if id[k], ok = t.ids[token]; !ok {
				return malformed(where(), "%q is not in the vocabulary", token)
			}
		}
		key := pair(id[0], id[1])
		if _, dup := t.merges[key]; dup {
			return malformed(where(), "%q with %q again", parts[0], parts[1])
		}
		t.merges[key] = merge{rank: int32(i), id: id[2]}
	}
	return nil
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || bytes.Equal(raw, []byte("null")) }

// decode is json.Unmarshal with a place in the error; a missing or null value is an error too.
func decode(where string, raw json.RawMessage, v any) error {
	if isNull(raw) {
		return malformed(where, "missing")
	}
	err := json.Unmarshal(raw, v)
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		return malformed(fmt.Sprintf("%s, byte %d", where, syntax.Offset), "%v", err)
	}
	if err != nil {
		return malformed(where, "%v", err)
	}
	return nil
}
