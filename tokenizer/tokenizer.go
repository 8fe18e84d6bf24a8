// Package tokenizer turns text into the ids a Qwen2.5-VL checkpoint was trained on, and back.
//
// It reads the checkpoint's own tokenizer.json: Qwen2's byte-level BPE, that is NFC, the Qwen2 split pattern, UTF-8 bytes as the
// alphabet, ranked merges, and added tokens that are recognised in the raw text. Ids equal those of Hugging Face tokenizers 0.22.
// A file that asks for anything else is refused with an [*UnsupportedError] that names it, and a damaged one with a
// [*FormatError]; neither is guessed at, since a wrong token is a silent error everywhere downstream.
//
// There are two doors for text. [Tokenizer.Encode] is transformers': the spelling of a special token is that token.
// [Tokenizer.EncodeText] is for text that a user wrote: there `<|im_end|>` is nine characters and never the end of a turn.
// [Tokenizer.Chat] renders a conversation through the second.
package tokenizer

import (
	"io/fs"

	"github.com/egotsr/egotsr/internal/sidefile"
)

// maxFile bounds what Load reads; the largest published tokenizer.json files are near 35 MB.
const maxFile = 128 << 20

// Tokenizer is an immutable byte-level BPE with a cache of words. It is safe for concurrent use.
type Tokenizer struct {
	ids     map[string]int32 // token spelling, as in the file → id
	pieces  []string         // id → the bytes it decodes to; "" for an id the file leaves out
	special []bool           // id → whether Decode may skip it
	nfc     bool

	raw, normal matcher // added tokens looked for before and after normalisation
	control     map[string]int32
	opening     []int32 // of a conversation that brings no system message

	byteID [256]int32
	merges map[uint64]merge
	cache  wordCache
}

// Load reads tokenizer.json from the root of fsys, a Hugging Face checkpoint directory, and renders a question by the chat template
// that lies beside it: in processor_config.json, chat_template.json, chat_template.jinja or tokenizer_config.json, of which the first
// that has one counts, as in transformers. What the template writes before the user's turn is what [Tokenizer.Chat] writes there;
// without a template it is Qwen2.5-VL's system turn. The error is that of fsys, an [*UnsupportedError], a [*FormatError], or a
// [*TemplateError] where the template makes more of the question than that.
func Load(fsys fs.FS) (*Tokenizer, error) {
	data, err := sidefile.Read(fsys, "tokenizer.json", maxFile)
	if err != nil {
		return nil, fail("load", err)
	}
	t, err := New(data)
	if err != nil {
		return nil, err
	}
	opening, err := readOpening(fsys)
	if err != nil {
		return nil, err
	}
	t.opening = t.Encode(opening)
	return t, nil
}

// Encode returns the ids of text as transformers does: the spelling of an added token becomes that token, wherever it stands.
// Use [Tokenizer.EncodeText] for text from users. Each maximal invalid UTF-8 sequence counts as one U+FFFD.
func (t *Tokenizer) Encode(text string) []int32 {
	e := t.encoder(len(text))
	text = validUTF8(text)
	for text != "" {
		at, tok := t.raw.find(text)
		e.normalised(text[:at])
		if tok == nil {
			break
		}
		e.out = append(e.out, tok.id)
		text = text[at+len(tok.text):]
	}
	return e.out
}

// EncodeText returns the ids of text taken as plain text: no spelling in it becomes an added token, so what a user writes cannot
// end a turn or stand for an image. It equals Encode for text that spells no added token.
func (t *Tokenizer) EncodeText(text string) []int32 {
	e := t.encoder(len(text))
	e.plain(t.normalise(validUTF8(text)))
	return e.out
}

// Decode returns the text of ids, with one U+FFFD for each maximal invalid UTF-8 sequence (a cut inside a character, say).
// skipSpecial leaves out the tokens that the file marks special, which `<tool_call>` and `<|fim_prefix|>` are not. Ids that the
// vocabulary lacks have no text.
func (t *Tokenizer) Decode(ids []int32, skipSpecial bool) string {
	var b []byte
	for _, id := range ids {
		if id < 0 || int(id) >= len(t.pieces) || skipSpecial && t.special[id] {
			continue
		}
		b = append(b, t.pieces[id]...)
	}
	return validUTF8(string(b))
}

// ID returns the id of a token as tokenizer.json spells it: an added token's text, or the byte-level form ("Ġthe" for " the").
func (t *Tokenizer) ID(token string) (int32, bool) {
	id, ok := t.ids[token]
	return id, ok
}

// Size returns the number of ids, added tokens included: one more than the largest. A model's embedding may have more rows.
func (t *Tokenizer) Size() int { return len(t.pieces) }

// encoder is the working state of one call.
type encoder struct {
	t    *Tokenizer
	out  []int32
	work scratch
}

func (t *Tokenizer) encoder(textLen int) *encoder {
	// About four bytes a token in English; append does the rest.
	return &encoder{t: t, out: make([]int32, 0, textLen/4+4)}
}

// normalised encodes a stretch between raw added tokens.
func (e *encoder) normalised(text string) {
	text = e.t.normalise(text)
	for text != "" {
		at, tok := e.t.normal.find(text)
		e.plain(text[:at])
		if tok == nil {
			return
		}
		e.out = append(e.out, tok.id)
		text = text[at+len(tok.text):]
	}
}

// plain splits normalised text, in which nothing is special, into words and appends their ids.
func (e *encoder) plain(text string) {
	for text != "" {
		n := wordLen(text)
		e.word(text[:n])
		text = text[n:]
	}
}

func (t *Tokenizer) normalise(text string) string {
	if t.nfc {
		return nfc(text)
	}
	return text
}
