//go:build cgo && !noxla && linux && amd64

package model

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-xla/compute/xla" // registers "xla"
	"github.com/gomlx/go-xla/pjrt"
)

// openXLA starts XLA with a configuration like "cpu,devices=4". The count is ours: without one the CPU is one device,
// where the plugin would make four of it, over which training and judging would then be split to no gain.
func openXLA(config string) (compute.Backend, error) {
	parts := strings.Split(config, ",")
	if parts[0] == "" {
		there := xla.GetAvailablePlugins()
		if len(there) == 0 {
			return nil, errors.New("no PJRT plugin is installed where PJRT_PLUGIN_LIBRARY_PATH points")
		}
		parts[0] = there[0]
	}
	cpu, devices := strings.Contains(strings.ToLower(filepath.Base(parts[0])), "cpu"), 1
	if i := slices.IndexFunc(parts, func(s string) bool { return strings.HasPrefix(s, "devices=") }); i > 0 {
		var err error
		if devices, err = strconv.Atoi(strings.TrimPrefix(parts[i], "devices=")); err != nil || devices < 1 || !cpu {
			return nil, fmt.Errorf("option %q: want a number of devices to make of the CPU; of others, visible_devices=0;1 chooses", parts[i])
		}
		parts = slices.Delete(parts, i, i+1)
	}
	options := pjrt.NamedValuesMap{}
	if cpu {
		options["cpu_device_count"] = int64(devices)
		keepPrograms(parts[0])
	}
	b, err := xla.NewWithOptions(strings.Join(parts, ","), options)
	if err != nil {
		return nil, err // not b: a nil pointer in an interface is not nil
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
