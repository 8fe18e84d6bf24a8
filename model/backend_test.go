package model

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
)

// TestBackendDevices: a CPU is one device unless more are asked for, and the pure-Go backend always is.
func TestBackendDevices(t *testing.T) {
	names := map[string]int{"go": 1}
	if xlaPlugin() {
		for name, n := range map[string]int{"xla:cpu": 1, "xla": 1, "hlo:cpu": 1, "xla:cpu,devices=3": 3, "xla:cpu,devices=2,noshared_buffers": 2} {
			names[name] = n
		}
		for name, want := range map[string]string{
			"xla:cpu,devices=0": "devices=0", "xla:cpu,devices=many": "devices=many", "xla:cpu,wings=2": "wings", "xla:cuda,devices=2": "devices=2",
			"xla:cpu,preallocate": "preallocate", "xla:cuda,memory_fraction=2": "memory_fraction=2",
		} {
			if b, err := newBackend(name, dtypes.Float32); err == nil || b != nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, %v", name, b, err)
			}
		}
	}
	for name, want := range names {
		b, err := newBackend(name, dtypes.Float32)
		if err != nil {
			t.Fatal(err)
		}
		if got := int(b.NumDevices()); got != want {
			t.Errorf("%s has %d devices, not %d", name, got, want)
		}
		b.Finalize()
	}
}

// TestPluginMessages: what plugins were seen to say is told apart, and their own words stay. The texts are those of reports about JAX,
// which has the same plugins, and of a plugin on a machine without a GPU.
func TestPluginMessages(t *testing.T) {
	for text, want := range map[string]error{
		`while creating plugin cuda for backend "xla": PJRT error (code=9): No visible GPU devices.`:                                                      ErrNoDevice,
		`INTERNAL: CUDA error: Failed call to cuInit: CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected`:                                           ErrNoDevice,
		`INTERNAL: CUDA error: Failed call to cuInit: CUDA_ERROR_SYSTEM_NOT_READY: system not yet initialized`:                                            ErrNoDevice,
		`libcuda.so.1: cannot open shared object file: No such file or directory`:                                                                         ErrNoDevice,
		`PJRT error (code=13): CUDA_ERROR_INSUFFICIENT_DRIVER: CUDA driver version is insufficient for CUDA runtime version`:                              ErrDriver,
		`Failed to load PTX text as a module: CUDA_ERROR_UNSUPPORTED_PTX_VERSION: the provided PTX was compiled with an unsupported toolchain.`:           ErrDriver,
		`INTERNAL: CUDA error: Failed call to cuInit: CUDA_ERROR_SYSTEM_DRIVER_MISMATCH: system has unsupported display driver / cuda driver combination`: ErrDriver,
		`PJRT error (code=8): Out of memory while trying to allocate 4770354232 bytes.`:                                                                   ErrMemory,
		`RESOURCE_EXHAUSTED: Failed to allocate request for 2.99GiB (3206250496B) on device ordinal 0`:                                                    ErrMemory,
		`FAILED_PRECONDITION: DNN library initialization failed. Look at the errors above for more details.`:                                              ErrPlugin,
		`Loaded runtime CuDNN library: 8.5.0 but source was compiled with: 8.6.0.  CuDNN library needs to have matching major version`:                    ErrPlugin,
		`Failed to load PTX text as a module: CUDA_ERROR_INVALID_IMAGE: device kernel image is invalid`:                                                   ErrPlugin,
		`failed to dynamically load PJRT plugin from "libcudart.so.12: cannot open shared object file: No such file or directory"`:                        ErrPlugin,
		`Plugin "tpu" for backend "xla" not found: available plugins found ["cpu"]`:                                                                       ErrNoPlugin,
		`PJRT error (code=3): Incompatible shapes`:                                                                                                        nil,
	} {
		err := explain(errors.New(text))
		for _, kind := range []error{ErrNoPlugin, ErrNoDevice, ErrDriver, ErrPlugin, ErrMemory} {
			if errors.Is(err, kind) != (kind == want) {
				t.Errorf("%s: is %v: %t", text, kind, errors.Is(err, kind))
			}
		}
		if !strings.HasSuffix(err.Error(), text) || want != nil && err.Error() == text {
			t.Errorf("%q became %q", text, err)
		}
		if again := explain(err); again != err {
			t.Errorf("explained twice: %v", again)
		}
	}
	if explain(nil) != nil {
		t.Error("an error of none")
	}
}

// TestNoPlugin: a plugin that this program or machine lacks is an option that cannot be had.
func TestNoPlugin(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, name := range []string{"HOME", "VIRTUAL_ENV", "CONDA_PREFIX", "PJRT_PLUGIN_LIBRARY_PATH"} {
		t.Setenv(name, t.TempDir())
	}
	_, err := Load(context.Background(), os.DirFS(golden+"/checkpoint"), "xla:cuda", "")
	if !errors.As(err, new(*OptionError)) || !errors.Is(err, ErrNoPlugin) || !strings.Contains(err.Error(), `"xla:cuda" cannot be started`) {
		t.Error(err)
	}
}

// TestMemoryRunsOut: the error of a graph that the device had no memory for says so.
func TestMemoryRunsOut(t *testing.T) {
	f := func() (err error) {
		defer recovered(&err)
		panic(errors.New("PJRT error (code=8): Out of memory while trying to allocate 4770354232 bytes."))
	}
	if err := f(); !errors.Is(err, ErrMemory) {
		t.Error(err)
	}
}

// TestSettle: a device with a memory of its own has the weights when the model is open, and the host no longer does; they are the same.
func TestSettle(t *testing.T) {
	if !xlaPlugin() {
		t.Skip("no PJRT plugin")
	}
	m, err := New(tinyConfig(t), "xla:cpu,noshared_buffers", 5)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	want, err := New(tinyConfig(t), "go", 5)
	if err != nil {
		t.Fatal(err)
	}
	defer want.Close()
	for v := range m.store.IterVariables() {
		value, err := v.Value()
		if err != nil || !value.IsOnDevice(0) || value.HasLocal() {
			t.Errorf("%s: on the device %t, on the host %t, %v", v.Path(), value.IsOnDevice(0), value.HasLocal(), err)
		}
		if other, err := want.store.GetVariable(v.Path()).Value(); err != nil || !value.Equal(other) {
			t.Errorf("%s has changed: %v", v.Path(), err)
		}
	}
}
