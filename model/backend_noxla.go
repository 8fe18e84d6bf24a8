//go:build !(cgo && !noxla && linux && amd64)

package model

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

// xlaPlugin is false in programs built without cgo: they carry the pure-Go backend only.
func xlaPlugin() bool { return false }

func openXLA(string, dtypes.DType) (compute.Backend, error) {
	return nil, fmt.Errorf("%w in this program: it is built without XLA, which takes CGO_ENABLED=1 and a C compiler, linux/amd64, and no tag noxla", ErrNoPlugin)
}

func returnFreed() {}
