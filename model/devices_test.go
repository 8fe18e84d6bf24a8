package model

import (
	"math"
	"path"
	"testing"

	"github.com/gomlx/compute"
)

// many is a backend of so many devices, of which only the number is asked.
type many struct {
	compute.Backend
	devices int
}

func (m many) NumDevices() int { return m.devices }

// TestShardLayout: of the published checkpoints each of 2, 4 or 8 devices holds its rows of every tensor, but for those whose rows do not
// divide: 3420, of the vision tower's inner layers, by 8. Which are they, and how much has a device to hold?
func TestShardLayout(t *testing.T) {
	whole := map[int][]string{8: {"visual.blocks.*.mlp.gate_proj.*", "visual.blocks.*.mlp.up_proj.*"}}
	share := map[string]map[int]float64{ // of all weights, on each device
		"3B": {2: 0.5, 4: 0.25, 8: 0.190},
		"7B": {2: 0.5, 4: 0.25, 8: 0.155},
	}
	for name, p := range published(t) {
		c := p.config(t)
		if share[name] == nil {
			t.Fatal("not of ", name)
		}
		for devices := range share[name] {
			m := &Model{Config: c, backend: many{devices: devices}, mesh: newMesh(many{devices: devices})}
			if m.Devices() != devices || m.mesh == nil {
				t.Fatalf("%d devices of %d", m.Devices(), devices)
			}
			held, all, replicated := 0, 0, map[string]bool{}
			for _, p := range c.Params() {
				size := 1
				for _, d := range p.Shape {
					size *= d
				}
				spec := m.rows(p.Shape)
				if err := spec.Validate(); err != nil {
					t.Fatalf("%s: %v", p.Name, err)
				}
				all += size
				if spec.IsReplicated() {
					held += size
					replicated[p.Name] = true
					continue
				}
				held += size / devices
				if len(spec.Axes) != len(p.Shape) || len(spec.Axes[0]) != 1 || spec.Axes[0][0] != meshAxis || p.Shape[0]%devices != 0 {
					t.Errorf("%s %v on %d devices: %v", p.Name, p.Shape, devices, spec)
				}
				for _, other := range spec.Axes[1:] {
					if len(other) != 0 {
						t.Errorf("%s %v on %d devices: divided by more than rows, %v", p.Name, p.Shape, devices, spec)
					}
				}
			}
			for _, p := range c.Params() {
				expected := false
				for _, pattern := range whole[devices] {
					ok, _ := path.Match(pattern, p.Name)
					expected = expected || ok
				}
				if replicated[p.Name] != expected {
					t.Errorf("%s of %s on %d devices: lies whole on each: %v", p.Name, name, devices, replicated[p.Name])
				}
			}
			if got := float64(held) / float64(all); math.Abs(got-share[name][devices]) > 0.001 {
				t.Errorf("%s: each of %d devices holds %.4f of the weights", name, devices, got)
			}
		}
	}
}
