//go:build !(cgo && !noxla && linux && amd64)

package model

import (
	"errors"

	"github.com/gomlx/compute"
)

// xlaPlugin is false in programs built without cgo: they carry the pure-Go backend only.
func xlaPlugin() bool { return false }

func openXLA(string) (compute.Backend, error) {
	return nil, errors.New("this program is built without XLA: it takes cgo, on linux/amd64")
}
