//go:build cgo && !noxla && linux && amd64

package model

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/go-xla/compute/xla" // registers "xla"
)

// openXLA starts XLA with a configuration like "cpu,devices=4" or "cuda,memory_fraction=0.5", see [Load].
func openXLA(config string, dtype dtypes.DType) (compute.Backend, error) {
	plugin, rest, _ := strings.Cut(config, ",")
	if plugin == "" {
		there := xla.GetAvailablePlugins()
		if len(there) == 0 {
			return nil, fmt.Errorf("%w where PJRT_PLUGIN_LIBRARY_PATH points", ErrNoPlugin)
		}
		plugin = there[0]
	}
	cpu := strings.Contains(strings.ToLower(filepath.Base(plugin)), "cpu")
	o, err := parseOptions(cpu, rest)
	if err != nil {
		return nil, err
	}
	if !cpu && o.flags["tf32"] == "" {
		// On the GPU float32 means float32. Beside weights of 8 bits of fraction the 11 of TF32 lose nothing: there it is on, for attention.
		o.flags["tf32"] = strconv.FormatBool(dtype == dtypes.BFloat16)
	}
	if plugin == "cuda" {
		// By its path: go-xla leaves out by name what it sees no device for, and we would rather hear the reason.
		if plugin, err = findCUDA(); err != nil {
			return nil, err
		}
	}
	if cpu {
		keepPrograms(plugin)
	}
	b, err := xla.NewWithOptions(plugin+o.text(), o.create)
	if err != nil {
		return nil, explainCUDA(plugin, err) // not b: a nil pointer in an interface is not nil
	}
	return b, nil
}

// xlaPlugin reports whether a PJRT CPU plugin lies where $PJRT_PLUGIN_LIBRARY_PATH points: without one XLA would try
// to download its own, which a library must not do unasked.
func xlaPlugin() bool {
	for _, dir := range filepath.SplitList(os.Getenv("PJRT_PLUGIN_LIBRARY_PATH")) {
		names, _ := filepath.Glob(filepath.Join(dir, "pjrt_c_api_*_plugin.so"))
		for _, n := range names {
			if strings.Contains(filepath.Base(n), "cpu") {
				return true
			}
		}
	}
	return false
}
