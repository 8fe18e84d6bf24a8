package tokenizer

import (
	"hash/maphash"
	"slices"
	"strings"
	"sync/atomic"
)

// merge is what a pair of ids becomes, and how early.
type merge struct{ rank, id int32 }

func pair(a, b int32) uint64 { return uint64(uint32(a))<<32 | uint64(uint32(b)) }

// A heap key is rank<<posBits | position: the smallest is the next merge, leftmost first among equals. parse.go keeps ranks
// below 1<<20, so 44 bits of position are more than memory holds.
const posBits = 44

// scratch is reused for all the words of one call. Symbol i starts at byte i of the word; id -1 marks one that was merged away.
type scratch struct {
	id         []int32
	prev, next []int
	heap       []uint64
}

// word appends the ids of one word.
func (e *encoder) word(w string) {
	if len(w) == 1 {
		e.out = append(e.out, e.t.byteID[w[0]])
		return
	}
	slot := e.t.cache.slot(w)
	if slot == nil {
		e.merge(w)
		return
	}
	if c := slot.Load(); c != nil && c.text == w {
		e.out = append(e.out, c.ids...)
		return
	}
	from := len(e.out)
	e.merge(w)
	// Clones, so that the cache keeps alive neither the caller's text nor its result.
	slot.Store(&cachedWord{strings.Clone(w), slices.Clone(e.out[from:])})
}

// merge appends the ids of w without the cache: O(n log n), since a word can be as long as the text.
func (e *encoder) merge(w string) {
	s, n := &e.work, len(w)
	s.id, s.prev, s.next = slices.Grow(s.id[:0], n)[:n], slices.Grow(s.prev[:0], n)[:n], slices.Grow(s.next[:0], n)[:n]
	for i := range n {
		s.id[i], s.prev[i], s.next[i] = e.t.byteID[w[i]], i-1, i+1
	}
	s.heap = s.heap[:0]
	for i := range n - 1 {
		e.push(i)
	}
	for len(s.heap) > 0 {
		key := s.pop()
		i := int(key & (1<<posBits - 1))
		if s.id[i] < 0 || s.next[i] == n {
			continue
		}
		j := s.next[i]
		m, ok := e.t.merges[pair(s.id[i], s.id[j])]
		if !ok || uint64(m.rank) != key>>posBits {
			continue // the pair that was pushed is gone
		}
		s.id[i], s.id[j] = m.id, -1
		s.next[i] = s.next[j]
		if s.next[i] < n {
			s.prev[s.next[i]] = i
			e.push(i)
		}
		if s.prev[i] >= 0 {
			e.push(s.prev[i])
		}
	}
	for i := 0; i < n; i = s.next[i] {
		e.out = append(e.out, s.id[i])
	}
}

// push queues the merge of the symbol at i with the next one, if there is such a merge.
func (e *encoder) push(i int) {
	s := &e.work
	m, ok := e.t.merges[pair(s.id[i], s.id[s.next[i]])]
	if !ok {
		return
	}
	h := append(s.heap, uint64(m.rank)<<posBits|uint64(i))
	for c := len(h) - 1; c > 0 && h[c] < h[(c-1)/2]; c = (c - 1) / 2 {
		h[c], h[(c-1)/2] = h[(c-1)/2], h[c]
	}
	s.heap = h
}

func (s *scratch) pop() uint64 {
	h := s.heap
	top, n := h[0], len(h)-1
	h[0] = h[n]
	h = h[:n]
	for p := 0; ; {
		c := 2*p + 1
		if c >= n {
			break
		}
		if c+1 < n && h[c+1] < h[c] {
			c++
		}
		if h[p] <= h[c] {
			break
		}
		h[p], h[c] = h[c], h[p]
		p = c
	}
	s.heap = h
	return top
}

const (
	cacheSlots   = 1 << 15
	maxCacheWord = 48 // bytes; longer words are rare, so the cache stays below about 10 MB
)

// wordCache is direct-mapped: a word has one slot, and the last writer keeps it. That bounds it without locks or bookkeeping.
// The seed is the tokenizer's own, so that texts cannot be made to collide.
type wordCache struct {
	seed  maphash.Seed
	slots []atomic.Pointer[cachedWord]
}

type cachedWord struct {
	text string
	ids  []int32
}

func newWordCache() wordCache {
	return wordCache{maphash.MakeSeed(), make([]atomic.Pointer[cachedWord], cacheSlots)}
}

// slot returns the word's slot, or nil for a word that is not cached.
func (c *wordCache) slot(w string) *atomic.Pointer[cachedWord] {
	if len(w) > maxCacheWord {
		return nil
	}
	return &c.slots[maphash.String(c.seed, w)%cacheSlots]
}
