package tokenizer

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// validUTF8 returns s with one U+FFFD for each maximal subpart of an ill-formed sequence, as Python's errors="replace" and Rust do.
// Go's range gives one per byte, strings.ToValidUTF8 one per run.
func validUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			n = badLen(s[i:])
		}
		b.WriteRune(r)
		i += n
	}
	return b.String()
}

// badLen returns the length of the maximal subpart at the start of s, which is ill-formed there: the longest start of some
// well-formed sequence, or one byte.
func badLen(s string) int {
	lo, hi, need := byte(0x80), byte(0xBF), 0
	switch c := s[0]; {
	case c >= 0xE0 && c <= 0xEF:
		need = 2
	case c >= 0xF0 && c <= 0xF4:
		need = 3
	}
	switch s[0] { // no overlong forms, surrogates, or characters past U+10FFFF
	case 0xE0:
		lo = 0xA0
	case 0xED:
		hi = 0x9F
	case 0xF0:
		lo = 0x90
	case 0xF4:
		hi = 0x8F
	}
	n := 1
	for n < need && n < len(s) && s[n] >= lo && s[n] <= hi {
		n, lo, hi = n+1, 0x80, 0xBF
	}
	return n
}

// nfc returns the canonical composition of s. The norm package answers the common case and lends its tables; the work itself is
// done here because norm.NFC inserts U+034F after 30 combining marks and takes some characters past U+FFFF for others when it
// composes, neither of which the reference does.
func nfc(s string) string {
	if norm.NFC.IsNormalString(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for part := range strings.SplitAfterSeq(s, " ") { // nothing composes with a space, and nothing moves across it
		if norm.NFC.IsNormalString(part) {
			b.WriteString(part)
		} else {
			composeTo(&b, part)
		}
	}
	return b.String()
}

// composeTo writes the canonical composition of s: decompose, order the marks, compose.
func composeTo(b *strings.Builder, s string) {
	type char struct {
		r   rune
		ccc uint8 // canonical combining class, 0 for a starter
	}
	chars := make([]char, 0, len(s))
	for i := 0; i < len(s); {
		p := norm.NFD.PropertiesString(s[i:])
		d := s[i : i+p.Size()]
		if full := p.Decomposition(); full != nil {
			d = string(full)
		}
		for _, r := range d {
			chars = append(chars, char{r, combiningClass(r)})
		}
		i += p.Size()
	}
	for i := 0; i < len(chars); {
		j := i + 1
		for chars[i].ccc > 0 && j < len(chars) && chars[j].ccc > 0 {
			j++
		}
		slices.SortStableFunc(chars[i:j], func(a, b char) int { return int(a.ccc) - int(b.ccc) })
		i = j
	}
	out := chars[:0]
	starter := -1
	for _, c := range chars {
		// A mark of the same or a higher class in between blocks; the run is sorted, so the last one tells.
		if starter >= 0 && (starter == len(out)-1 || out[len(out)-1].ccc < c.ccc) {
			if r, ok := compose(out[starter].r, c.r); ok {
				out[starter].r = r
				continue
			}
		}
		if c.ccc == 0 {
			starter = len(out)
		}
		out = append(out, c)
	}
	for _, c := range out {
		b.WriteRune(c.r)
	}
}

func combiningClass(r rune) uint8 {
	if r < 0x300 || unicode.Is(newMarks, r) {
		return 0
	}
	return norm.NFD.PropertiesString(string(r)).CCC()
}

// compose returns the primary composite of two characters, if there is one.
func compose(a, b rune) (rune, bool) {
	if norm.NFC.PropertiesString(string(b)).BoundaryBefore() {
		return 0, false
	}
	ab := string([]rune{a, b})
	c := norm.NFC.String(ab)
	r, n := utf8.DecodeRuneInString(c)
	// Decomposing again tells a true composite from one that norm.NFC made of the low 16 bits.
	return r, n == len(c) && norm.NFD.String(c) == norm.NFD.String(ab)
}
