package model

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/egotsr/egotsr/internal/optim"
	"github.com/egotsr/egotsr/internal/safetensors"
)

// kept are the float32 variables that a run goes on from, beside what a checkpoint holds: masters under "w/", and of the stage
// under way adapters under "a/", moments under "m/" and "v/".
func (t *Training) kept() map[string]*model.Variable {
	store := t.model.store
	kept := map[string]*model.Variable{}
	for _, p := range t.model.Config.Params() {
		kept["w/"+p.Name] = store.GetVariable("/" + p.Name)
	}
	if t.stage == nil {
		return kept
	}
	for _, p := range t.stage.params {
		name := strings.TrimPrefix(p.Variable.Path(), "/")
		kept["m/"+name] = optim.Moment(store, optim.FirstMoment, p.Variable)
		kept["v/"+name] = optim.Moment(store, optim.SecondMoment, p.Variable)
	}
	if a := t.model.adapters; a != nil {
		for _, p := range a.params {
			kept["a/"+p.Name] = store.GetVariable("/" + p.Name)
		}
	}
	return kept
}

// WriteState writes, as one safetensors file, the masters and what the stage under way has of adapters and moments.
func (t *Training) WriteState(w io.Writer) error {
	var list []safetensors.Tensor
	for key, v := range t.kept() {
		list = append(list, safetensors.Tensor{
			Name: key, DType: safetensors.F32, Shape: v.Shape().Dimensions,
			WriteTo: func(w io.Writer) error {
				value, err := v.Value()
				if err != nil {
					return err
				}
				return writeTensor(w, safetensors.F32, value)
			},
		})
	}
	slices.SortFunc(list, func(a, b safetensors.Tensor) int { return strings.Compare(a.Name, b.Name) })
	return safetensors.Write(w, nil, list)
}

// ReadState takes up what WriteState wrote to the named file: before Begin the masters, after it the stage's adapters and
// moments. A tensor that is missing or has another shape is an error; some may then have been read.
func (t *Training) ReadState(ctx context.Context, files fs.FS, name string) error {
	prefixes := []string{"w/"}
	if t.stage != nil {
		prefixes = []string{"a/", "m/", "v/"}
	}
	set, err := safetensors.Open(files, name)
	if err != nil {
		return err
	}
	defer set.Close()
	return t.model.exclusive(ctx, func() error {
		for key, v := range t.kept() {
			if !slices.Contains(prefixes, key[:2]) {
				continue
			}
			info, ok := set.Info(key)
			if !ok || info.DType != safetensors.F32 || !slices.Equal(info.Shape, v.Shape().Dimensions) {
				return fmt.Errorf("%s: tensor %q is not F32 %v", path.Base(name), key, v.Shape().Dimensions)
			}
			flat := make([]float32, v.Shape().Size())
			if err := set.ReadFloat32(key, flat); err != nil {
				return err
			}
			if err := v.SetValue(tensors.FromFlatDataAndDimensions(flat, v.Shape().Dimensions...)); err != nil {
				return err
			}
		}
		return nil
	})
}
