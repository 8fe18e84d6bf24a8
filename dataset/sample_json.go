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
	f, ok := fields(nil), json.Valid(data)
	if ok {
		f, ok = object(data)
	}
	if !ok {
		err := json.Unmarshal(data, &f) // says what is wrong
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
			err = fmt.Errorf("byte %d of the sample: %w", syntax.Offset, err)
		}
		return s, err
	}
	prompt, err := s.takeMessages(f)
	if err != nil {
		return s, err
	}
	if err := s.takeTarget(f); err != nil {
		return s, err
	}
	s.takePrompt(f, prompt)
	s.take(f)
	s.Extra = f.keep()
	return s, nil
}

// item is one part of a message's content.
type item = fields

// word is a member that is a text, and empty otherwise.
func (f fields) word(name string) (s string) {
	s, _ = text(f[name])
	return s
}

// userContent finds the content of the question: that of the first message by the user which is a list.
func userContent(messages []fields) (at int, content []item) {
	for i, m := range messages {
		if m.word("role") != "user" {
			continue
		}
		if content, ok := objects(m["content"]); ok {
			return i, content
		}
	}
	return -1, nil
}

// takeMessages reads the images' paths and gives the prompt's text. Where the messages hold more than the reference's,
// what is left when these are taken out stays in f as the mould that writing fills again.
func (s *Sample) takeMessages(f fields) (prompt string, err error) {
	messages, ok := objects(f[keyMessages])
	if !ok {
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
			name, ok := text(part["image"])
			if !ok {
				return "", fmt.Errorf("img%d has no path", side+1)
			}
			if *p, err = imagePath(name); err != nil {
				return "", err
			}
			delete(part, "image")
			plain = plain && named && side == i && len(part) == 2
			n++
		case kind == "text" && !hasText:
			if prompt, hasText = text(part["text"]); !hasText {
				return "", errors.New("the prompt is not a text")
			}
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
	return prompt, nil
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
	id, _ := text(raw)
	if id != Img1 && id != Img2 {
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
func (s *Sample) takePrompt(f fields, said string) {
	prompt, task := parsePrompt(said)
	own := prompt
	ownTask, hasTask := text(f["task"])
	hasTask = hasTask && string(f["task"]) != "null"
	p, hasPrompt := text(f["prompt"])
	if hasPrompt = hasPrompt && p != ""; hasPrompt {
		own = Prompt(p)
	}
	switch {
	case (hasTask || hasPrompt) && own.Text(ownTask) == said:
		s.Prompt, s.Task = own, ownTask
		if hasTask {
			delete(f, "task")
		}
		if hasPrompt {
			delete(f, "prompt")
		}
	case hasTask && prompt == Prompt(said):
		s.Prompt, s.Task = prompt, ownTask
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
	said := s.Prompt.Text(s.Task)
	b = append(b, `{"messages":`...)
	if mould, ok := s.Extra[keyMessages]; ok {
		filled, err := fill(mould, s, said)
		if err != nil {
			return b, err
		}
		b = append(b, filled...)
	} else {
		b = append(b, `[{"role":"user","content":[{"type":"image","image":`...)
		b = append(appendString(b, writtenPath(s.Img1)), `,"image_id":"img1"},{"type":"image","image":`...)
		b = append(appendString(b, writtenPath(s.Img2)), `,"image_id":"img2"},{"type":"text","text":`...)
		b = append(appendString(b, said), `}]}]`...)
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
	if prompt, task := parsePrompt(said); prompt != own || task != s.Task {
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
func fill(mould json.RawMessage, s *Sample, prompt string) ([]byte, error) {
	messages, ok := objects(mould)
	if !ok {
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
			part["text"] = appendString(nil, prompt)
			hasText = true
		}
	}
	if n != 2 || !hasText {
		return nil, fmt.Errorf("extra field %q has no place for two images and a prompt", keyMessages)
	}
	messages[at]["content"] = marshal(content)
	return marshal(messages), nil
}
