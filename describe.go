package egotsr

import (
	"context"
	"image"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/dataset/cot"
)

// Describe makes a Model a cot.Maker. The model describes both frames under dataset.CoT, as it does for Judge with Explain,
// and concludes from what it wrote. The details are empty where its text does not tell the frames apart, and there is no
// conclusion where it is undecided; cot.Fill rejects both.
func (m *Model) Describe(ctx context.Context, s dataset.Sample, img1, img2 image.Image) (cot.Answer, error) {
	j, err := m.Judge(ctx, Pair{Task: s.Task, Img1: img1, Img2: img2}, &JudgeOptions{Explain: true})
	if err != nil {
		return cot.Answer{}, err
	}
	a := cot.Answer{Detail: j.Detail}
	if j.Closer != Undecided {
		a.Closer = j.Closer.String()
	}
	return a, nil
}
