// Customstage trains the embedded model on a stage that is not EgoTSR's: frames around failures alone, asked in words of
// one's own, until nine answers in ten are right.
//
//	go run ./examples/customstage -data ../episodes-train -out runs/recovery
package main

import (
	"context"
	"errors"
	"flag"
	"io/fs"
	"os"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/examples/internal/program"
	"github.com/egotsr/egotsr/model/nano"
)

// recovery is a Tag stage in all but what it asks. It embeds the stage it is like and overrides what differs.
type recovery struct{ curriculum.Stage }

func (recovery) Name() string { return "recovery" }

// Turn asks about failures. Samples of clean progress have no answer here, and are left out.
func (recovery) Turn(s dataset.Sample) curriculum.Turn {
	if s.Kind != dataset.KindRegression && s.Kind != dataset.KindRecovery {
		return curriculum.Turn{}
	}
	return curriculum.Turn{
		Question: "Something may have gone wrong. Task: " + s.Task + ". Which picture is closer to completion?",
		Answer:   dataset.Verdict + s.Closer,
		Given:    len(dataset.Verdict + "img"), // only the digit is learnt
	}
}

// Done ends the stage when nine answers in ten are right.
func (recovery) Done(history []curriculum.Validation) bool {
	return history[len(history)-1].Answers.All.Share() >= 0.9
}

func main() {
	data := flag.String("data", "", "`folder` of simulated episodes; not those that a checkpoint is measured on")
	out := flag.String("out", "runs/recovery", "`directory` of the run")
	steps := flag.Int("steps", 200, "optimiser steps at most")
	program.Main(func(ctx context.Context) error {
		if *data == "" {
			return errors.New("-data is needed")
		}
		return train(ctx, nano.FS(), *data, *out, *steps)
	})
}

func train(ctx context.Context, checkpoint fs.FS, data, out string, steps int) error {
	m, err := egotsr.Open(ctx, checkpoint, nil)
	if err != nil {
		return err
	}
	defer m.Close()
	disk := os.DirFS(data)
	episodes, err := program.Episodes(disk)
	if err != nil {
		return err
	}
	// Every fifth episode is for validation: episodes, not pairs, keep the two apart.
	var learn, held []dataset.Episode
	for i, e := range episodes {
		if i%5 == 0 {
			held = append(held, e)
		} else {
			learn = append(learn, e)
		}
	}
	src, err := dataset.NewPairs(disk, learn, dataset.PairOptions{Seed: 1, Groups: 1 << 20, RegressionShare: 0.5})
	if err != nil {
		return err
	}
	t, err := egotsr.NewTrainer(m, []curriculum.Stage{recovery{curriculum.Tag(src, &curriculum.Recipe{
		LR: 1e-4, MaxGradNorm: 1, MaxSteps: steps, Batch: 32, Both: true,
		Validation: dataset.ValidationPairs(disk, held, dataset.ValidationOptions{PerEpisode: 8, Seed: 1}), ValidateEvery: 50,
	})}}, &egotsr.TrainOptions{Dir: out, Keep: 1})
	if err != nil {
		return err
	}
	return errors.Join(t.Run(ctx), t.Close())
}
