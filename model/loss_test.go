package model

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/egotsr/egotsr/internal/optim"
	"github.com/egotsr/egotsr/vision"
)

// trainCase is the golden batch: two judgements over four images, the answers supervised.
func trainCase(t *testing.T) (goldens, []Example) {
	images, train := openGolden(t, "images.safetensors"), openGolden(t, "train.safetensors")
	ids, labels, mask := train.ints("input_ids"), train.ints("labels"), train.ints("attention_mask")
	var examples []Example
	for i := range ids {
		supervised := func(l int32) bool { return l >= 0 }
		start := slices.IndexFunc(labels[i], supervised)
		end := start + slices.IndexFunc(labels[i][start:], func(l int32) bool { return l < 0 })
		if end < start {
			end = len(labels[i])
		}
		pad := slices.Index(mask[i], 1) // left padding is dropped: positions and results do not know of it
		examples = append(examples, Example{
			IDs:    ids[i][pad:end],
			Frames: []*vision.Patches{images.patches(2 * i), images.patches(2*i + 1)},
			Target: start - pad,
		})
	}
	return train, examples
}

// TestTrainParity: losses, gradients and optimiser steps are torch's, whether activations are kept or computed again.
func TestTrainParity(t *testing.T) {
	for _, checkpointing := range []bool{false, true} {
		t.Run(fmt.Sprintf("checkpointing=%v", checkpointing), func(t *testing.T) { trainParity(t, checkpointing) })
	}
}

func trainParity(t *testing.T, checkpointing bool) {
	train, examples := trainCase(t)
	targets := 0
	for _, e := range examples {
		targets += len(e.IDs) - e.Target
	}
	for i := range examples {
		examples[i].Weight = 1 / float32(targets)
	}
	losses := trainLosses(t)
	eachBackend(t, "f32", func(t *testing.T, m *Model) {
		// The golden optimiser decays norms and biases too.
		adamw := optim.AdamW{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: 0.01}
		var params []optim.Param
		for _, p := range m.Config.Params() {
			params = append(params, optim.Param{Variable: m.store.GetVariable("/" + p.Name), Decay: true})
		}
		exec, err := model.NewExec(m.backend, m.store, func(_ *model.Scope, in []*graph.Node) []*graph.Node {
			loss := m.lossGraph(in[1:], nil, checkpointing)
			var values []*graph.Node
			for _, p := range params {
				values = append(values, p.Variable.NodeValue(loss.Graph()))
			}
			grads := graph.Gradient(loss, values...)
			return append([]*graph.Node{loss, adamw.Update(params, grads, in[0])}, grads...)
		})
		if err != nil {
			t.Fatal(err)
		}
		for step, want := range losses {
			batch, err := m.NewBatch(examples, len(examples))
			if err != nil {
				t.Fatal(err)
			}
			res, err := exec.Call(append([]any{adamw.Hyper(step+1, 1e-3)}, batch.args...)...)
			if err != nil {
				t.Fatal(err)
			}
			loss := tensors.ToScalar[float32](res[0])
			tolerance := 1e-5 * want
			if step > 0 {
				tolerance = 1e-4 * want // AdamW's first steps amplify rounding: the sign of a tiny gradient is a full step
			}
			if math.Abs(float64(loss)-want) > tolerance {
				t.Errorf("loss at step %d is %.7g, want %.7g", step, loss, want)
			}
			if step > 0 {
				continue
			}
			for i, p := range params {
				name := strings.TrimPrefix(p.Variable.Path(), "/")
				if _, ok := train.set.Info("grad." + name); ok {
					near(t, "gradient of "+name, tensors.MustCopyFlatData[float32](res[2+i]), train.floats("grad."+name), 1e-3)
				}
				if _, ok := train.set.Info("adamw1." + name); ok {
					got, want := tensors.MustCopyFlatData[float32](p.Variable.MustValue()), train.floats("adamw1."+name)
					// A first step is lr*g/(|g|+1e-8): where |g| is near 1e-8 it magnifies the gradient's own rounding.
					for j, grad := range train.floats("grad." + name) {
						if math.Abs(float64(grad)) < 1e-5 {
							got[j] = want[j]
						}
					}
					near(t, name+" after one step", got, want, 1e-6)
				}
			}
		}
	})
}

func trainLosses(t *testing.T) []float64 {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(golden, "meta.json"))
	if err != nil {
		t.Fatal(err)
	}
	var meta struct {
		Cases struct{ Train struct{ Losses []float64 } }
	}
	if err := json.Unmarshal(data, &meta); err != nil {
		t.Fatal(err)
	}
	return meta.Cases.Train.Losses
}
