//go:build cgo && !noxla && linux && amd64

package model

import (
	"os"
	"path/filepath"
	"strings"

	_ "github.com/gomlx/go-xla/compute/xla" // registers "xla"
)

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
