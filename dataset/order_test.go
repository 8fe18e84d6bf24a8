package dataset

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOrderIsPermutation: every epoch gives every sample once, and neighbours of a block stay neighbours.
func TestOrderIsPermutation(t *testing.T) {
	for n := 1; n <= 300; n++ {
		for _, block := range []int{0, 1, 2, 3, 8, 299, 1000} {
			o := Order{Seed: uint64(n), Len: n, Block: block}
			for epoch := range 2 {
				seen := make([]bool, n)
				for p := range n {
					i := o.At(uint64(epoch*n + p))
					if i < 0 || i >= n || seen[i] {
						t.Fatalf("%+v: position %d of epoch %d gives %d", o, p, epoch, i)
					}
					seen[i] = true
					if b := max(1, block); i%b > 0 && o.At(uint64(epoch*n+p-1)) != i-1 {
						t.Fatalf("%+v: position %d of epoch %d: %d does not follow %d", o, p, epoch, i, i-1)
					}
				}
			}
		}
	}
	for _, n := range []int{0, -1} {
		if got := (Order{Len: n}).At(3); got != -1 {
			t.Errorf("Len %d: %d", n, got)
		}
	}
}

// TestOrderLarge: one-to-one for a length beside a power of two, and the largest lengths do not overflow.
func TestOrderLarge(t *testing.T) {
	const n = 1<<21 + 1
	o := Order{Seed: 7, Len: n}
	seen := make([]bool, n)
	for p := range uint64(n) {
		i := o.At(n + p)
		if seen[i] {
			t.Fatalf("%d is given twice", i)
		}
		seen[i] = true
	}
	for _, n := range []int{math.MaxInt, math.MaxInt - 1, 1 << 62} {
		for _, block := range []int{1, 7, n - 1} {
			if i := (Order{Len: n, Block: block}).At(uint64(n) + 5); i < 0 || i >= n {
				t.Errorf("%d of %d", i, n)
			}
		}
	}
}

// chiSquare compares counts with equal ones, and gives how many standard deviations it is off.
func chiSquare(counts []int) float64 {
	total := 0
	for _, c := range counts {
		total += c
	}
	want := float64(total) / float64(len(counts))
	var x float64
	for _, c := range counts {
		x += (float64(c) - want) * (float64(c) - want) / want
	}
	free := float64(len(counts) - 1)
	return (x - free) / math.Sqrt(2*free)
}

// TestOrderIsRandom: each position is uniform over seeds and over epochs, all orders of few samples are equally
// likely, and no structure remains in the order of many.
func TestOrderIsRandom(t *testing.T) {
	const limit = 5 // standard deviations; seeds are fixed, so this passes or fails for good
	for _, c := range []struct{ n, block int }{{2, 1}, {3, 1}, {5, 1}, {64, 1}, {97, 1}, {96, 8}, {100, 8}, {1000, 1}} {
		for _, position := range []int{0, 1, c.n - 1} {
			seeds, epochs, steps := make([]int, c.n), make([]int, c.n), make([]int, c.n)
			for k := range 200 * c.n {
				seeds[Order{Seed: uint64(k), Len: c.n, Block: c.block}.At(uint64(position))]++
				o := Order{Seed: 1, Len: c.n, Block: c.block}
				i := o.At(uint64(k*c.n + position))
				epochs[i]++
				steps[(o.At(uint64((k+1)*c.n+position))-i+c.n)%c.n]++
			}
			if c.block > 1 && c.n%c.block == 0 { // only every eighth sample can begin the order
				seeds, epochs, steps = blocksOf(seeds, c.block), blocksOf(epochs, c.block), nil
			} else if c.block > 1 {
				continue // the short block makes positions unequal by design
			}
			for name, counts := range map[string][]int{"seeds": seeds, "epochs": epochs, "from epoch to epoch": steps} {
				if counts != nil && math.Abs(chiSquare(counts)) > limit {
					t.Errorf("%+v, position %d, over %s: off by %.1f deviations", c, position, name, chiSquare(counts))
				}
			}
		}
	}
	for n, factorial := range map[int]int{3: 6, 4: 24} {
		orders := map[string]int{}
		for seed := range uint64(24_000) {
			o := Order{Seed: seed, Len: n}
			var all []int
			for p := range n {
				all = append(all, o.At(uint64(p)))
			}
			orders[fmt.Sprint(all)]++
		}
		counts := make([]int, factorial)
		k := 0
		for _, c := range orders {
			counts[k] = c
			k++
		}
		if len(orders) != factorial || math.Abs(chiSquare(counts)) > limit {
			t.Errorf("%d samples: %d of %d orders, off by %.1f deviations", n, len(orders), factorial, chiSquare(counts))
		}
	}
	// Among 46 million: the index at p against the next, and against p itself.
	const n, bins, draws = 46_000_000, 32, 200_000
	o := Order{Seed: 3, Len: n}
	next, self, fixed := make([]int, bins*bins), make([]int, bins*bins), 0
	for k := range draws {
		p := uint64(k) * (n / draws)
		i, j := o.At(p), o.At(p+1)
		next[i/(n/bins+1)*bins+j/(n/bins+1)]++
		self[int(p)/(n/bins+1)*bins+i/(n/bins+1)]++
		if i == int(p) {
			fixed++
		}
	}
	if a, b := chiSquare(next), chiSquare(self); math.Abs(a) > limit || math.Abs(b) > limit || fixed > 3 {
		t.Errorf("neighbours off by %.1f, places by %.1f deviations, %d fixed", a, b, fixed)
	}
}

// blocksOf keeps the counts of the first or the last of each block, whichever has any.
func blocksOf(counts []int, block int) (out []int) {
	for b := range slices.Chunk(counts, block) {
		out = append(out, slices.Max(b))
	}
	return out
}

// TestBatches: ranks partition every batch; another number of ranks, from any batch on, sees the same batches.
func TestBatches(t *testing.T) {
	o := Order{Seed: 5, Len: 103, Block: 2}
	const batch = 12
	var want []int
	for p := range uint64(50 * batch) {
		want = append(want, o.At(p))
	}
	for _, ranks := range []int{1, 2, 3, 5, 12, 17} {
		got := make([]int, 0, len(want))
		for step := range 50 {
			position := uint64(step * batch)
			for rank := range ranks {
				for next, part := range o.Batches(position, batch, rank, ranks) {
					if next != position+batch || len(part) < batch/ranks || len(part) > batch/ranks+1 {
						t.Fatalf("rank %d of %d: %d samples, then %d", rank, ranks, len(part), next)
					}
					got = append(got, part...)
					break
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d ranks see other batches: %s", ranks, diff)
		}
	}
	var last uint64
	for next := range o.Batches(0, batch, 0, 2) {
		if last = next; next >= 5*batch {
			break
		}
	}
	if last != 5*batch {
		t.Errorf("five batches end at %d", last)
	}
	for _, c := range [][3]int{{0, 0, 1}, {8, -1, 2}, {8, 2, 2}, {8, 0, 0}, {-1, 0, 1}} {
		for range o.Batches(0, c[0], c[1], c[2]) {
			t.Fatalf("batch %d, rank %d of %d gave something", c[0], c[1], c[2])
		}
	}
	for range (Order{}).Batches(0, 8, 0, 1) {
		t.Fatal("nothing to order, and batches")
	}
}
