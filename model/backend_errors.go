package model

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// What can be wrong with a device, its driver or its plugin. errors.Is finds these in an [OptionError] of a backend that cannot be
// started, and ErrMemory in the error of any call as well, after which the model goes on: a smaller call may succeed.
var (
	ErrNoPlugin = errors.New("there is no PJRT plugin")
	ErrNoDevice = errors.New("there is no GPU that can be used")
	ErrDriver   = errors.New("the NVIDIA driver is too old")
	ErrPlugin   = errors.New("the PJRT plugin does not fit this machine")
	ErrMemory   = errors.New("the device's memory is used up")
)

type known struct {
	says []string
	kind error
	do   string
}

// failures are what plugins say, in the words of XLA, CUDA and the dynamic linker, and what it means. The first that fits counts.
var failures = []known{
	{
		[]string{
			"Out of memory while trying to allocate", "Failed to allocate request for", "ran out of memory trying to", "RESOURCE_EXHAUSTED", "PJRT error (code=8)",
			"CUDA_ERROR_OUT_OF_MEMORY",
		}, ErrMemory,
		"take fewer frames or prompts at once, shorter ones, weights of fewer bits, or let a larger memory_fraction of the device be used",
	},
	{
		[]string{
			"driver version is insufficient", "CUDA_ERROR_INSUFFICIENT_DRIVER", "compiled with an unsupported toolchain", "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
			"CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", "unsupported display driver",
		}, ErrDriver,
		"update it, or install a plugin for the CUDA that nvidia-smi prints",
	},
	{
		[]string{
			"No visible GPU devices", "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device", "CUDA_ERROR_INVALID_DEVICE", "CUDA_ERROR_SYSTEM_NOT_READY",
			"Failed call to cuInit", "failed call to cuInit", "libcuda.so.1: cannot open",
		}, ErrNoDevice,
		"nvidia-smi has to list one, and $CUDA_VISIBLE_DEVICES and visible_devices must not hide it",
	},
	{
		[]string{
			"failed to dynamically load PJRT plugin", "failed to find symbol", "cannot open shared object file", "DNN library initialization failed",
			"CuDNN library", "Could not create cudnn handle", "CUDA_ERROR_INVALID_IMAGE", "CUDA_ERROR_NO_BINARY_FOR_GPU", "no kernel image is available",
			"Unsupported .version", "Check installed software versions",
		}, ErrPlugin,
		"install the plugin and CUDA's libraries together, as pip install \"jax[cuda13]\" or \"jax[cuda12]\" does, for the CUDA that nvidia-smi prints",
	},
	{
		[]string{"no plugins found for backend", "for backend \"xla\" not found", "not found in paths"}, ErrNoPlugin,
		"set PJRT_PLUGIN_LIBRARY_PATH to the folder of pjrt_c_api_<name>_plugin.so",
	},
}

// failure is what to do about an error of a plugin, and what it means; nil where that is not known, or said already.
func failure(err error) (do string, kind error) {
	if err == nil || slices.ContainsFunc(failures, func(f known) bool { return errors.Is(err, f.kind) }) {
		return "", nil
	}
	text := err.Error()
	for _, f := range failures {
		if slices.ContainsFunc(f.says, func(s string) bool { return strings.Contains(text, s) }) {
			return f.do, f.kind
		}
	}
	return "", nil
}

// explain adds what is known of an error.
func explain(err error) error {
	if do, kind := failure(err); kind != nil {
		return fmt.Errorf("%w: %s: %w", kind, do, err)
	}
	return err
}
