package tokenizer

import (
	"fmt"
	"slices"
)

// Part is a piece of a message: text or an image, not both.
type Part struct {
	Text  string
	Image bool
}

// Message is one turn. Role is "system", "user" or "assistant"; the template takes any text.
type Message struct {
	Role  string
	Parts []Part
}

// maxImageTokens bounds one image: Qwen2.5-VL itself stops at 16384.
const maxImageTokens = 1 << 20

// Chat returns the ids of a conversation in Qwen2.5-VL's chat template, as transformers' processor gives them. A conversation that
// does not begin with a system message begins as the checkpoint's own template has it, with another system turn or none: see [Load]. The i-th image
// becomes <|vision_start|>, imageTokens[i] times <|image_pad|> (its merged patches, t*h*w/4) and <|vision_end|>. generate adds the
// header of the assistant's answer. Unlike there, roles and texts are plain text: no spelling in them becomes an added token.
//
// It is an error to give no messages, as many counts as there are not images, a count below 1, a part that is text and image at
// once, or a conversation to a tokenizer without the special tokens of the template.
func (t *Tokenizer) Chat(msgs []Message, imageTokens []int, generate bool) ([]int32, error) {
	if err := checkChat(msgs, imageTokens); err != nil {
		return nil, fail("chat", err)
	}
	total := 0
	for _, n := range imageTokens {
		total += n
	}
	c := chat{encoder: t.encoder(4*total + 1024)}
	if msgs[0].Role != "system" {
		c.out = append(c.out, t.opening...)
	}
	for _, m := range msgs {
		imageTokens = c.turn(m.Role, m.Parts, imageTokens)
	}
	if generate {
		c.token("<|im_start|>", 1)
		c.text("assistant\n")
	}
	c.flush()
	if c.err != nil {
		return nil, fail("chat", c.err)
	}
	return c.out, nil
}

// Question is Chat of one user's turn, images and then text, with the header of the answer.
func (t *Tokenizer) Question(text string, imageTokens ...int) ([]int32, error) {
	parts := make([]Part, len(imageTokens), len(imageTokens)+1)
	for i := range parts {
		parts[i].Image = true
	}
	return t.Chat([]Message{{Role: "user", Parts: append(parts, Part{Text: text})}}, imageTokens, true)
}

func checkChat(msgs []Message, imageTokens []int) error {
	if len(msgs) == 0 {
		return fmt.Errorf("no messages")
	}
	images := 0
	for i, m := range msgs {
		for j, p := range m.Parts {
			if p.Image && p.Text != "" {
				return fmt.Errorf("message %d, part %d: text and image at once", i, j)
			}
			if p.Image {
				images++
			}
		}
	}
	if images != len(imageTokens) {
		return fmt.Errorf("%d images, %d token counts", images, len(imageTokens))
	}
	for i, n := range imageTokens {
		if n < 1 || n > maxImageTokens {
			return fmt.Errorf("image %d: %d tokens, want 1 to %d", i, n, maxImageTokens)
		}
	}
	return nil
}

// chat gathers text until a special token comes: the template's text and the user's between two of them are one stretch to NFC and
// the split pattern.
type chat struct {
	*encoder
	pending []byte
	err     error
}

// turn renders one message and returns the image counts that are left.
func (c *chat) turn(role string, parts []Part, imageTokens []int) []int {
	c.token("<|im_start|>", 1)
	c.text(role)
	c.text("\n")
	for _, p := range parts {
		if !p.Image {
			c.text(p.Text)
			continue
		}
		c.token("<|vision_start|>", 1)
		c.token("<|image_pad|>", imageTokens[0])
		c.token("<|vision_end|>", 1)
		imageTokens = imageTokens[1:]
	}
	c.token("<|im_end|>", 1)
	c.text("\n")
	return imageTokens
}

// text mends each text by itself, so that two broken ones cannot make a character together.
func (c *chat) text(s string) { c.pending = append(c.pending, validUTF8(s)...) }

func (c *chat) flush() {
	c.plain(c.t.normalise(string(c.pending)))
	c.pending = c.pending[:0]
}

func (c *chat) token(name string, n int) {
	c.flush()
	id, ok := c.t.control[name]
	if !ok {
		c.err = fmt.Errorf("the tokenizer has no special token %s", name)
		return
	}
	c.out = slices.Grow(c.out, n)
	for range n {
		c.out = append(c.out, id)
	}
}
