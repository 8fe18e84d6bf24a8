package tokenizer

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// besides are golden a's tokenizer files with these beside them.
func besides(t *testing.T, files map[string]json.RawMessage) fstest.MapFS {
	fsys := fstest.MapFS{}
	for _, name := range []string{"tokenizer.json", settingsFile} {
		data, err := os.ReadFile(goldenDir + "/a/checkpoint/" + name)
		if err != nil {
			t.Fatal(err)
		}
		fsys[name] = &fstest.MapFile{Data: data}
	}
	for name, content := range files {
		var text string
		switch all := map[string]json.RawMessage{}; {
		case json.Unmarshal(content, &text) == nil:
			content = []byte(text)
		case name == settingsFile:
			if err := errors.Join(json.Unmarshal(fsys[name].Data, &all), json.Unmarshal(content, &all)); err != nil {
				t.Fatal(err)
			}
			content, _ = json.Marshal(all)
		}
		fsys[name] = &fstest.MapFile{Data: content}
	}
	return fsys
}

// TestTemplates: a checkpoint's own template gives the ids that transformers' rendering of it has, or is refused by its name.
func TestTemplates(t *testing.T) {
	data, err := os.ReadFile(goldenDir + "/files/templates.json")
	if err != nil {
		t.Fatal(err)
	}
	type answer struct{ Text, Error string }
	var cases map[string]struct {
		Files map[string]json.RawMessage
		Four  answer `json:"4.57.1"`
		Five  answer `json:"5.24.0"`
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	const task = "You are a spatial awareness expert.\nYour task is to observe and describe two pictures (img1 and img2) respectively. " +
		"Hint: These two pictures occur in the same task.\nTask name:Put the red cup on the shelf \n" +
		"Output format: closer to completion: \"Your judgment\"[img1/img2]"
	refused := map[string]string{ // and what the reason holds
		"broken":          "line 6: ",
		"no vision marks": `\n<|image_pad|>`,
		"numbered":        "Picture 2: ",
		"raised":          "this model judges nothing",
		"spread, spaces":  "",
		"text only":       "",
		"thinking":        "<think>",
		"unicode escape":  `line 1: the escape \u in a string`,
		"upper":           "CUP ON",
		"vicuna":          "ASSISTANT:",
		"raw":             `the statement "raw" is not supported`,
	}
	for name, c := range cases {
		if c.Four != c.Five {
			t.Errorf("%s: transformers 4.57 and 5.24 disagree: %+v, %+v", name, c.Four, c.Five)
		}
		tok, err := Load(besides(t, c.Files))
		var fault *TemplateError
		if reason, ok := refused[name]; ok {
			if !errors.As(err, &fault) || c.Files[fault.File] == nil || !strings.Contains(fault.Reason, reason) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || c.Five.Error != "" && name != "none" {
			t.Errorf("%s: %v; transformers: %s", name, err, c.Five.Error)
			continue
		}
		if name == "none" {
			c.Five = cases["published"].Five
		}
		got, err := tok.Question(task, 1, 1)
		if diff := cmp.Diff(tok.Encode(c.Five.Text), got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s\n%q", name, err, diff, tok.Decode(got, false))
		}
	}
	if len(cases) < 40 {
		t.Errorf("%d cases", len(cases))
	}
}

// TestTemplateSystem: a system message of the caller's stands in place of the template's.
func TestTemplateSystem(t *testing.T) {
	own := besides(t, map[string]json.RawMessage{"chat_template.jinja": []byte(strings.Replace(qwenTemplate(t), "a helpful", "no", 1))})
	tok, err := Load(own)
	if err != nil {
		t.Fatal(err)
	}
	message := func(role, text string) Message { return Message{Role: role, Parts: []Part{{Text: text}}} }
	for _, c := range []struct {
		messages []Message
		want     string
	}{
		{[]Message{message("user", "Hi")}, "<|im_start|>system\nYou are no assistant.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"},
		{[]Message{message("system", "Be."), message("user", "Hi")}, "<|im_start|>system\nBe.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"},
	} {
		got, err := tok.Chat(c.messages, nil, false)
		if diff := cmp.Diff(tok.Encode(c.want), got); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
	}
}

func qwenTemplate(t *testing.T) string {
	data, err := os.ReadFile(goldenDir + "/a/checkpoint/chat_template.jinja")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestTemplateHostile: what could use up the stack, the memory or the time is an error.
func TestTemplateHostile(t *testing.T) {
	deep := func(open, shut string, n int) string { return strings.Repeat(open, n) + "1" + strings.Repeat(shut, n) }
	for name, source := range map[string]string{
		"calls itself":         "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
		"call each other":      "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
		"by another name":      "{% macro m() %}{{ f() }}{% endmacro %}{% set f = m %}{{ f() }}",
		"by an argument":       "{% macro m(f) %}{{ f(f) }}{% endmacro %}{{ m(m) }}",
		"by a namespace":       "{% macro m() %}{{ n.f() }}{% endmacro %}{% set n = namespace(f=m) %}{{ m() }}",
		"within another":       "{% macro a() %}{% macro b() %}{% endmacro %}{{ a() }}{% endmacro %}{{ a() }}",
		"by its caller":        "{% macro m() %}{% set ns.c = caller %}{{ caller() }}{% endmacro %}{% call m() %}{{ ns.c() }}{% endcall %}",
		"a long range":         "{{ range(1000000000000) }}",
		"a range that wraps":   "{{ range(9223372036854775800, 9223372036854775807, 5) }}",
		"a negative repeat":    "{{ 'a' * -1 }}",
		"too long":             strings.Repeat("a", maxTemplate+1),
		"deep parentheses":     "{{ " + deep("(", ")", 30000) + " }}",
		"deep lists":           "{{ " + deep("[", "]", 30000) + " }}",
		"deep negations":       "{{ " + deep("not ", "", 16000) + " }}",
		"deep conditions":      deep("{%if 1%}", "{%endif%}", 3800),
		"deep attributes":      "{{ a" + strings.Repeat(".b", 30000) + " }}",
		"deep conditionals":    "{{ " + strings.Repeat("1 if 0 else ", 5000) + "1 }}",
		"a nil where a map is": "{{ messages[0].content[0].a.b.c() }}",
		"empty":                "",
	} {
		start := time.Now()
		_, err := Load(besides(t, map[string]json.RawMessage{"chat_template.jinja": []byte(mustJSON(t, source))}))
		var fault *TemplateError
		if !errors.As(err, &fault) {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

func mustJSON(t *testing.T, s string) string {
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestTemplateFiles: files that hold no template are passed over, and broken ones are named.
func TestTemplateFiles(t *testing.T) {
	for name, c := range map[string]struct{ file, text, fault string }{
		"no template":       {"processor_config.json", `{"image_processor":{}}`, ""},
		"null":              {"chat_template.json", `{"chat_template":null}`, ""},
		"marked":            {"chat_template.json", "\ufeff{}", ""},
		"by name":           {"chat_template.json", `{"chat_template":{"default":` + mustJSON(t, qwenTemplate(t)) + `}}`, ""},
		"other names":       {"chat_template.json", `{"chat_template":{"rag":"x"}}`, "chat_template.json: chat_template: is no text"},
		"list without it":   {"chat_template.json", `{"chat_template":[{"name":"rag","template":"x"}]}`, "none of it is named default"},
		"a number":          {"chat_template.json", `{"chat_template":1}`, "is no text"},
		"not JSON":          {"chat_template.json", `{`, "load: chat_template.json: "},
		"settings not JSON": {settingsFile, `[`, "load: tokenizer_config.json: "},
		"pointer":           {"chat_template.jinja", "version https://git-lfs.github.com/spec/v1\n", "chat_template.jinja: is an LFS pointer; fetch the file"},
	} {
		files := besides(t, nil)
		files[c.file] = &fstest.MapFile{Data: []byte(c.text)}
		_, err := Load(files)
		if c.fault == "" && err != nil || c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	data, err := os.ReadFile(goldenDir + "/files/templates.json")
	if err != nil {
		f.Fatal(err)
	}
	var cases map[string]struct{ Files map[string]any }
	if err := json.Unmarshal(data, &cases); err != nil {
		f.Fatal(err)
	}
	for _, c := range cases {
		if source, ok := c.Files["chat_template.jinja"].(string); ok {
			f.Add(source)
		}
	}
	f.Fuzz(func(t *testing.T, source string) {
		if strings.Count(source, "for") > 4 || strings.Count(source, "*") > 2 {
			return // loops within loops may take any time and memory
		}
		if text, err := render(source, nil); err != nil && text != "" {
			t.Errorf("%q beside the error %v", text, err)
		}
	})
}
