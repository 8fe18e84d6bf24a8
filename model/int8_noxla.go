//go:build !(cgo && !noxla && linux && amd64)

package model

import "github.com/gomlx/compute"

// shortProducts is whether a backend multiplies bfloat16 faster than float32: the pure-Go one does not.
func shortProducts(compute.Backend) bool { return false }
