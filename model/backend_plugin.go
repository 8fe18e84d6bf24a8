//go:build cgo && !noxla && linux && amd64

package model

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// findCUDA is the path of XLA's plugin for CUDA: one in the folders of $PJRT_PLUGIN_LIBRARY_PATH, or, where that is unset, in those
// where go-xla installs, else the one of the newest CUDA in an installed JAX.
func findCUDA() (string, error) {
	folders, set := os.LookupEnv("PJRT_PLUGIN_LIBRARY_PATH")
	dirs := filepath.SplitList(folders)
	home, _ := os.UserHomeDir()
	if !set {
		for _, local := range []string{filepath.Join(home, ".local"), "/usr/local"} {
			dirs = append(dirs, filepath.Join(local, "lib/go-xla"), filepath.Join(local, "lib/go-xla/nvidia"))
		}
	}
	for _, dir := range dirs {
		for _, pattern := range []string{"pjrt_c_api_*cuda*_plugin.so", "pjrt[-_]plugin[-_]*cuda*.so", "xla_cuda*plugin.so"} {
			if found := newest(filepath.Join(dir, pattern)); found != "" {
				return filepath.Abs(found)
			}
		}
	}
	sites := sitePackages(home)
	for _, site := range sites {
		if found := newest(filepath.Join(site, "jax_plugins/xla_cuda*/xla_cuda_plugin.so")); found != "" {
			return filepath.Abs(found)
		}
	}
	return "", fmt.Errorf("%w for CUDA: install one by pip install \"jax[cuda13]\" or \"jax[cuda12]\", or set PJRT_PLUGIN_LIBRARY_PATH to the "+
		"folder that has one; looked in %s", ErrNoPlugin, strings.Join(append(dirs, sites...), ", "))
}

// newest is the match whose numbers are highest: names differ by the version they end with, if at all.
func newest(pattern string) string {
	found, _ := filepath.Glob(pattern)
	slices.SortStableFunc(found, func(a, b string) int {
		return cmp.Or(cmp.Compare(cudaVersion(a), cudaVersion(b)), strings.Compare(a, b))
	})
	if len(found) == 0 {
		return ""
	}
	return found[len(found)-1]
}

// sitePackages are patterns of folders where Python's packages lie: of the environment that is active, of each Python on $PATH, of the
// user, and of the system. No Python is run.
func sitePackages(home string) (patterns []string) {
	add := func(prefix string) {
		for _, lib := range []string{"lib/python3*/site-packages", "lib/python3*/dist-packages", "lib/python3/dist-packages"} {
			if p := filepath.Join(prefix, lib); prefix != "" && !slices.Contains(patterns, p) {
				patterns = append(patterns, p)
			}
		}
	}
	add(os.Getenv("VIRTUAL_ENV"))
	add(os.Getenv("CONDA_PREFIX"))
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		for _, name := range []string{"python3", "python"} {
			python := filepath.Join(dir, name)
			if _, err := os.Stat(python); err == nil {
				add(filepath.Dir(dir))
				if target, err := filepath.EvalSymlinks(python); err == nil { // of an environment, what it was made from
					add(filepath.Dir(filepath.Dir(target)))
				}
			}
		}
	}
	add(filepath.Join(home, ".local"))
	add("/usr/local")
	add("/usr")
	return patterns
}

var (
	cudaInPath    = regexp.MustCompile(`cuda(\d+)`)
	driverVersion = regexp.MustCompile(`Kernel Module.*?\s(\d+)\.([\d.]+)`)
)

// cudaVersion is the major version of CUDA that the path of a plugin names, or 0.
func cudaVersion(plugin string) int {
	named := cudaInPath.FindAllStringSubmatch(plugin, -1)
	if named == nil {
		return 0
	}
	v, _ := strconv.Atoi(named[len(named)-1][1])
	return v
}

// oldestDriver is the first that runs programs of a major version of CUDA, by NVIDIA's table of minor version compatibility.
var oldestDriver = map[int]int{11: 450, 12: 525, 13: 580}

// noDevice says why a plugin finds no device. XLA gives no reason but in its log. machine is the root of the file system, hidden what
// $CUDA_VISIBLE_DEVICES is, and whether it is set.
func noDevice(plugin string, machine fs.FS, hidden string, set bool) error {
	text, err := fs.ReadFile(machine, "proc/driver/nvidia/version")
	if err != nil {
		if found, _ := fs.Glob(machine, "dev/nvidia[0-9]*"); len(found) == 0 {
			return fmt.Errorf("%w: no NVIDIA driver is loaded, or this container was started without its devices (docker run --gpus all)", ErrNoDevice)
		}
		return nil
	}
	if m := driverVersion.FindSubmatch(text); m != nil {
		have, _ := strconv.Atoi(string(m[1]))
		if want := oldestDriver[cudaVersion(plugin)]; have < want {
			return fmt.Errorf("%w: it is %s.%s, and CUDA %d takes %d or newer: update it, or install a plugin for an older CUDA, as in jax[cuda12]",
				ErrDriver, m[1], m[2], cudaVersion(plugin), want)
		}
	}
	if set {
		return fmt.Errorf("%w: $CUDA_VISIBLE_DEVICES is %q, which may hide those that nvidia-smi lists", ErrNoDevice, hidden)
	}
	return nil
}

// explainCUDA is explain, knowing which plugin could not be started here.
func explainCUDA(plugin string, err error) error {
	if _, kind := failure(err); kind == ErrNoDevice {
		hidden, set := os.LookupEnv("CUDA_VISIBLE_DEVICES")
		if why := noDevice(plugin, os.DirFS("/"), hidden, set); why != nil {
			return fmt.Errorf("%w: %w", why, err)
		}
	}
	return explain(err)
}
