package vision

import (
	"math/rand/v2"
	"testing"
)

func TestFlat(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	fill := func(value func(i int) uint8) *RGB {
		m := &RGB{W: 40, H: 30, Pix: make([]uint8, 40*30*3)}
		for i := range m.Pix {
			m.Pix[i] = value(i / 3)
		}
		return m
	}
	for name, c := range map[string]struct {
		image *RGB
		flat  bool
	}{
		"black":            {fill(func(int) uint8 { return 0 }), true},
		"white":            {fill(func(int) uint8 { return 255 }), true},
		"noise of a cap":   {fill(func(int) uint8 { return uint8(r.IntN(12)) }), true},
		"hot pixels":       {fill(func(i int) uint8 { return uint8(255 * (1 - min(1, i%200))) }), true},
		"a dim lamp":       {fill(func(i int) uint8 { return uint8(i / 20) }), false},
		"one fifth bright": {fill(func(i int) uint8 { return uint8(255 * (1 - min(1, i%5))) }), false},
		"empty":            {&RGB{}, true},
	} {
		if got := c.image.Flat(); got != c.flat {
			t.Errorf("%s: %v", name, got)
		}
	}
}
