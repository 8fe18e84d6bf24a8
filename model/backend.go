package model

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend" // registers "go", the pure-Go backend
)

// NewBackend starts the named GoMLX backend: "go", "xla:cpu", "xla:cuda" or any other configuration GoMLX takes.
// The empty name is $GOMLX_BACKEND, and where that is unset, XLA on the CPU if this program and machine have it,
// else the pure-Go backend.
//
// Batches are split over all devices of a backend. A CPU is one device; "xla:cpu,devices=4" makes four of it, for trying
// out what belongs on four GPUs.
func NewBackend(name string) (b compute.Backend, err error) {
	defer func() {
		if p := recover(); p != nil { // GoMLX panics on a name it does not know
			b, err = nil, fmt.Errorf("backend %q: %v", name, p)
		}
	}()
	if name == "" {
		name = os.Getenv("GOMLX_BACKEND")
	}
	if name == "" && xlaPlugin() {
		if b, err := openXLA("cpu"); err == nil {
			return b, nil
		}
	}
	if name == "" || name == "go" {
		// One operation at a time, each on all cores: run in parallel, two matrix products of compute v0.1.6 can wait for
		// each other's workers for ever.
		name = "go:ops_sequential"
	}
	if kind, config, _ := strings.Cut(name, ":"); slices.Contains([]string{"xla", "stablehlo", "hlo", "shlo"}, kind) {
		b, err = openXLA(config)
	} else {
		b, err = compute.NewWithConfig(name)
	}
	if err != nil {
		return nil, fmt.Errorf("backend %q: %w", name, err)
	}
	return b, nil
}

// pureGo is whether b is the pure-Go backend, which calls itself "Go Backend".
func pureGo(b compute.Backend) bool { return strings.HasPrefix(b.Name(), "Go") }
