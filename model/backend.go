package model

import (
	"fmt"
	"os"
	"strings"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend" // registers "go", the pure-Go backend
)

// NewBackend starts the named GoMLX backend: "go", "xla:cpu", "xla:cuda" or any other configuration GoMLX takes.
// The empty name is $GOMLX_BACKEND, and where that is unset, XLA on the CPU if this program and machine have it,
// else the pure-Go backend.
func NewBackend(name string) (compute.Backend, error) {
	if name == "" {
		name = os.Getenv("GOMLX_BACKEND")
	}
	if name != "" {
		b, err := compute.NewWithConfig(name)
		if err != nil {
			return nil, fmt.Errorf("backend %q: %w", name, err)
		}
		return b, nil
	}
	if xlaPlugin() {
		if b, err := compute.NewWithConfig("xla:cpu"); err == nil {
			return b, nil
		}
	}
	return compute.NewWithConfig("go")
}

// isXLA tells the backends that compile (and so want few shapes and own their buffers) from the interpreter.
func isXLA(b compute.Backend) bool { return strings.HasPrefix(strings.ToLower(b.Name()), "xla") }
