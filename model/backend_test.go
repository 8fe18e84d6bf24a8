package model

import (
	"strings"
	"testing"
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
		} {
			if b, err := newBackend(name); err == nil || b != nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, %v", name, b, err)
			}
		}
	}
	for name, want := range names {
		b, err := newBackend(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := int(b.NumDevices()); got != want {
			t.Errorf("%s has %d devices, not %d", name, got, want)
		}
		b.Finalize()
	}
}
