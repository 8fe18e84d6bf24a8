package model

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	_ "github.com/gomlx/compute/gobackend" // registers "go", the pure-Go backend
)

// newBackend starts a backend by the name that [Load] takes, for a model that computes in a type. What keeps it from starting is an
// *OptionError.
func newBackend(name string, dtype dtypes.DType) (b compute.Backend, err error) {
	asked := name
	defer func() {
		if p := recover(); p != nil { // GoMLX panics on a name it does not know
			b, err = nil, fmt.Errorf("%v", p)
		}
		if err != nil {
			what := fmt.Sprintf("%q", cmp.Or(asked, name))
			if asked == "" && name == os.Getenv("GOMLX_BACKEND") {
				what = fmt.Sprintf("is empty, and $GOMLX_BACKEND, %q,", name)
			}
			b, err = nil, &OptionError{"Backend", what + " cannot be started", explain(err)}
		}
	}()
	if name == "" {
		name = os.Getenv("GOMLX_BACKEND")
	}
	if name == "" && xlaPlugin() {
		if b, err := openXLA("cpu", dtype); err == nil {
			return b, nil
		}
	}
	if name == "" || name == "go" {
		// One operation at a time, each on all cores: run in parallel, two matrix products of compute v0.1.6 can wait for
		// each other's workers for ever.
		name = "go:ops_sequential"
	}
	if kind, config, _ := strings.Cut(name, ":"); slices.Contains([]string{"xla", "stablehlo", "hlo", "shlo"}, kind) {
		return openXLA(config, dtype)
	}
	return compute.NewWithConfig(name)
}

// pureGo is whether b is the pure-Go backend, which calls itself "Go Backend".
func pureGo(b compute.Backend) bool { return strings.HasPrefix(b.Name(), "Go") }

// settle moves the weights to a device that has a memory of its own, so that one without room for them is told of at once, and the host
// keeps no copy. Of several devices each takes what is its own at the first run.
func (m *Model) settle() error {
	if m.backend.HasSharedBuffers() || m.mesh != nil {
		return nil
	}
	for v := range m.store.IterVariables() {
		t, err := v.Value()
		if err == nil {
			err = t.ToDevice(m.backend, 0)
		}
		if err != nil {
			return fmt.Errorf("tensor %s: %w", strings.TrimPrefix(v.Path(), "/"), err)
		}
	}
	return nil
}
