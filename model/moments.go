package model

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/egotsr/egotsr/internal/optim"
	"github.com/egotsr/egotsr/internal/safetensors"
)

// kept are the variables that a run goes on from: weights under "w/", which are float32 where a stage has trained them, and of the
// stage under way adapters under "a/", moments under "m/" and "v/", all float32.
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

// WriteState writes, as one safetensors file, the weights in the types they are held in, and what the stage under way has of adapters
// and moments.
func (t *Training) WriteState(w io.Writer) error {
	var list []safetensors.Tensor
	for key, v := range t.kept() {
		list = append(list, safetensors.Tensor{
			Name: key, DType: stored(v), Shape: v.Shape().Dimensions,
			WriteTo: func(w io.Writer) error {
				value, err := v.Value()
				if err != nil {
					return err
				}
				return writeTensor(w, stored(v), value)
			},
		})
	}
	slices.SortFunc(list, func(a, b safetensors.Tensor) int { return strings.Compare(a.Name, b.Name) })
	return safetensors.Write(w, nil, list)
}

// stored is the type in which a file holds a variable to the bit.
func stored(v *model.Variable) safetensors.DType {
	if v.DType() == dtypes.BFloat16 {
		return safetensors.BF16
	}
	return safetensors.F32
}

// ReadState takes up what WriteState wrote to the named file: before Begin the weights, after it the stage's adapters and
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
		kept := t.kept()
		var masters []string
		for key, v := range kept {
			if !slices.Contains(prefixes, key[:2]) {
				delete(kept, key)
				continue
			}
			info, ok := set.Info(key)
			narrow := ok && info.DType == safetensors.BF16 && t.stage == nil
			if !narrow && info.DType != safetensors.F32 || !slices.Equal(info.Shape, v.Shape().Dimensions) {
				return fmt.Errorf("%s: tensor %q is not F32 %v", path.Base(name), key, v.Shape().Dimensions)
			}
			if !narrow && t.stage == nil {
				masters = append(masters, strings.TrimPrefix(key, "w/"))
			}
		}
		if err := t.model.widen(masters); err != nil {
			return err
		}
		for key, v := range t.kept() { // masters have taken the place of what was there
			if kept[key] == nil {
				continue
			}
			if err := readVariable(v, set, key); err != nil {
				return err
			}
		}
		return nil
	})
}

// readVariable gives a variable the value that a file has under a name.
func readVariable(v *model.Variable, set *safetensors.Set, key string) error {
	value := tensors.FromShape(v.Shape())
	var bad error
	if err := value.MutableFlatData(func(flat any) { bad = fill(flat, set, key, 0) }); err != nil || bad != nil {
		return errors.Join(err, bad)
	}
	return v.SetValue(value)
}
