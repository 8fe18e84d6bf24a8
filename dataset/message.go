package dataset

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Members of the reference's objects, and the names that its CoT maker has for two of them.
const (
	keyMessages = "messages"
	keyTarget   = "target"
	keyCloser   = "closer to completion"
	keyDetails  = "spatial details"
	cotCloser   = "closer_to_completion"
	cotDetails  = "state_difference"
)

// decodeSample reads one sample of the reference's form.
func decodeSample(data []byte) (s Sample, err error) {
	if !utf8.Valid(data) {
		return s, errors.New("is not UTF-8")
	}
	var f fields
	if err := json.Unmarshal(data, &f); err != nil {
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
			err = fmt.Errorf("byte %d of the sample: %w", syntax.Offset, err)
		}
		return s, err
	}
	text, err := s.takeMessages(f)
	if err != nil {
		return s, err
	}
	if err := s.takeTarget(f); err != nil {
		return s, err
	}
	s.takePrompt(f, text)
	s.take(f)
	s.Extra = f.keep()
	return s, nil
}

// item is one part of a message's content.
type item = fields

// word is a member that is a text, and empty otherwise.
func (f fields) word(name string) (s string) {
	_ = json.Unmarshal(f[name], &s)
	return s
}

// userContent finds the content of the question: that of the first message by the user which is a list.
func userContent(messages []fields) (at int, content []item) {
	for i, m := range messages {
		var content []item
		if m.word("role") == "user" && json.Unmarshal(m["content"], &content) == nil {
			return i, content
		}
	}
	return -1, nil
}

// takeMessages reads the images' paths and gives the prompt's text. Where the messages hold more than the reference's,
// what is left when these are taken out stays in f as the mould that writing fills again.
func (s *Sample) takeMessages(f fields) (text string, err error) {
	var messages []fields
	if err := json.Unmarshal(f[keyMessages], &messages); err != nil {
		return "", errors.New("has no list of messages")
	}
	at, content := userContent(messages)
	plain := len(messages) == 1 && at == 0 && len(messages[0]) == 2 && len(content) == 3
	n := 0
	var hasText bool
	for i, part := range content {
		switch kind := part.word("type"); {
		case kind == "image":
			side, named, err := whichImage(part, n)
			if err != nil {
				return "", err
			}
			p := s.image(side)
			if *p != "" {
				return "", fmt.Errorf("has two images img%d", side+1)
			}
			var name string
			if json.Unmarshal(part["image"], &name) != nil {
				return "", fmt.Errorf("img%d has no path", side+1)
			}
			if *p, err = imagePath(name); err != nil {
				return "", err
			}
			delete(part, "image")
			plain = plain && named && side == i && len(part) == 2
			n++
		case kind == "text" && !hasText:
			if json.Unmarshal(part["text"], &text) != nil {
				return "", errors.New("the prompt is not a text")
			}
			hasText = true
			delete(part, "text")
			plain = plain && i == 2 && len(part) == 1
		default:
			plain = false
		}
	}
	if n != 2 {
		return "", fmt.Errorf("has %d images, not 2", n)
	}
	if !hasText {
		return "", errors.New("has no prompt")
	}
	delete(f, keyMessages)
	if !plain {
		messages[at]["content"] = marshal(content)
		f[keyMessages] = marshal(messages)
	}
	return text, nil
}

// whichImage tells 0 for img1 from 1 for img2: by its name or, without one, by its place among the images.
func whichImage(part item, n int) (side int, named bool, err error) {
	raw, named := part["image_id"]
	if !named {
		if n > 1 {
			return 0, false, errors.New("has more than two images")
		}
		return n, false, nil
	}
	var id string
	if json.Unmarshal(raw, &id) != nil || id != Img1 && id != Img2 {
		return 0, true, fmt.Errorf("image_id is %s, not %s or %s", raw, Img1, Img2)
	}
	return int(id[3] - '1'), true, nil
}

func (s *Sample) image(side int) *string {
	if side == 0 {
		return &s.Img1
	}
	return &s.Img2
}

// takePrompt finds the prompt and the task in the text. The members "task" and "prompt" are there where the text alone
// does not tell; they count only if they agree with it, because the text is what a model is asked.
func (s *Sample) takePrompt(f fields, text string) {
	prompt, task := parsePrompt(text)
	said, hasTask := text, false
	var t, p string
	if raw, ok := f["task"]; ok && string(raw) != "null" && json.Unmarshal(raw, &t) == nil {
		hasTask = true
	}
	own, hasPrompt := prompt, false
	if raw, ok := f["prompt"]; ok && json.Unmarshal(raw, &p) == nil && p != "" {
		own, hasPrompt = Prompt(p), true
	}
	switch {
	case (hasTask || hasPrompt) && own.Text(t) == said:
		s.Prompt, s.Task = own, t
		if hasTask {
			delete(f, "task")
		}
		if hasPrompt {
			delete(f, "prompt")
		}
	case hasTask && prompt == Prompt(text):
		s.Prompt, s.Task = prompt, t
		delete(f, "task")
	default:
		s.Prompt, s.Task = prompt, task
	}
}

// parsePrompt finds the task's name in a text of the reference's prompts. Any other text is a prompt without one.
func parsePrompt(text string) (Prompt, string) {
	for _, p := range []Prompt{Long, Tag, CoT} {
		before, after, _ := strings.Cut(string(p), taskPlaceholder)
		if len(text) >= len(before)+len(after) && strings.HasPrefix(text, before) && strings.HasSuffix(text, after) {
			return p, text[len(before) : len(text)-len(after)]
		}
	}
	return Prompt(text), ""
}

// appendSample appends a sample as one line of JSON, without the line's end.
func appendSample(b []byte, s *Sample) ([]byte, error) {
	if err := s.writable(); err != nil {
		return b, err
	}
	text := s.Prompt.Text(s.Task)
	b = append(b, `{"messages":`...)
	if mould, ok := s.Extra[keyMessages]; ok {
		filled, err := fill(mould, s, text)
		if err != nil {
			return b, err
		}
		b = append(b, filled...)
	} else {
		b = append(b, `[{"role":"user","content":[{"type":"image","image":`...)
		b = append(appendString(b, writtenPath(s.Img1)), `,"image_id":"img1"},{"type":"image","image":`...)
		b = append(appendString(b, writtenPath(s.Img2)), `,"image_id":"img2"},{"type":"text","text":`...)
		b = append(appendString(b, text), `}]}]`...)
	}
	target, err := targetOf(s)
	if err != nil {
		return b, err
	}
	if target != nil {
		b = append(append(b, `,"target":`...), target...)
	}
	written := map[string]bool{keyMessages: true, keyTarget: true}
	member := func(name string, value []byte) {
		if value != nil && !written[name] {
			b = append(append(appendString(append(b, ','), name), ':'), value...)
			written[name] = true
		}
	}
	// The text tells the task and the prompt apart for the reference's prompts only.
	own := s.Prompt
	if own == "" {
		own = Long
	}
	if prompt, task := parsePrompt(text); prompt != own || task != s.Task {
		if prompt != own {
			member("prompt", appendString(nil, string(own)))
		}
		if s.Task != "" {
			member("task", appendString(nil, s.Task))
		}
	}
	for _, o := range ours(s) {
		member(o.name, o.text())
	}
	for _, name := range fields(s.Extra).names() {
		member(name, compacted(s.Extra[name]))
	}
	return append(b, '}'), nil
}

// fill puts the images and the text back into messages that takeMessages has emptied.
func fill(mould json.RawMessage, s *Sample, text string) ([]byte, error) {
	var messages []fields
	if err := json.Unmarshal(mould, &messages); err != nil {
		return nil, fmt.Errorf("extra field %q is not a list of messages", keyMessages)
	}
	at, content := userContent(messages)
	n, hasText := 0, false
	for _, part := range content {
		switch kind := part.word("type"); {
		case kind == "image":
			side, _, err := whichImage(part, n)
			if err != nil {
				return nil, fmt.Errorf("extra field %q: %w", keyMessages, err)
			}
			part["image"] = appendString(nil, writtenPath(*s.image(side)))
			n++
		case kind == "text" && !hasText:
			part["text"] = appendString(nil, text)
			hasText = true
		}
	}
	if n != 2 || !hasText {
		return nil, fmt.Errorf("extra field %q has no place for two images and a prompt", keyMessages)
	}
	messages[at]["content"] = marshal(content)
	return marshal(messages), nil
}
