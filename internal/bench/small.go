package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// small prints the table of the shape small: every part of the work, in float32 and bfloat16.
func (s *settings) small() error {
	fmt.Println("shape small, random weights, two 224x224 frames; seconds (medians), tokens/s, MB")
	for _, dtype := range []string{"f32", "bf16"} {
		rows, err := s.smallRows(dtype)
		if err != nil {
			return err
		}
		fmt.Printf("\n%s, %d prompt tokens%11s%18s%18s\n", dtype, rows[0].Tokens, "transformers", "ours, xla:cpu", "ours, go")
		line("single forward", rows, func(f figures) float64 { return f.Verdict }, false)
		line("  of it vision", rows, func(f figures) float64 { return f.Vision }, false)
		line("verdict, both orders", rows, func(f figures) float64 { return f.BothOrders }, false)
		line("64-frame curve", rows, func(f figures) float64 { return f.Curve }, false)
		line("decode, tokens/s", rows, func(f figures) float64 { return f.Decode }, true)
		line("peak RSS, MB", rows, func(f figures) float64 { return f.RSS }, false)
		line("train step, batch 4", rows, func(f figures) float64 { return f.Train }, false)
		line("  its peak RSS, MB", rows, func(f figures) float64 { return f.TrainRSS }, false)
	}
	fmt.Println("\nIn brackets: how many times better than transformers. 64-frame curve: 63 neighbouring pairs, asked once each.")
	fmt.Println("Train step: loss, gradients, clipping and AdamW; in bf16 both keep float32 weights (torch by autocast).")
	return nil
}

// smallRows measures transformers, then ours on XLA, then ours on the Go backend.
func (s *settings) smallRows(dtype string) (rows []figures, err error) {
	checkpoint := filepath.Join(s.dir, "small-"+dtype)
	if _, err := os.Stat(filepath.Join(checkpoint, "model.safetensors")); err != nil {
		if _, err := run(s.python, "scripts/make_checkpoint.py", "--shape", "small", "--dtype", dtype, "--tokenizer", "testdata/golden/a/checkpoint", checkpoint); err != nil {
			return nil, err
		}
	}
	n := fmt.Sprint(s.repeats)
	for _, command := range [][]string{
		{s.python, "scripts/bench_torch.py", checkpoint, "--dtype", dtype, "--json"},
		{s.self, "-worker", checkpoint, "-backend", "xla:cpu", "-n", n},
		{s.self, "-worker", checkpoint, "-backend", "go", "-n", n},
	} {
		f, err := run(command[0], command[1:]...)
		if err != nil {
			return nil, err
		}
		train := "-train"
		if command[0] == s.python {
			train = "--train"
		}
		trained, err := run(command[0], append(command[1:], train)...)
		if err != nil {
			return nil, err
		}
		f.Train, f.TrainRSS = trained.Train, trained.TrainRSS
		rows = append(rows, f)
	}
	return rows, nil
}

func line(name string, rows []figures, value func(figures) float64, moreIsBetter bool) {
	fmt.Printf("%-22s", name)
	base := value(rows[0])
	for i, r := range rows {
		v := value(r)
		format := "%9.4f"
		if v > 20 {
			format = "%9.0f"
		}
		fmt.Printf(format, v)
		if i > 0 {
			ratio := base / v
			if moreIsBetter {
				ratio = v / base
			}
			fmt.Printf(" (%.2fx)", ratio)
		} else {
			fmt.Print("  ")
		}
	}
	fmt.Println()
}
