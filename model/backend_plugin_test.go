//go:build cgo && !noxla && linux && amd64

package model

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// TestXLAOptions: what a backend's name asks for reaches the plugin in the type that the plugin wants.
func TestXLAOptions(t *testing.T) {
	type values = map[string]any
	for text, want := range map[string]struct {
		create values
		text   string
	}{
		"": {values{}, ",shared_buffers=false"},
		"memory_fraction=0.5,preallocate=false,visible_devices=0;1,notf32": {
			values{"memory_fraction": float32(0.5), "visible_devices": []int64{0, 1}}, ",preallocate=false,shared_buffers=false,tf32=false"},
		"tf32,nopreallocate,allocator=cuda_async": {values{"allocator": "cuda_async"}, ",preallocate=false,shared_buffers=false,tf32=true"},
	} {
		o, err := parseOptions(false, text)
		if err != nil {
			t.Fatal(text, err)
		}
		if diff := cmp.Diff(want.create, values(o.create)); diff != "" || o.text() != want.text {
			t.Errorf("%s: %s (-want +got):\n%s", text, o.text(), diff)
		}
	}
	o, err := parseOptions(true, "devices=4,noshared_buffers")
	if err != nil || o.create["cpu_device_count"] != int64(4) || o.text() != ",shared_buffers=false" {
		t.Error(o, err)
	}
	for _, bad := range []string{
		"memory_fraction=0", "memory_fraction=1.5", "memory_fraction=NaN", "memory_fraction", "visible_devices=", "visible_devices=0;0", "visible_devices=0,1",
		"visible_devices=-1", "preallocate=perhaps", "tf32=2", "allocator", "devices=2", "wings=2", "tf32,notf32", "nodevices",
	} {
		if o, err := parseOptions(false, bad); err == nil || !strings.Contains(err.Error(), "want") && !strings.Contains(err.Error(), "twice") {
			t.Errorf("%s: %v, %v", bad, o, err)
		}
	}
	for _, gpu := range []string{"memory_fraction=0.5", "preallocate", "tf32", "visible_devices=0"} {
		if o, err := parseOptions(true, gpu); err == nil {
			t.Errorf("a CPU took %s: %v", gpu, o)
		}
	}
}

// TestFindCUDA: the plugin is found where it is named, and in an installed JAX.
func TestFindCUDA(t *testing.T) {
	dir := t.TempDir()
	put := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o777); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, name := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", filepath.Join(dir, "user"))
	t.Setenv("PATH", filepath.Join(dir, "none"))
	t.Setenv("PJRT_PLUGIN_LIBRARY_PATH", filepath.Join(dir, "none")+":"+filepath.Join(dir, "plugins"))
	find := func(want string) {
		t.Helper()
		if got, err := findCUDA(); got != want || (want == "") != errors.Is(err, ErrNoPlugin) {
			t.Errorf("found %s, not %s: %v", got, want, err)
		}
	}
	put("plugins/pjrt_c_api_cpu_plugin.so")
	find("")
	find(put("user/.local/lib/python3.12/site-packages/jax_plugins/xla_cuda12/xla_cuda_plugin.so"))

	t.Setenv("PATH", filepath.Join(dir, "venv/bin"))
	put("venv/bin/python3")
	put("venv/lib/python3.12/site-packages/jax_plugins/xla_cuda9/xla_cuda_plugin.so")
	find(put("venv/lib/python3.12/site-packages/jax_plugins/xla_cuda13/xla_cuda_plugin.so"))

	t.Setenv("CONDA_PREFIX", filepath.Join(dir, "conda"))
	find(put("conda/lib/python3.11/site-packages/jax_plugins/xla_cuda12/xla_cuda_plugin.so"))
	find(put("plugins/pjrt_c_api_cuda_plugin.so"))
	t.Setenv("PJRT_PLUGIN_LIBRARY_PATH", filepath.Join(dir, "venv/lib/python3.12/site-packages/jax_plugins/xla_cuda13"))
	find(filepath.Join(dir, "venv/lib/python3.12/site-packages/jax_plugins/xla_cuda13/xla_cuda_plugin.so"))
}

// TestNoDevice: XLA says of all of these that it sees no GPU.
func TestNoDevice(t *testing.T) {
	driver := func(version string) fstest.MapFS {
		return fstest.MapFS{"dev/nvidia0": {}, "proc/driver/nvidia/version": {Data: []byte(
			"NVRM version: NVIDIA UNIX x86_64 Kernel Module  " + version + "  Tue Apr 15 23:12:19 UTC 2025\nGCC version:  gcc version 12.3.0\n")}}
	}
	const plugin = "site-packages/jax_plugins/xla_cuda13/xla_cuda_plugin.so"
	for name, c := range map[string]struct {
		machine   fstest.MapFS
		hidden    string
		set       bool
		kind      error
		mentioned string
	}{
		"no driver":          {machine: fstest.MapFS{}, kind: ErrNoDevice, mentioned: "no NVIDIA driver"},
		"old driver":         {machine: driver("535.129.03"), kind: ErrDriver, mentioned: "535.129.03, and CUDA 13 takes 580"},
		"old driver, hidden": {machine: driver("570.86"), set: true, kind: ErrDriver, mentioned: "570.86"},
		"hidden":             {machine: driver("580.159.04"), hidden: "7", set: true, kind: ErrNoDevice, mentioned: `"7"`},
		"unknown":            {machine: driver("580.159.04")},
		"no version":         {machine: fstest.MapFS{"dev/nvidia0": {}}},
	} {
		err := noDevice(plugin, c.machine, c.hidden, c.set)
		if !errors.Is(err, c.kind) || err != nil && !strings.Contains(err.Error(), c.mentioned) {
			t.Errorf("%s: %v", name, err)
		}
	}
	open := fstest.MapFS{"proc/driver/nvidia/version": {Data: []byte("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.14  Release Build")}}
	if err := noDevice(plugin, open, "", false); !errors.Is(err, ErrDriver) || !strings.Contains(err.Error(), "550.54.14") {
		t.Error("an open driver:", err)
	}
	if err := noDevice("xla_cuda12/xla_cuda_plugin.so", driver("535.129.03"), "", false); err != nil {
		t.Error("CUDA 12 on its driver:", err)
	}
}
