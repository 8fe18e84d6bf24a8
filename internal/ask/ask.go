// Package ask puts questions about frames to a model and reads its answers: it lays out the two orders in which a pair can be
// shown, forces the beginning of the verdict, and weighs the two digits that can follow. Judging, progress, tracking,
// calibration and the validation of a training all ask through it, so that what is validated is what a user gets.
package ask

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/model"
	"github.com/egotsr/egotsr/tokenizer"
)

// forced is what the assistant is made to begin with. The tokens of "1" and "2" follow it; Qwen2's tokenizer never joins a digit
// to what stands before it, which New makes sure of.
const forced = dataset.Verdict + "img"

// ErrNotFinite is the error of a model whose logits are no numbers. It must not pass for an opinion: a comparison with NaN is false,
// so a broken model would always seem to name the same frame.
var ErrNotFinite = errors.New("the model's logits are not finite numbers: its weights are damaged or overflow")

// LengthError is the error of a prompt that is too long for the model.
type LengthError struct{ Tokens, Limit int }

func (e *LengthError) Error() string {
	return fmt.Sprintf("is %d tokens long with its frames, the model takes %d", e.Tokens, e.Limit)
}

// Asker asks one model. It is safe for concurrent use.
type Asker struct {
	net    *model.Model
	tok    *tokenizer.Tokenizer
	digits []int32 // the tokens of "1" and "2"
}

// New makes sure that tokenizer and model belong together, and that the answers can be told apart by one token.
func New(net *model.Model, tok *tokenizer.Tokenizer) (*Asker, error) {
	a := &Asker{net: net, tok: tok}
	if id, ok := tok.ID("<|image_pad|>"); !ok || id != net.Config.ImageToken {
		return nil, fmt.Errorf("tokenizer.json has <|image_pad|> at %d, config.json at %d", id, net.Config.ImageToken)
	}
	if tok.Size() > net.Config.VocabSize {
		return nil, fmt.Errorf("tokenizer.json has %d tokens, config.json allows %d", tok.Size(), net.Config.VocabSize)
	}
	prefix := tok.EncodeText(forced)
	for _, digit := range []string{"1", "2"} {
		ids := tok.EncodeText(forced + digit)
		if len(ids) != len(prefix)+1 || !slices.Equal(ids[:len(prefix)], prefix) {
			return nil, fmt.Errorf("tokenizer.json joins the digit of %q to other characters, so the answers cannot be compared", forced+digit)
		}
		a.digits = append(a.digits, ids[len(prefix)])
	}
	return a, nil
}

// Prompt is the conversation up to the point where the model speaks: system turn, frames and the text in the user's turn, then what
// the assistant is made to have said already. User text never becomes a special token.
func (a *Asker) Prompt(text, said string, frames ...*model.Features) (model.Prompt, error) {
	tokens := make([]int, len(frames))
	for i, f := range frames {
		tokens[i] = f.Grid.Tokens(a.net.Config.Vision.MergeSize)
	}
	ids, err := a.tok.Question(text, tokens...)
	if err != nil {
		return model.Prompt{}, err
	}
	ids = append(ids, a.tok.EncodeText(said)...)
	if limit := a.net.Config.MaxPositions; len(ids) > limit {
		return model.Prompt{}, &LengthError{len(ids), limit}
	}
	return model.Prompt{IDs: ids, Images: frames}, nil
}

// Pair asks which of two frames is closer to completion.
type Pair struct {
	Text   string // the user's
	Frames [2]*model.Features
	Orders []int            // 0 shows the frames as they stand here, 1 swapped; nil = both
	Begun  [2]*model.Prefix // of prompts that show each of the frames first, see Begin; nil = not at hand
	Said   [2]string        // what the assistant wrote before its verdict, by order: a description of the frames on a line of its own, or nothing
}

var bothOrders = []int{0, 1}

// Asked are the orders of a pair: those it names, or both.
func (p *Pair) Asked() []int {
	if p.Orders == nil {
		return bothOrders
	}
	return p.Orders
}

// Shown are the frames as an order shows them.
func (p *Pair) Shown(order int) (first, second *model.Features) {
	return p.Frames[order], p.Frames[1-order]
}

// Begin computes what all questions that show a frame first have in common, for Pair.Begun.
func (a *Asker) Begin(ctx context.Context, frames ...*model.Features) ([]*model.Prefix, error) {
	prompts := make([]model.Prompt, len(frames))
	for i, f := range frames {
		var err error
		if prompts[i], err = a.Prompt("", "", f); err != nil {
			return nil, err
		}
	}
	return a.net.Prefixes(ctx, prompts)
}

// Odds gives, for every pair and each order it is asked in, the log-odds that the frame shown first is closer. All are asked in one
// graph run.
func (a *Asker) Odds(ctx context.Context, pairs []Pair) ([][2]float64, error) {
	var prompts []model.Prompt
	for i := range pairs {
		p := &pairs[i]
		for _, order := range p.Asked() {
			first, second := p.Shown(order)
			said := p.Said[order]
			if said != "" {
				said += "\n"
			}
			prompt, err := a.Prompt(p.Text, said+forced, first, second)
			if err != nil {
				return nil, err
			}
			prompts = append(prompts, prompt.Follows(p.Begun[order]))
		}
	}
	logits, err := a.net.Score(ctx, prompts, a.digits)
	if err != nil {
		return nil, err
	}
	odds := make([][2]float64, len(pairs))
	for i := range pairs {
		for _, order := range pairs[i].Asked() {
			z := float64(logits[0][0]) - float64(logits[0][1])
			if math.IsNaN(z) || math.IsInf(z, 0) {
				return nil, ErrNotFinite
			}
			odds[i][order], logits = z, logits[1:]
		}
	}
	return odds, nil
}
