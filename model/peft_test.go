package model

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/egotsr/egotsr/internal/safetensors"
)

// TestPEFT exchanges adapters with Hugging Face's peft in both directions, and compares gradients with torch's. It runs
// where EGOTSR_PEFT names a Python that has them; see scripts/check_peft.py.
func TestPEFT(t *testing.T) {
	python := os.Getenv("EGOTSR_PEFT")
	if python == "" {
		t.Skip("EGOTSR_PEFT names no Python with peft")
	}
	ctx, from := context.Background(), os.DirFS(golden+"/checkpoint")
	script := func(t *testing.T, args ...string) {
		out, err := exec.Command(python, append([]string{"../scripts/check_peft.py"}, args...)...).CombinedOutput()
		for line := range strings.Lines(string(out)) {
			if strings.HasPrefix(line, "made") || strings.HasPrefix(line, "loaded") || err != nil {
				t.Log(strings.TrimSpace(line))
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	made := t.TempDir()
	script(t, "make", golden+"/checkpoint", made)
	reference := func(t *testing.T, name string) goldens {
		set, err := safetensors.Open(os.DirFS(made), name+".safetensors")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { set.Close() })
		return goldens{t, set}
	}
	for _, name := range []string{"plain", "rslora", "embeddings", "merger", "untied"} {
		base := golden + "/checkpoint"
		if name == "untied" {
			base = filepath.Join(made, "checkpoint")
		}
		t.Run("merge "+name, func(t *testing.T) {
			for _, backend := range backends(t) {
				m := open(t, os.DirFS(base), backend, "f32")
				if err := m.Adapt(ctx, os.DirFS(filepath.Join(made, name))); err != nil {
					t.Fatal(err)
				}
				got, want := answer(t, m), reference(t, name).floats("logits")
				t.Logf("%s: logits differ by %.3g", backend, furthest(got, want))
				near(t, "logits", got, want, 3e-5)
			}
		})
	}
	for name, reason := range map[string]string{"dora": "use_dora = true", "tied": "modules_to_save", "default": ".default"} {
		t.Run("refuse "+name, func(t *testing.T) {
			err := open(t, from, "go", "f32").Adapt(ctx, os.DirFS(filepath.Join(made, name)))
			if err == nil || !strings.Contains(err.Error(), reason) {
				t.Error(err)
			}
		})
	}
	t.Run("gradient", func(t *testing.T) {
		eachBackend(t, "f32", func(t *testing.T, m *Model) { peftGradient(t, m, filepath.Join(made, "plain"), reference(t, "plain")) })
	})
	t.Run("load", func(t *testing.T) {
		eachBackend(t, "f32", func(t *testing.T, m *Model) {
			attach(t, m, everywhere)
			trained(t, m)
			file := filepath.Join(t.TempDir(), "logits.safetensors")
			var b bytes.Buffer
			logits := answer(t, m)
			if err := safetensors.Write(&b, nil, []safetensors.Tensor{{Name: "logits", DType: safetensors.F32, Shape: []int{len(logits)},
				WriteTo: func(w io.Writer) error { return binary.Write(w, binary.LittleEndian, logits) }}}); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			script(t, "load", apart(t, m), file)
		})
	})
}

// peftGradient attaches an adapter of peft's without merging it, and compares the gradients of all its tensors.
func peftGradient(t *testing.T, m *Model, dir string, want goldens) {
	set, err := safetensors.Open(os.DirFS(dir), adapterWeights)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	adapter := goldens{t, set}
	attach(t, m, everywhere)
	names := map[string]string{} // as peft has them
	for _, p := range adaptersOf(m) {
		layer, which := strings.TrimPrefix(p.Name[:len(p.Name)-2], adapterPrefix), p.Name[len(p.Name)-1:]
		names[p.Name] = peftPrefix + peftModule(layer) + ".lora_" + which + ".weight"
		setValues(t, m, p, adapter.floats(names[p.Name]))
	}
	if len(names) != len(set.Names()) {
		t.Fatalf("%d adapters, peft has %d", len(names), len(set.Names()))
	}
	_, examples := trainCase(t)
	targets := 0
	for _, e := range examples {
		targets += len(e.IDs) - e.Target
	}
	for i := range examples {
		examples[i].Weight = 1 / float32(targets)
	}
	exec, err := model.NewExec(m.backend, m.store, func(_ *model.Scope, in []*graph.Node) []*graph.Node {
		loss := m.lossGraph(in, nil, false)
		var nodes []*graph.Node
		for _, p := range adaptersOf(m) {
			nodes = append(nodes, m.store.GetVariable("/"+p.Name).NodeValue(loss.Graph()))
		}
		return graph.Gradient(loss, nodes...)
	})
	if err != nil {
		t.Fatal(err)
	}
	batch, err := m.NewBatch(examples, len(examples))
	if err != nil {
		t.Fatal(err)
	}
	res, err := exec.Call(batch.args...)
	if err != nil {
		t.Fatal(err)
	}
	worst := 0.0
	for i, p := range adaptersOf(m) {
		got, reference := tensors.MustCopyFlatData[float32](res[i]), want.floats("grad."+names[p.Name])
		near(t, "gradient of "+p.Name, got, reference, 1e-3)
		worst = max(worst, furthest(got, reference)/furthest(reference, make([]float32, len(reference))))
	}
	t.Logf("gradients of %d tensors differ by at most %.2g of their largest value", len(names), worst)
}
