//go:build cgo && !noxla && linux && amd64

package model

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gomlx/go-xla/pjrt"
)

// xlaOptions are those of a backend's name: what the plugin is created with, in the types that it wants, and what go-xla reads.
type xlaOptions struct {
	create pjrt.NamedValuesMap
	flags  map[string]string
}

// text is what go-xla reads, behind the plugin's name.
func (o *xlaOptions) text() string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(o.flags)) {
		b.WriteString("," + key + "=" + o.flags[key])
	}
	return b.String()
}

// parseOptions reads options like "memory_fraction=0.5,notf32". The number of devices is ours: without one the CPU is one device,
// where the plugin would make four of it, over which training and judging would then be split to no gain.
func parseOptions(cpu bool, text string) (*xlaOptions, error) {
	// Whatever the folder of a plugin is called, a GPU shares no memory with us.
	o := &xlaOptions{pjrt.NamedValuesMap{}, map[string]string{"shared_buffers": strconv.FormatBool(cpu)}}
	if cpu {
		o.create["cpu_device_count"] = int64(1)
	}
	given := map[string]bool{}
	for option := range strings.SplitSeq(text, ",") {
		if option == "" {
			continue
		}
		key, value, has := strings.Cut(option, "=")
		if name, negated := strings.CutPrefix(key, "no"); !has && negated {
			key, value = name, "false"
		} else if !has {
			value = "true"
		}
		if given[key] {
			return nil, fmt.Errorf("option %q: %s is given twice", option, key)
		}
		given[key] = true
		if want := o.set(cpu, key, value); want != "" {
			return nil, fmt.Errorf("option %q: want %s", option, want)
		}
	}
	return o, nil
}

// set takes one option, or says what it wants instead.
func (o *xlaOptions) set(cpu bool, key, value string) (want string) {
	switch key {
	case "devices":
		if n, err := strconv.Atoi(value); err != nil || n < 1 || !cpu {
			return "a number of devices to make of the CPU; of others, visible_devices=0;1 chooses"
		} else {
			o.create["cpu_device_count"] = int64(n)
		}
		return ""
	case "shared_buffers":
		return o.flag(key, value)
	}
	if cpu {
		return "devices=N or shared_buffers, which are all that a CPU takes"
	}
	switch key {
	case "tf32", "preallocate":
		return o.flag(key, value)
	case "memory_fraction":
		f, err := strconv.ParseFloat(value, 32)
		if err != nil || !(f > 0 && f <= 1) {
			return "a part of the device's memory above 0 and up to 1"
		}
		o.create[key] = float32(f)
	case "visible_devices":
		var ids []int64
		for text := range strings.SplitSeq(value, ";") {
			id, err := strconv.ParseInt(text, 10, 32)
			if err != nil || id < 0 || slices.Contains(ids, id) {
				return "numbers of devices as nvidia-smi has them, each once, like 0;1"
			}
			ids = append(ids, id)
		}
		o.create[key] = ids
	case "allocator":
		if value == "" || value == "true" || value == "false" {
			return "the name of one, such as bfc or cuda_async"
		}
		o.create[key] = value
	default:
		return "tf32, preallocate, memory_fraction, visible_devices or allocator"
	}
	return ""
}

// flag takes what is either so or not.
func (o *xlaOptions) flag(key, value string) (want string) {
	b, err := strconv.ParseBool(value)
	if err != nil {
		return key + ", no" + key + ", or " + key + "=true or false"
	}
	o.flags[key] = strconv.FormatBool(b)
	return ""
}
