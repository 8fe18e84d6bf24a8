package tokenizer

import (
	"errors"
	"fmt"
	"time"

	"github.com/ardanlabs/jinja"
)

// The question that a template is judged by: two images and a text with what templates could spoil, quotes, line ends, signs of
// HTML, another script; and what Qwen2.5-VL's own template makes of it.
const (
	probeText = "Task name:Put the \"red\" cup on the shelf \n<b>img1</b> & 'img2'\n请你直接给出最终答案。"
	probeTurn = "<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|><|vision_start|><|image_pad|><|vision_end|>" +
		probeText + "<|im_end|>\n<|im_start|>assistant\n"
)

// maxTemplate bounds a template's length in bytes, and with it how deep the reader of its expressions can go; the longest in use are
// near 20,000. maxRender bounds the time it may take, some microseconds for any in use.
const (
	maxTemplate = 64 << 10
	maxRender   = 10 * time.Second
	maxRange    = 100_000 // numbers of one range(); transformers' own bound
)

// render gives the text of the question by a template in Jinja's language, as transformers 4.57 and 5.24 do. The template is a
// stranger's program: it sees nothing but the question, and what could run without an end is refused or stopped waiting for.
func render(source string, variables map[string]any) (text string, err error) {
	if source, err = readable(source); err != nil {
		return "", err
	}
	values := map[string]jinja.Value{
		"messages": jinja.FromGoValue([]any{map[string]any{"role": "user", "content": []any{
			map[string]any{"type": "image"}, map[string]any{"type": "image"}, map[string]any{"type": "text", "text": probeText},
		}}}),
		"add_generation_prompt": jinja.NewBool(true),
		"tools":                 jinja.None(),
		"documents":             jinja.None(),
		"range":                 jinja.NewCallable("range", boundedRange),
	}
	for name, v := range variables {
		values[name] = jinja.FromGoValue(v)
	}
	type result struct {
		text string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if p := recover(); p != nil { // the engine's, on arguments that it does not check
				r.err = fmt.Errorf("cannot be rendered: %v", p)
			}
			done <- r
		}()
		var template *jinja.Template
		if template, r.err = jinja.Compile(source); r.err == nil {
			r.text, r.err = template.RenderValues(values)
		}
	}()
	select {
	case r := <-done:
		return r.text, r.err
	case <-time.After(maxRender):
		return "", fmt.Errorf("is not rendered within %v", maxRender)
	}
}

// boundedRange is range() for no more numbers than transformers allows.
func boundedRange(args []jinja.Value, _ map[string]jinja.Value) (jinja.Value, error) {
	bounds := []int64{0, 0, 1}
	if len(args) == 1 {
		args = append([]jinja.Value{jinja.NewInt(0)}, args...)
	}
	if len(args) < 2 || len(args) > 3 {
		return jinja.Undefined(), fmt.Errorf("range: %d arguments", len(args))
	}
	for i, a := range args {
		if !a.IsInt() {
			return jinja.Undefined(), errors.New("range: an argument is not a whole number")
		}
		bounds[i] = a.AsInt()
	}
	start, stop, step := bounds[0], bounds[1], bounds[2]
	if step == 0 {
		return jinja.Undefined(), errors.New("range: the step is 0")
	}
	var items []jinja.Value
	for at := start; step > 0 && at < stop || step < 0 && at > stop; at += step {
		if len(items) == maxRange {
			return jinja.Undefined(), fmt.Errorf("range: more than %d numbers", maxRange)
		}
		items = append(items, jinja.NewInt(at))
	}
	return jinja.NewList(items), nil
}
