// Package model is Qwen2.5-VL as GoMLX graphs: it takes patches and token ids, and gives vision features, logits and
// generated tokens. It knows nothing of tasks or frames' meaning; prompts are made elsewhere.
//
// A Model may be used by many goroutines. Graph runs take turns on XLA, where one run already uses every core; on the Go
// backend, where only matrix products do, as many run side by side as there are cores. A caller whose context ends stops
// waiting at once, while its run, if it had begun, finishes unobserved.
package model

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"sync"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"golang.org/x/sync/errgroup"

	"github.com/egotsr/egotsr/internal/foreign"
)

// ErrClosed is returned by every call on a Model after Close.
var ErrClosed = errors.New("egotsr: model is closed")

// Model is a loaded checkpoint on one backend.
type Model struct {
	Config     Config
	Meter      Meter    // nil = nobody; set before the first run
	PassedOver []string // names of tensors in the file that the model has no use for, so that they were not read

	backend compute.Backend
	store   *model.Store
	dtype   dtypes.DType // of the forward pass
	int8    bool         // matrices are held as int8, see quantise

	adapters *adapters // beside the weights; nil if there are none

	mesh *distributed.DeviceMesh // of all devices; nil where there is one

	vision, score, begin, after, prefill, decode *program

	lanes  chan struct{} // holds a token for each graph run under way; its capacity is how many may be
	mu     sync.RWMutex  // held for reading during calls, for writing by Close
	closed bool
}

// Meter is told how long things take, by several goroutines at once; it should return soon. What is one of
//
//	queue     a graph run waited for those before it
//	run       a graph ran
//	compile   it ran for the first time with inputs of these shapes, which on XLA takes seconds
//	observe   a tracker dealt with a frame that was due
type Meter interface {
	Record(what string, took time.Duration)
}

// OptionError says which choice of a caller's cannot be had, and why.
type OptionError struct {
	Option string // "Backend" or "Weights"
	Reason string
	Err    error // the cause, such as [ErrNoDevice], or nil
}

func (e *OptionError) Error() string {
	if e.Err == nil {
		return "model: " + e.Option + ": " + e.Reason
	}
	return "model: " + e.Option + ": " + e.Reason + ": " + e.Err.Error()
}

func (e *OptionError) Unwrap() error { return e.Err }

// Load reads config.json and the weights, and starts a backend for them.
//
// backend is "go", "xla:cpu", "xla:cuda" or any other configuration that GoMLX takes. Empty is $GOMLX_BACKEND, and where
// that is unset, XLA on the CPU if this program and machine have it, else the pure-Go backend. Batches are split over all
// devices of a backend. A CPU is one device; "xla:cpu,devices=4" makes four of it, for trying out what belongs on four GPUs.
// What XLA compiles for a CPU is kept for other processes, in egotsr/xla in [os.UserCacheDir], of at most 256 MB.
//
// XLA needs cgo and a PJRT plugin, which is looked for and never downloaded: in the folders of $PJRT_PLUGIN_LIBRARY_PATH or, where
// that is unset, where go-xla installs; the one for CUDA then in an installed JAX (pip install "jax[cuda13]"), as
// jax_plugins/xla_cuda*/xla_cuda_plugin.so among the packages of $VIRTUAL_ENV, of $CONDA_PREFIX, of every python3 on $PATH, of the user
// and of the system. JAX's finds CUDA's libraries beside itself. go-xla warns that it does not see them, unless $GOPJRT_CUDA_CHECKS is "no".
//
// Options of a GPU follow its name, as in "xla:cuda,memory_fraction=0.5,visible_devices=0;1":
//
//	memory_fraction=0.5   at most this part of each device's memory; 0.75 unless asked otherwise
//	preallocate           take all of that at once; otherwise it is taken as needed, and kept
//	visible_devices=0;1   these of the devices alone
//	allocator=cuda_async  another of XLA's: bfc (unless asked otherwise), cuda_async, platform
//	tf32, notf32          whether products of float32 are rounded to TF32's 11 bits first. Without either, float32 weights are computed
//	                      with in float32, and with bfloat16 weights TF32 serves attention, whose products are not in bfloat16
//
// weights is "" (as stored), "f32", "bf16", or "int8": matrices in a quarter of float32's memory, widened as they are used; sums are
// float32's. A backend or weights that cannot be had are an *OptionError, and its cause is [ErrNoPlugin], [ErrNoDevice], [ErrDriver] or [ErrPlugin]
// where that is known. Weights for which the device has no room are [ErrMemory].
func Load(ctx context.Context, fsys fs.FS, backend, weights string) (*Model, error) {
	config, err := LoadConfig(fsys)
	if err != nil {
		return nil, err
	}
	m := newModel(config)
	if weights == "int8" {
		weights, m.int8 = "f32", true
	}
	if m.dtype, err = computeType(weights, config.DType); err != nil {
		return nil, err
	}
	if err := m.start(backend, func() error { return m.loadWeights(ctx, fsys) }); err != nil {
		return nil, err
	}
	return m, nil
}

func newModel(config Config) *Model { return &Model{Config: config, store: model.NewStore()} }

// start starts the backend, fills the store and builds the graphs. After an error nothing is left of any of them.
func (m *Model) start(backend string, fill func() error) (err error) {
	if m.backend, err = newBackend(backend, m.dtype); err != nil {
		return err
	}
	lanes := 1
	if pureGo(m.backend) {
		lanes = runtime.GOMAXPROCS(0)
	} else if m.Config.Parameters() >= manyParameters {
		returnFreed()
	}
	m.mesh, m.lanes = newMesh(m.backend), make(chan struct{}, lanes)
	if err = fill(); err == nil {
		err = errors.Join(m.settle(), m.build())
	}
	if err != nil {
		m.free()
	}
	return explain(err)
}

// manyParameters is where memory that calls leave behind counts for more than the time it takes to map it anew.
const manyParameters = 500_000_000

// Backend is the name by which the backend calls itself.
func (m *Model) Backend() string { return m.backend.Name() }

// inParts calls f for parts of n items: all at once where runs take turns, else item by item and side by side.
func (m *Model) inParts(n int, f func(from, to int) error) error {
	lanes := cap(m.lanes)
	if lanes == 1 || n < 2 {
		return f(0, n)
	}
	var g errgroup.Group
	g.SetLimit(lanes)
	for i := range n {
		g.Go(func() error { return f(i, i+1) })
	}
	return g.Wait()
}

func computeType(weights, stored string) (dtypes.DType, error) {
	if weights == "" {
		weights = map[string]string{"float32": "f32", "bfloat16": "bf16", "float16": "f32"}[stored]
	}
	switch weights {
	case "f32":
		return dtypes.Float32, nil
	case "bf16":
		return dtypes.BFloat16, nil
	}
	return dtypes.InvalidDType, &OptionError{Option: "Weights", Reason: fmt.Sprintf("are %q: want \"\", \"f32\", \"bf16\" or \"int8\"", weights)}
}

func (m *Model) build() (err error) {
	graphs := []func(*graph.Graph, []*graph.Node) []*graph.Node{m.visionGraph, m.scoreGraph, m.prefixGraph, m.afterGraph, m.prefillGraph, m.decodeGraph}
	splits := []func(int) bool{splitFrames, splitPrompts, splitPrefixes, splitRests, nil, nil} // generating has no batch to share
	for i, exec := range m.execs() {
		if *exec, err = m.newProgram(splits[i], graphs[i]); err != nil {
			return err
		}
	}
	return nil
}

// rebuild makes the graphs anew, for weights that have another type or lie elsewhere. No graph may run meanwhile.
func (m *Model) rebuild() error {
	for _, e := range m.execs() {
		(*e).Finalize()
	}
	return m.build()
}

func (m *Model) execs() []**program {
	return []**program{&m.vision, &m.score, &m.begin, &m.after, &m.prefill, &m.decode}
}

func (m *Model) weights(g *graph.Graph) *weights {
	return &weights{config: &m.Config, store: m.store, graph: g, compute: m.dtype, adapters: m.adapters, shortProducts: shortProducts(m.backend)}
}

// Close waits for calls under way and frees weights and compiled graphs. Later calls return ErrClosed.
func (m *Model) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil
	}
	m.closed = true
	m.free()
	return nil
}

func (m *Model) free() {
	for _, e := range m.execs() {
		if *e != nil {
			(*e).Finalize()
		}
	}
	m.store.Finalize()
	m.backend.Finalize()
}

// run executes one graph when its turn comes: exec is read then, since [Model.rebuild] replaces it. The graph runs on a
// goroutine of its own, so that a cancelled caller returns at once; the turn and the model stay held until the run has
// really ended.
func (m *Model) run(ctx context.Context, exec **program, args ...any) ([]*tensors.Tensor, error) {
	m.mu.RLock()
	if m.closed {
		m.mu.RUnlock()
		return nil, ErrClosed
	}
	asked := time.Now()
	select {
	case m.lanes <- struct{}{}:
	case <-ctx.Done():
		m.mu.RUnlock()
		return nil, ctx.Err()
	}
	broken := m.measure("queue", asked)
	type result struct {
		out []*tensors.Tensor
		err error
	}
	done := make(chan result, 1)
	go func() {
		defer m.mu.RUnlock()
		defer func() { <-m.lanes }()
		p, began := *exec, time.Now()
		before := p.built.Load()
		var r result
		r.out, r.err = p.Call(args...)
		what := "run"
		if finalize(args); p.built.Load() != before {
			what = "compile"
		}
		if err := cmp.Or(broken, m.measure(what, began)); r.err == nil {
			r.err = err
		}
		done <- r
	}()
	select {
	case r := <-done:
		return r.out, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// measure tells the meter, which is foreign code, and is called with locks held and on a goroutine of ours.
func (m *Model) measure(what string, since time.Time) error {
	if m.Meter == nil {
		return nil
	}
	return foreign.Run("Meter.Record", func() { m.Meter.Record(what, time.Since(since)) })
}
