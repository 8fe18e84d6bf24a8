//go:build cgo && !noxla && linux && amd64

package model

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/go-xla/pjrt"

	"github.com/egotsr/egotsr/internal/compiled"
)

// keepPrograms has what a plugin compiles kept in the user's cache directory, for the processes that come after this one. Where
// that cannot be, as in a system without a home or on a disk that is read-only, every process compiles.
func keepPrograms(plugin string) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return
	}
	path := plugin
	if !filepath.IsAbs(path) {
		there := pjrt.AvailablePlugins()
		for _, name := range slices.Sorted(maps.Keys(there)) {
			if name == plugin || strings.HasPrefix(name, plugin+"_v") { // a version of it does, as for go-xla
				path = there[name]
				break
			}
		}
	}
	_ = compiled.Keep(plugin, path, filepath.Join(cache, "egotsr", "xla"))
}

// returnFreed keeps what large calls have freed from adding up.
func returnFreed() { compiled.ReturnFreed() }
