package model

import (
	"math"
	"testing"
)

// TestQuantise: a row's largest magnitude becomes 127, and every value the integer that rounding its quotient gives, halves
// away from zero, also right beside every half.
func TestQuantise(t *testing.T) {
	row := []float32{127, 0, float32(math.Copysign(0, -1)), 1e-30}
	for k := range 127 {
		half := float32(k) + 0.5
		row = append(row, half, math.Nextafter32(half, 0), math.Nextafter32(half, 127), float32(k))
	}
	for _, x := range row {
		row = append(row, -x)
	}
	for _, unit := range []float32{1, 0.25, 1.0 / 3, 1e-6, 3e7} {
		scaled := make([]float32, len(row))
		for i, x := range row {
			scaled[i] = x * unit
		}
		q := make([]int8, len(row))
		scale := quantise(q, scaled)
		if scale != 127*unit/127 {
			t.Errorf("unit %g: scale %g", unit, scale)
		}
		for i, x := range scaled {
			if want := int8(math.Round(float64(x / scale))); q[i] != want {
				t.Errorf("unit %g: %g became %d, want %d", unit, row[i], q[i], want)
			}
		}
	}
	q := []int8{1, 2}
	if scale := quantise(q, []float32{0, 0}); scale != 0 || q[0] != 0 || q[1] != 0 {
		t.Errorf("zeros became %d times %g", q, scale)
	}
}
