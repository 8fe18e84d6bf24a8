package egotsr

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/model"
)

// What an answer is made of. The tokens of "1" and "2" follow forced; Qwen2's tokenizer never joins a digit to what
// stands before it, which checkTokens makes sure of.
const (
	forced  = dataset.Verdict + "img"
	verdict = "closer to completion" // what the parser looks for: models vary the colon and the blank
)

// details opens a description. The blank after the colon is left to the model: it belongs to the first word's token.
var details = strings.TrimSpace(dataset.Details)

// checkTokens makes sure that the files of the checkpoint belong together, and that its answers can be scored.
func (m *Model) checkTokens() error {
	c := &m.net.Config
	if id, ok := m.tok.ID("<|image_pad|>"); !ok || id != c.ImageToken {
		return fmt.Errorf("tokenizer.json has <|image_pad|> at %d, config.json at %d", id, c.ImageToken)
	}
	if m.tok.Size() > c.VocabSize {
		return fmt.Errorf("tokenizer.json has %d tokens, config.json allows %d", m.tok.Size(), c.VocabSize)
	}
	prefix := m.tok.EncodeText(forced)
	for _, answer := range []string{"1", "2"} {
		ids := m.tok.EncodeText(forced + answer)
		if len(ids) != len(prefix)+1 || !slices.Equal(ids[:len(prefix)], prefix) {
			return fmt.Errorf("tokenizer.json joins the digit of %q to other characters, so the answers cannot be compared", forced+answer)
		}
		m.answers = append(m.answers, ids[len(prefix)])
	}
	return nil
}

// prompt is the conversation up to the point where the model speaks: system turn, frames and the question in the user's
// turn, then what the assistant is made to have said already. User text never becomes a special token.
func (m *Model) prompt(text, said string, frames ...*model.Features) (model.Prompt, error) {
	tokens := make([]int, len(frames))
	for i, f := range frames {
		tokens[i] = f.Grid.Tokens(m.net.Config.Vision.MergeSize)
	}
	ids, err := m.tok.Question(text, tokens...)
	if err != nil {
		return model.Prompt{}, err
	}
	ids = append(ids, m.tok.EncodeText(said)...)
	if limit := m.net.Config.MaxPositions; len(ids) > limit {
		return model.Prompt{}, &InputError{What: "prompt", Reason: fmt.Sprintf("is %d tokens long with its frames, the model takes %d", len(ids), limit)}
	}
	return model.Prompt{IDs: ids, Images: frames}, nil
}

// settings are JudgeOptions with the defaults filled in.
func settings(opts *JudgeOptions) (JudgeOptions, error) {
	var o JudgeOptions
	if opts != nil {
		o = *opts
	}
	if o.Prompt == "" && o.Explain {
		o.Prompt = dataset.CoT
	}
	if !utf8.ValidString(string(o.Prompt)) {
		return o, &InputError{What: "prompt", Reason: "is not valid UTF-8"}
	}
	if !(o.AbstainBelow >= 0 && o.AbstainBelow <= 1) {
		return o, &InputError{What: "AbstainBelow", Reason: fmt.Sprintf("%v is not a probability", o.AbstainBelow)}
	}
	return o, nil
}
