package model

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/egotsr/egotsr/internal/safetensors"
	"github.com/egotsr/egotsr/internal/sidefile"
	"github.com/egotsr/egotsr/internal/state"
)

const weightsFile = "model.safetensors"

// CalibrationFile is an addition to the Hugging Face layout, which transformers ignores: {"temperature": t}.
const CalibrationFile = "calibration.json"

// Save writes the checkpoint in Hugging Face layout: config.json and the weights, in the type the config names ("float32"
// or "bfloat16"), and every other file of from unchanged except weights. The directory appears whole or not at all: it is
// written under a temporary name, synced, and renamed; what stood there before is then removed.
func (m *Model) Save(ctx context.Context, from fs.FS, calibration []byte, dir string) (err error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.closed {
		return ErrClosed
	}
	if m.int8 {
		return errors.New("save: int8 weights have lost what they were rounded from; open the checkpoint with others to save it")
	}
	select {
	case m.lanes <- struct{}{}: // weights must not change while they are written
		defer func() { <-m.lanes }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return state.Disk{}.Replace(dir, func(d *state.Dir) error { return m.writeMerged(ctx, from, calibration, d) })
}

// Files is a directory that is being written: File makes one file of it, and the folders in its name.
type Files interface {
	File(name string, write func(io.Writer) error) error
}

// writeMerged writes the files of Save: an ordinary checkpoint, in whose weights adapters are merged. Nothing may change the
// weights meanwhile.
func (m *Model) writeMerged(ctx context.Context, from fs.FS, calibration []byte, d Files) error {
	parts, err := m.lowRank()
	if err != nil {
		return err
	}
	return m.writeFiles(ctx, from, calibration, d, parts)
}

// writeFiles writes a checkpoint whose weights have these factors added to them.
func (m *Model) writeFiles(ctx context.Context, from fs.FS, calibration []byte, d Files, parts map[string]factors) error {
	if err := copySideFiles(from, d); err != nil {
		return err
	}
	config, err := m.Config.JSON()
	if err != nil {
		return err
	}
	if err := d.File(configFile, func(w io.Writer) error { _, err := w.Write(config); return err }); err != nil {
		return err
	}
	if calibration != nil {
		if err := d.File(CalibrationFile, func(w io.Writer) error { _, err := w.Write(calibration); return err }); err != nil {
			return err
		}
	}
	return d.File(weightsFile, func(w io.Writer) error { return m.writeWeights(ctx, w, parts) })
}

// copySideFiles copies what is neither weights nor config: tokenizer, processor, licence.
func copySideFiles(from fs.FS, d Files) error {
	entries, err := fs.ReadDir(from, ".")
	if err != nil {
		return fmt.Errorf("the file system that the checkpoint was opened from, whose small files are copied: %w", err)
	}
	for _, e := range entries {
		name := e.Name()
		if !sideFile(name) {
			continue
		}
		info, err := fs.Stat(from, name) // in Hugging Face's cache every file is a link
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			continue
		}
		data, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		if filepath.Ext(name) == ".json" {
			data = sidefile.WithoutBOM(data) // transformers reads no JSON that has one
		}
		if err := d.File(name, func(w io.Writer) error { _, err := w.Write(data); return err }); err != nil {
			return err
		}
	}
	return nil
}

// sideFile tells the small files that belong to a checkpoint from its weights and from what else lies beside them.
func sideFile(name string) bool {
	if name == configFile || name == CalibrationFile || strings.Contains(name, ".safetensors") {
		return false
	}
	switch filepath.Ext(name) {
	case ".json", ".jinja", ".txt", ".md", "": // LICENSE and NOTICE have no extension
		return true
	}
	return false
}

func (m *Model) writeWeights(ctx context.Context, w io.Writer, parts map[string]factors) error {
	var sum *graph.ExecOneOutput
	if len(parts) > 0 {
		var err error
		if sum, err = newSum(m, m.adapters.scale); err != nil {
			return err
		}
		defer sum.Finalize()
	}
	stored := safetensors.F32
	if m.Config.DType == "bfloat16" {
		stored = safetensors.BF16
	}
	var list []safetensors.Tensor
	for _, p := range m.Config.Params() {
		list = append(list, safetensors.Tensor{Name: p.Name, DType: stored, Shape: slices.Clone(p.Shape), WriteTo: func(w io.Writer) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			value, err := m.store.GetVariable("/" + p.Name).Value()
			if err != nil {
				return err
			}
			if f, ok := parts[p.Name]; ok {
				if value, err = sum.Call(value, f.a, f.b); err != nil {
					return err
				}
				defer value.FinalizeAll()
			}
			return writeTensor(w, stored, value)
		}})
	}
	return safetensors.Write(w, nil, list)
}

// writeTensor streams one weight from where the backend keeps it, rounding to the stored type.
func writeTensor(w io.Writer, stored safetensors.DType, t *tensors.Tensor) (err error) {
	if t.DType() == dtypes.Float32 {
		return errors.Join(tensors.ConstFlatData(t, func(flat []float32) { err = safetensors.EncodeFloat32(w, stored, flat) }), err)
	}
	return errors.Join(tensors.ConstFlatData(t, func(flat []bfloat16.BFloat16) {
		wide := make([]float32, 1<<14) // bf16 → f32 is exact, and f32 → bf16 gives the same bits back
		for len(flat) > 0 && err == nil {
			n := min(len(flat), len(wide))
			widenTo(wide, flat[:n])
			err = safetensors.EncodeFloat32(w, stored, wide[:n])
			flat = flat[n:]
		}
	}), err)
}
