package train

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"testing"
	"testing/fstest"

	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/ask"
	"github.com/egotsr/egotsr/model"
)

// TestValidateLeavesOut: samples that a stage has no question for are not asked.
func TestValidateLeavesOut(t *testing.T) {
	t.Parallel()
	m, e := tiny(t)
	held := pairs([2]int{10, 245}, [2]int{200, 100}, [2]int{0, 9})
	held.samples[1].Closer = ""
	question := func(s dataset.Sample) (string, error) {
		if s.Img1 == "0" {
			return "", nil
		}
		return "?", nil
	}
	if a, err := Validate(context.Background(), m, e, held, question, ignored); err != nil || a.All.Of != 8 {
		t.Errorf("%+v, %v", a, err)
	}
}

// TestValidateExplains: where descriptions come first, a model is asked for them, since it was taught to judge after them. Few
// pairs then have to do.
func TestValidateExplains(t *testing.T) {
	t.Parallel()
	m, e := tiny(t)
	const prompt = "{task_name}? spatial details:"
	var src painted
	for i := range 2 * explainedPairs {
		one, two := i%2*255, 255-i%2*255
		s := pairs([2]int{one, two}).samples[0]
		s.Detail = [2]string{[]string{"0", "1"}[one/255], []string{"0", "1"}[two/255]}
		src.samples = append(src.samples, s)
	}
	r := curriculum.Recipe{LR: 1e-2, MaxGradNorm: 1, MaxSteps: 80, Batch: 4, Warmup: 5}
	all := steps(t, trainer(t, m, e, curriculum.Options{}, asks("explained", src, prompt, r)), -1)
	t.Logf("loss %.3f to %.3f", all[0].Loss, all[len(all)-1].Loss)
	a, err := Validate(context.Background(), m, e, src, func(s dataset.Sample) (string, error) { return dataset.Prompt(prompt).Text(s.Task), nil }, ignored)
	if want := 2 * explainedPairs; err != nil || a.All != (curriculum.Count{Right: want, Of: want}) {
		t.Errorf("%v, %v", a, err)
	}
}

// TestValidateBroken: a model whose logits are no numbers has no opinion, and does not pass for a coin.
func TestValidateBroken(t *testing.T) {
	t.Parallel()
	broken := fstest.MapFS{}
	for _, name := range []string{"config.json", "tokenizer.json", "model.safetensors"} {
		data, err := fs.ReadFile(os.DirFS(checkpoint), name)
		if err != nil {
			t.Fatal(err)
		}
		broken[name] = &fstest.MapFile{Data: data}
	}
	weights := broken["model.safetensors"].Data
	for i := len(weights) - 4096; i < len(weights); i++ {
		weights[i] = 0xff // NaN
	}
	m, err := model.Load(t.Context(), broken, "go", "")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	_, e := tiny(t)
	_, err = Validate(t.Context(), m, e, white, func(dataset.Sample) (string, error) { return "?", nil }, ignored)
	if !errors.Is(err, ask.ErrNotFinite) {
		t.Errorf("%v, want ErrNotFinite", err)
	}
}

func ignored(error) {}

// TestValidateUnread: a pair that cannot be read is left out, and an error where none can.
func TestValidateUnread(t *testing.T) {
	t.Parallel()
	m, e := tiny(t)
	question := func(dataset.Sample) (string, error) { return "?", nil }
	held := pairs([2]int{10, 245}, [2]int{200, 100})
	held.samples[1].Img2 = "gone"
	left := 0
	if a, err := Validate(t.Context(), m, e, held, question, func(error) { left++ }); err != nil || a.All.Of != 2*(len(held.samples)-1) || left != 1 {
		t.Errorf("%+v, %v; %d left out", a, err, left)
	}
	for i := range held.samples {
		held.samples[i].Img1 = "gone"
	}
	if _, err := Validate(t.Context(), m, e, held, question, ignored); err == nil {
		t.Error("nothing could be read, and nothing was said")
	}
}
