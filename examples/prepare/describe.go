package main

import (
	"context"
	"fmt"
	"image"
	"os"
	"strings"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/dataset/cot"
	"github.com/egotsr/egotsr/endpoint"
)

// describer makes a loaded checkpoint a cot.Maker. It describes both frames as Judge does with Explain, and concludes from
// what it wrote. The details are empty where its text does not tell the frames apart, and there is no conclusion where it
// is undecided; cot.Fill rejects both.
type describer struct {
	judge func(context.Context, egotsr.Pair, *egotsr.JudgeOptions) (egotsr.Judgement, error) // Model.Judge
	name  string
}

func (d describer) Describe(ctx context.Context, s dataset.Sample, img1, img2 image.Image) (cot.Answer, error) {
	j, err := d.judge(ctx, egotsr.Pair{Task: s.Task, Img1: img1, Img2: img2}, &egotsr.JudgeOptions{Explain: true})
	a := cot.Answer{Detail: j.Detail}
	if j.Closer != egotsr.Undecided {
		a.Closer = j.Closer.String()
	}
	return a, err
}

// Identity tells the answers of checkpoints apart in a spool.
func (d describer) Identity() string { return "checkpoint\x00" + d.name }

// maker is who describes frames for the CoT stage: the annotations, a model behind a server, whose key is in a file, or a
// checkpoint, which stays open.
func maker(ctx context.Context, who, model, key string, episodes []dataset.Episode) (cot.Maker, error) {
	switch {
	case who == "":
		return cot.Annotations(episodes), nil
	case !strings.Contains(who, "://"):
		m, err := egotsr.Open(ctx, os.DirFS(who), nil)
		if err != nil {
			return nil, fmt.Errorf("-describe: %w", err)
		}
		return describer{m.Judge, who}, nil
	}
	c := &endpoint.Client{URL: who, Model: model}
	if key != "" {
		data, err := os.ReadFile(key)
		if err != nil {
			return nil, fmt.Errorf("-key: %w", err)
		}
		c.Key = endpoint.Secret(data)
	}
	return c, nil
}
