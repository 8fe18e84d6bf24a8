package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/safetensors"
	"github.com/egotsr/egotsr/internal/timing"
	"github.com/egotsr/egotsr/model"
	"github.com/egotsr/egotsr/tokenizer"
	"github.com/egotsr/egotsr/vision"
)

// What transformers is given, and what it is compared with, lie beside the checkpoint.
const (
	inputsFile = "inputs.safetensors"
	logitsFile = "logits.json"
)

// openNet opens the checkpoint below what a robot's program sees. Training may have nearly all of a GPU.
func (w *worker) openNet(ctx context.Context) (err error) {
	if w.net == nil {
		w.net, err = model.Load(ctx, os.DirFS(w.dir), w.with("memory_fraction=0.95"), "")
	}
	return err
}

// prompt asks about two frames, up to and including the forced answer's beginning.
func (w *worker) prompt(ctx context.Context) (p model.Prompt, patches []*vision.Patches, err error) {
	files := os.DirFS(w.dir)
	words, err := tokenizer.Load(files)
	if err != nil {
		return p, nil, err
	}
	processor, err := vision.Load(files)
	if err != nil {
		return p, nil, err
	}
	for i := range 2 {
		f, err := processor.Patches(frame(w.side(), i))
		if err != nil {
			return p, nil, err
		}
		patches = append(patches, f)
	}
	n := patches[0].Grid.Tokens(processor.MergeSize)
	p.IDs, err = words.Question(dataset.Long.Text(task), n, n)
	return p, patches, err
}

// decode times 32 greedy tokens after the first, which belongs to the prompt's own pass.
func decode(ctx context.Context, w *worker) (perSecond float64, note string, err error) {
	if err := w.openNet(ctx); err != nil {
		return 0, "", err
	}
	p, patches, err := w.prompt(ctx)
	if err != nil {
		return 0, "", err
	}
	if p.Images, err = w.net.Encode(ctx, patches); err != nil {
		return 0, "", err
	}
	eos := w.net.Config.EOS
	w.net.Config.EOS = nil
	defer func() { w.net.Config.EOS = eos }()
	for range 2 { // the first round compiles
		var first time.Time
		ids, err := w.net.Generate(ctx, p, 33, func(ids []int32) bool {
			if len(ids) == 1 {
				first = time.Now()
			}
			return false
		})
		if err != nil || len(ids) != 33 {
			return 0, "", errors.Join(err, fmt.Errorf("%d tokens of 33", len(ids)))
		}
		perSecond = 32 / time.Since(first).Seconds()
	}
	return perSecond, fmt.Sprintf("after %d", len(p.IDs)), nil
}

// answers are two tokens whose logits are compared.
var answers = []int32{16, 17}

// forward times one pass over two new frames, asked in one order, and leaves what transformers needs for the same.
func forward(ctx context.Context, w *worker) (float64, string, error) {
	if err := w.openNet(ctx); err != nil {
		return 0, "", err
	}
	p, patches, err := w.prompt(ctx)
	if err != nil {
		return 0, "", err
	}
	var logits [][]float32
	pass := func() (err error) {
		if p.Images, err = w.net.Encode(ctx, patches); err == nil {
			logits, err = w.net.Score(ctx, []model.Prompt{p}, answers)
		}
		return err
	}
	if err := pass(); err != nil {
		return 0, "", err
	}
	took, err := timing.Median(11, 0, pass)
	if err != nil {
		return 0, "", err
	}
	data, err := json.Marshal(logits[0])
	if err == nil {
		err = os.WriteFile(filepath.Join(w.dir, logitsFile), data, 0o666)
	}
	return took, fmt.Sprintf("%d tokens", len(p.IDs)), err
}

// leaveInputs writes the prompt as transformers takes it.
func (w *worker) leaveInputs(ctx context.Context) error {
	p, patches, err := w.prompt(ctx)
	if err != nil {
		return err
	}
	var grids []int32
	var values []float32
	for _, f := range patches {
		grids, values = append(grids, int32(f.Grid.T), int32(f.Grid.H), int32(f.Grid.W)), append(values, f.Values...)
	}
	ints := func(v []int32) func(io.Writer) error {
		return func(out io.Writer) error { return binary.Write(out, binary.LittleEndian, v) }
	}
	width := len(patches[0].Values) / (patches[0].Grid.T * patches[0].Grid.H * patches[0].Grid.W)
	f, err := os.Create(filepath.Join(w.dir, inputsFile))
	if err != nil {
		return err
	}
	return errors.Join(safetensors.Write(f, nil, []safetensors.Tensor{
		{Name: "input_ids", DType: safetensors.I32, Shape: []int{1, len(p.IDs)}, WriteTo: ints(p.IDs)},
		{Name: "image_grid_thw", DType: safetensors.I32, Shape: []int{2, 3}, WriteTo: ints(grids)},
		{Name: "pixel_values", DType: safetensors.F32, Shape: []int{len(values) / width, width}, WriteTo: func(out io.Writer) error {
			return safetensors.EncodeFloat32(out, safetensors.F32, values)
		}},
	}), f.Close())
}

// torch is a figure of transformers', from the one run of its script.
func torch(key string) func(context.Context, *worker) (float64, string, error) {
	return func(ctx context.Context, w *worker) (float64, string, error) {
		if err := w.runTorch(ctx); err != nil {
			return 0, "", err
		}
		if why, failed := w.torch[key+"_error"]; failed {
			return 0, "", fmt.Errorf("%v", why)
		}
		value, ok := w.torch[key].(float64)
		if !ok {
			return 0, "", skipped("it was not measured")
		}
		note := ""
		if key == "open_s" {
			note = fmt.Sprint(w.torch["versions"])
		}
		return value, note, nil
	}
}

func (w *worker) runTorch(ctx context.Context) error {
	if w.torch == nil {
		w.torch = map[string]any{}
		if err := w.leaveInputs(ctx); err != nil {
			return err
		}
		device := "cpu"
		if w.cuda() {
			device = "cuda"
		}
		cmd := exec.CommandContext(ctx, w.python, w.script, w.dir, device)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if json.Unmarshal(out, &w.torch) != nil {
			w.torch["skip"] = fmt.Sprintf("%s ended with %v", w.script, err)
		}
	}
	if why, ok := w.torch["skip"]; ok {
		return skipped(fmt.Sprint(why))
	}
	return nil
}

// torchLogits compares our logits of two answers with transformers', in the same type on the same device.
func torchLogits(ctx context.Context, w *worker) (float64, string, error) {
	if err := w.runTorch(ctx); err != nil {
		return 0, "", err
	}
	data, err := os.ReadFile(filepath.Join(w.dir, logitsFile))
	if err != nil {
		return 0, "", err
	}
	var ours []float32
	if err := json.Unmarshal(data, &ours); err != nil {
		return 0, "", err
	}
	theirs, _ := w.torch["logits"].([]any)
	largest, _ := w.torch["largest_logit"].(float64)
	if len(theirs) <= int(answers[len(answers)-1]) || largest == 0 {
		return 0, "", fmt.Errorf("%v", w.torch["forward_s_error"])
	}
	worst := 0.0
	for i, id := range answers {
		other, _ := theirs[id].(float64)
		worst = max(worst, abs(float64(ours[i])-other)/largest)
	}
	return within(0.05)(worst, fmt.Sprintf("of logits up to %.3g", largest), nil)
}

func abs(x float64) float64 { return max(x, -x) }
