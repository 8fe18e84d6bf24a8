package curriculum

import (
	"fmt"
	"image"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/model"
	"github.com/egotsr/egotsr/tokenizer"
	"github.com/egotsr/egotsr/vision"
)

// Encoder turns samples into training sequences for one checkpoint. It is safe for concurrent use.
type Encoder struct {
	Tokenizer *tokenizer.Tokenizer
	Processor vision.Processor
	EOS       int32 // the end-of-turn token that closes every target
}

// Batch encodes consecutive samples of a source, each with the prompt at its place in prompts. A frame shown by several
// samples is decoded once, and shared, so that the model encodes it once too.
func (e *Encoder) Batch(src dataset.Source, from int, prompts []dataset.Prompt) ([]model.Example, error) {
	frames := map[string]*vision.Patches{}
	frame := func(path string) (*vision.Patches, error) {
		if p := frames[path]; p != nil {
			return p, nil
		}
		img, err := src.Image(path)
		if err != nil {
			return nil, err
		}
		frames[path], err = e.patches(img, path)
		return frames[path], err
	}
	out := make([]model.Example, len(prompts))
	for i, prompt := range prompts {
		s, err := src.At(from + i)
		if err != nil {
			return nil, err
		}
		a, err := frame(s.Img1)
		if err != nil {
			return nil, err
		}
		b, err := frame(s.Img2)
		if err != nil {
			return nil, err
		}
		if out[i], err = e.example(s, prompt, a, b); err != nil {
			return nil, fmt.Errorf("sample %d: %w", from+i, err)
		}
	}
	return out, nil
}

func (e *Encoder) patches(img image.Image, path string) (*vision.Patches, error) {
	p, err := e.Processor.Patches(img)
	if err != nil {
		return nil, fmt.Errorf("image %s: %w", path, err)
	}
	return p, nil
}

// example is prompt and target as one sequence; the loss begins at the target's first token and ends with EOS, so that
// the model is taught to stop.
func (e *Encoder) example(s dataset.Sample, prompt dataset.Prompt, a, b *vision.Patches) (model.Example, error) {
	target := prompt.Target(s)
	if target == "" {
		return model.Example{}, fmt.Errorf("no label")
	}
	ids, err := e.question(prompt.Text(s.Task), a.Grid, b.Grid)
	if err != nil {
		return model.Example{}, err
	}
	start := len(ids)
	ids = append(append(ids, e.Tokenizer.EncodeText(target)...), e.EOS)
	return model.Example{IDs: ids, Frames: []*vision.Patches{a, b}, Target: start}, nil
}

// question is the conversation up to the point where the model answers: two frames and the text in the user's turn.
func (e *Encoder) question(text string, img1, img2 vision.Grid) ([]int32, error) {
	merge := e.Processor.MergeSize
	return e.Tokenizer.Chat([]tokenizer.Message{{Role: "user", Parts: []tokenizer.Part{
		{Image: true}, {Image: true}, {Text: text},
	}}}, []int{img1.Tokens(merge), img2.Tokens(merge)}, true)
}
