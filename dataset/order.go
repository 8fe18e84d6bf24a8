package dataset

import (
	"iter"
	"math/bits"
)

// Order is a random order of a source's samples, another one in every epoch. It is a function of its fields and a
// position, so it takes no memory, and the whole state of a run over a source is the number of samples it has taken.
type Order struct {
	Seed  uint64 // different seeds give unrelated orders
	Len   int    // of the source
	Block int    // so many neighbours of the source stay neighbours, as pairs that share frames; 0 = 1
}

// At is the index of the sample at a position, counted on over epochs: positions 0 to Len-1 give every sample once, and
// so do the next Len. It is -1 where Len is not positive.
func (o Order) At(position uint64) int {
	if o.Len < 1 {
		return -1
	}
	n, block := uint64(o.Len), uint64(max(1, o.Block))
	key := splitMix(splitMix(o.Seed) + position/n)
	p := position % n
	full, rest := n/block, n%block
	// The short block at the end of the source takes a random place among the full ones.
	if rest > 0 {
		at, _ := bits.Mul64(splitMix(^key), full+1) // 0 to full
		at *= block
		if at <= p && p < at+rest {
			return int(full*block + p - at)
		}
		if p >= at+rest {
			p -= rest
		}
	}
	return int(permuted(p/block, full, key)*block + p%block)
}

// permuted is where a permutation of 0 to n-1 takes x: a Feistel network over the next power of two, walked until it
// comes back below n. The network is one-to-one, so the walk is.
func permuted(x, n, key uint64) uint64 {
	width := bits.Len64(n - 1)
	low := width / 2
	lowMask, highMask := uint64(1)<<low-1, uint64(1)<<(width-low)-1
	for {
		l, h := x&lowMask, x>>low
		for round := range uint64(5) {
			h ^= splitMix(key+2*round+l<<8) & highMask
			l ^= splitMix(key+2*round+1+h<<8) & lowMask
		}
		if x = h<<low | l; x < n {
			return x
		}
	}
}

// splitMix is the finaliser of SplitMix64: every bit of the result depends on every bit of x.
func splitMix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Batches gives a rank its part of every batch from a position on, without end: the indices, and the position after the
// whole batch, which is all that a checkpoint must hold. Rank r of n takes the samples r*batch/n to (r+1)*batch/n of each
// batch, so the ranks share every batch without overlap, and a run that goes on with more or fewer ranks sees the
// same batches. Nothing is given where batch, rank or ranks make no sense or the order is empty.
func (o Order) Batches(position uint64, batch, rank, ranks int) iter.Seq2[uint64, []int] {
	return func(yield func(uint64, []int) bool) {
		if o.Len < 1 || batch < 1 || rank < 0 || rank >= ranks {
			return
		}
		share := func(rank int) uint64 {
			hi, lo := bits.Mul64(uint64(rank), uint64(batch))
			at, _ := bits.Div64(hi, lo, uint64(ranks))
			return at
		}
		from, to := share(rank), share(rank+1)
		for ; ; position += uint64(batch) {
			part := make([]int, 0, to-from)
			for k := from; k < to; k++ {
				part = append(part, o.At(position+k))
			}
			if !yield(position+uint64(batch), part) {
				return
			}
		}
	}
}
