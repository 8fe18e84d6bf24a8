package egotsr_test

import (
	"context"
	"fmt"
	"image"
	"log"
	"os"
	"strconv"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/dataset"
)

// brightens is a source of a user's own, whose frames get brighter as the task goes on.
type brightens struct{ *dataset.List }

func (brightens) Image(path string) (image.Image, error) {
	level, err := strconv.ParseUint(path, 10, 8)
	return gray(uint8(level)), err
}

// recovery is a fifth stage: setbacks alone, of which only the verdict's digit is learnt.
type recovery struct{ curriculum.Stage }

func (recovery) Name() string { return "recovery" }

func (recovery) Turn(s dataset.Sample) curriculum.Turn {
	if s.Kind != dataset.KindRegression && s.Kind != dataset.KindRecovery {
		return curriculum.Turn{}
	}
	return curriculum.Turn{Question: dataset.Long.Text(s.Task), Answer: dataset.Verdict + s.Closer, Given: len(dataset.Verdict + "img")}
}

// A fifth stage of a curriculum: it embeds the stage it is like and overrides what differs.
func ExampleNewTrainer() {
	ctx := context.Background()
	m := open()
	defer m.Close()
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	src := brightens{dataset.NewList(nil, []dataset.Sample{
		{Task: "Light the lamp", Img1: "40", Img2: "10", Closer: dataset.Img1, Kind: dataset.KindRegression},
		{Task: "Light the lamp", Img1: "10", Img2: "50", Closer: dataset.Img2, Kind: dataset.KindRecovery},
		{Task: "Light the lamp", Img1: "10", Img2: "20", Closer: dataset.Img2, Kind: dataset.KindForward},
	})}
	stage := recovery{curriculum.LongTag(src, &curriculum.Recipe{LR: 1e-5, MaxSteps: 2, Batch: 3, Both: true})}
	t, err := egotsr.NewTrainer(m, []curriculum.Stage{stage}, &egotsr.TrainOptions{Dir: dir})
	if err != nil {
		log.Fatal(err)
	}
	for step, err := range t.Steps(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(step.Stage, step.N, "of", step.Total, "samples", step.Samples, "tokens", step.Tokens)
	}
	if err := t.Close(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// recovery 1 of 2 samples 4 tokens 8
	// recovery 2 of 2 samples 4 tokens 8
}
