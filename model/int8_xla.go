//go:build cgo && !noxla && linux && amd64

package model

import (
	"strings"

	"github.com/gomlx/compute"
	"golang.org/x/sys/cpu"
)

// shortProducts is whether a backend multiplies bfloat16 faster than float32: accelerators do, and CPUs with instructions for it. XLA
// takes 0.6 of float32's time for a product with those of AVX-512, and 1.2 of it on a CPU that has AVX2 alone.
func shortProducts(b compute.Backend) bool {
	if pureGo(b) {
		return false
	}
	return cpu.X86.HasAVX512BF16 || cpu.X86.HasAMXBF16 || !strings.Contains(strings.ToLower(b.Description()), "cpu")
}
