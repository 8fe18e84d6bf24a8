package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
)

// gauge watches the memory of the first GPU. What allocators hold counts, also where they could give it back.
type gauge struct {
	most atomic.Int64 // MiB
	stop func()
}

// newGauge begins to watch, or does nothing where there is no GPU.
func newGauge(gpu bool) *gauge {
	g := &gauge{stop: func() {}}
	if !gpu {
		return g
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "nvidia-smi", "-i", "0", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "-lms", "100")
	out, err := cmd.StdoutPipe()
	if err != nil || cmd.Start() != nil {
		cancel()
		return g
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if n, err := strconv.ParseInt(strings.TrimSpace(lines.Text()), 10, 64); err == nil && n > g.most.Load() {
				g.most.Store(n)
			}
		}
		cmd.Wait()
	}()
	g.stop = func() { cancel(); <-ended }
	return g
}

// memory is the most that was held since the part began, by nvidia-smi; on a CPU it is the process's.
func memory(_ context.Context, w *worker) (float64, string, error) {
	if w.peak == nil {
		return 0, "", notReached
	}
	host, err := status("VmHWM")
	if !w.cuda() || err != nil {
		return host, "the process's largest resident set", err
	}
	most := w.peak.most.Load()
	if most == 0 {
		return 0, "", fmt.Errorf("nvidia-smi told nothing")
	}
	return float64(most) * (1 << 20) / 1e9, fmt.Sprintf("by nvidia-smi; %.1f GB of the host's", host), nil
}

// status is a size out of the kernel's account of this process, in GB.
func status(key string) (float64, error) {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	_, rest, ok := bytes.Cut(data, []byte(key+":"))
	if !ok {
		return 0, fmt.Errorf("no %s in /proc/self/status", key)
	}
	kb, err := strconv.ParseFloat(strings.Fields(string(rest))[0], 64)
	return kb * 1024 / 1e9, err
}

// device names what is checked.
func device(backend string) row {
	r := row{Part: "device", Name: "name"}
	if strings.Contains(backend, "cuda") {
		out, err := exec.Command("nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader").Output()
		if r.Note = strings.Join(strings.Split(strings.TrimSpace(string(out)), "\n"), "; "); err != nil {
			r.Error = "nvidia-smi: " + err.Error()
		}
		return r
	}
	data, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(data)) {
		key, value, _ := strings.Cut(line, ":")
		if strings.TrimSpace(key) == "model name" {
			r.Note = strings.TrimSpace(value)
		}
		if strings.TrimSpace(key) == "flags" {
			for _, set := range []string{"avx2", "avx512f", "amx_bf16"} {
				if strings.Contains(value, " "+set+" ") {
					r.Note += " " + set
				}
			}
			break
		}
	}
	return r
}
