package model

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"golang.org/x/sync/errgroup"

	"github.com/egotsr/egotsr/internal/safetensors"
)

// loader reads tensors, parts of them on as many goroutines as there are cores.
type loader struct {
	model   *Model
	set     *safetensors.Set
	part    int       // how many values are read at once
	wide    sync.Pool // of *[]float32, in which rows wait to be quantised
	group   errgroup.Group
	weights []*weight // in the order they were asked for
	tensors int       // asked for

	mu     sync.Mutex
	failed int // the first tensor that could not be read; beyond all of them if there is none
	err    error
}

// weight becomes a variable once its values are there.
type weight struct {
	name   string
	shape  shapes.Shape
	flat   any            // where the values go
	buffer compute.Buffer // whose memory flat is, if the backend shares it; else nil until they are all there
}

func newLoader(m *Model, set *safetensors.Set) *loader {
	// A part is so large that its own cost does not show, and so small that all cores end together.
	l := &loader{model: m, set: set, part: 1 << 20, failed: math.MaxInt}
	l.wide.New = func() any { return new([]float32) }
	l.group.SetLimit(runtime.GOMAXPROCS(0))
	return l
}

// read begins to read one tensor, and is false where that is of no use any more, because finish will fail.
func (l *loader) read(ctx context.Context, p Param) bool {
	name := l.model.Config.storedName(l.set, p.Name)
	if l.model.int8 && len(p.Shape) == 2 {
		rows, columns := p.Shape[0], p.Shape[1]
		matrix, scales := l.hold(p.Name, dtypes.Int8, rows, columns), l.hold(p.Name+scaleSuffix, dtypes.Float32, rows, 1)
		return l.parts(ctx, rows, max(1, l.part/columns), func(from, to int) error {
			buf := l.wide.Get().(*[]float32)
			defer l.wide.Put(buf)
			*buf = slices.Grow((*buf)[:0], (to-from)*columns)
			wide := (*buf)[:(to-from)*columns]
			if err := l.set.ReadFloat32At(name, from*columns, wide); err != nil {
				return err
			}
			q, s := matrix.flat.([]int8)[from*columns:], scales.flat.([]float32)
			for r := from; r < to; r++ {
				s[r] = quantise(q[(r-from)*columns:], wide[(r-from)*columns:][:columns])
			}
			return nil
		}, matrix, scales)
	}
	w := l.hold(p.Name, l.model.dtype, p.Shape...)
	return l.parts(ctx, w.shape.Size(), l.part, func(from, to int) error {
		if flat, ok := w.flat.([]float32); ok {
			return fill(flat[from:to], l.set, name, from)
		}
		return fill(w.flat.([]bfloat16.BFloat16)[from:to], l.set, name, from)
	}, w)
}

// hold makes room for a weight.
func (l *loader) hold(name string, dtype dtypes.DType, dims ...int) *weight {
	w := &weight{name: name, shape: shapes.Make(dtype, dims...)}
	l.weights = append(l.weights, w)
	if !l.model.backend.HasSharedBuffers() {
		w.flat = dtypes.MakeAnySlice(dtype, w.shape.Size())
		return w
	}
	var err error
	if w.buffer, w.flat, err = l.model.backend.NewSharedBuffer(0, w.shape); err != nil {
		l.fail(l.tensors, fmt.Errorf("tensor %s: %w", name, err))
		return w
	}
	return w
}

// parts has n rows or values of one tensor read, step at a time, into weights that are complete then.
func (l *loader) parts(ctx context.Context, n, step int, read func(from, to int) error, into ...*weight) bool {
	tensor := l.tensors
	l.tensors++
	var left atomic.Int64
	left.Store(int64((n + step - 1) / step))
	for from := 0; from < n; from += step {
		if err := ctx.Err(); err != nil {
			l.fail(tensor, err)
		}
		if l.inVain(tensor) {
			return false
		}
		l.group.Go(func() error {
			if l.inVain(tensor) {
				return nil
			}
			err := read(from, min(from+step, n))
			if err == nil && left.Add(-1) == 0 {
				err = l.upload(into)
			}
			if err != nil {
				l.fail(tensor, err)
			}
			return nil
		})
	}
	return true
}

// upload hands weights to a backend that shares no memory with us.
func (l *loader) upload(weights []*weight) (err error) {
	for _, w := range weights {
		if w.buffer != nil {
			continue
		}
		if w.buffer, err = l.model.backend.BufferFromFlatData(0, w.flat, w.shape); err != nil {
			return fmt.Errorf("tensor %s: %w", w.name, err)
		}
		w.flat = nil
	}
	return nil
}

// fail keeps the error of the first tensor that has one, whichever part of whichever tensor comes across its own first:
// the tensors before it are read to their ends.
func (l *loader) fail(tensor int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if tensor < l.failed {
		l.failed, l.err = tensor, err
	}
}

// inVain is whether this tensor or one before it has failed.
func (l *loader) inVain(tensor int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return tensor >= l.failed
}

// finish waits for all parts and makes variables of the weights. After an error there are none, and their memory is free.
func (l *loader) finish() error {
	l.group.Wait() // the errors are in l.err
	for _, w := range l.weights {
		if l.err != nil {
			if w.buffer != nil {
				w.buffer.Finalize()
			}
			continue
		}
		t, err := tensors.FromBuffer(w.buffer)
		if err == nil {
			_, err = l.model.store.CreateVariable("/"+w.name, t)
		}
		if err != nil {
			return fmt.Errorf("tensor %s: %w", w.name, err) // the store frees what it has
		}
	}
	return l.err
}
