package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/egotsr/egotsr/internal/sidefile"
)

// maxSettings bounds the JSON files that may hold a template; real ones have some thousand bytes.
const maxSettings = 16 << 20

// publishedOpening is how Qwen2.5-VL's own template begins a conversation that brings no system message.
const publishedOpening = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"

// templateFiles are where a checkpoint may keep its chat template, in the order in which transformers looks.
var templateFiles = []string{"processor_config.json", "chat_template.json", "chat_template.jinja", settingsFile}

const settingsFile = "tokenizer_config.json"

// TemplateError says why a checkpoint's chat template cannot be used: it makes something else of a question about images than
// [Tokenizer.Chat] does, and a model answers worse than it could to prompts that it was not trained on.
type TemplateError struct {
	File   string // where the template stands
	Reason string
}

func (e *TemplateError) Error() string {
	return fmt.Sprintf("tokenizer: %s: chat_template: %s", e.File, e.Reason)
}

// readOpening gives what the checkpoint's template writes before the first turn of a user: a system turn of its own, or nothing.
func readOpening(fsys fs.FS) (string, error) {
	file, source, err := readTemplate(fsys)
	if err != nil {
		return "", err
	}
	if file == "" {
		return publishedOpening, nil
	}
	variables, err := specialTokens(fsys)
	if err != nil {
		return "", err
	}
	text, err := render(source, variables)
	if err != nil {
		return "", &TemplateError{file, err.Error()}
	}
	opening, ok := strings.CutSuffix(text, probeTurn)
	if !ok {
		return "", &TemplateError{file, "a question about two images " + difference(text, probeTurn)}
	}
	return opening, nil
}

// difference shows where two texts part that should have the same end.
func difference(got, want string) string {
	n := 0
	for n < min(len(got), len(want)) && got[len(got)-1-n] == want[len(want)-1-n] {
		n++
	}
	around := func(s string) string {
		at := len(s) - n
		return strings.ToValidUTF8(s[max(0, at-40):min(len(s), at+20)], "")
	}
	return fmt.Sprintf("becomes %q, where Qwen2.5-VL's becomes %q", around(got), around(want))
}

// readTemplate gives the first template that there is. An empty file name means none.
func readTemplate(fsys fs.FS) (file, source string, err error) {
	for _, file := range templateFiles {
		text, err := sidefile.Read(fsys, file, maxSettings)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", "", fail("load", err)
		}
		if path.Ext(file) == ".jinja" {
			return file, string(text), nil
		}
		var holder struct {
			Template json.RawMessage `json:"chat_template"`
		}
		if err := json.Unmarshal(text, &holder); err != nil {
			return "", "", fail("load", fmt.Errorf("%s: %w", file, err))
		}
		source, ok := defaultTemplate(holder.Template)
		if !ok {
			return "", "", &TemplateError{file, "is no text, and none of it is named default"}
		}
		if source != "" {
			return file, source, nil
		}
	}
	return "", "", nil
}

// defaultTemplate takes a template's three forms: a text, a list of named texts, and texts by name. An absent one is "".
func defaultTemplate(raw json.RawMessage) (source string, ok bool) {
	if isNull(raw) || json.Unmarshal(raw, &source) == nil {
		return source, true
	}
	var list []struct{ Name, Template string }
	if json.Unmarshal(raw, &list) == nil {
		for _, t := range list {
			if t.Name == "default" {
				return t.Template, true
			}
		}
		return "", false
	}
	var names map[string]string
	err := json.Unmarshal(raw, &names)
	source, ok = names["default"]
	return source, err == nil && ok
}

// specialTokens are the variables that a template may write for the tokens that tokenizer_config.json names.
func specialTokens(fsys fs.FS) (map[string]any, error) {
	variables := map[string]any{}
	text, err := sidefile.Read(fsys, settingsFile, maxSettings)
	if errors.Is(err, fs.ErrNotExist) {
		return variables, nil
	}
	if err != nil {
		return nil, fail("load", err)
	}
	var settings map[string]json.RawMessage
	if err := json.Unmarshal(text, &settings); err != nil {
		return nil, fail("load", fmt.Errorf("%s: %w", settingsFile, err))
	}
	for _, name := range []string{"bos_token", "eos_token", "pad_token", "unk_token"} {
		var token struct{ Content string }
		if json.Unmarshal(settings[name], &token.Content) != nil {
			_ = json.Unmarshal(settings[name], &token) // the older form; what is neither is no token
		}
		if token.Content != "" {
			variables[name] = token.Content
		}
	}
	return variables, nil
}
