package tokenizer

import "strings"

// byteRunes is GPT-2's alphabet: the printable character that stands for each byte in the spellings of tokens.
var byteRunes = func() (t [256]rune) {
	next := rune(256)
	for b := range t {
		if b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE {
			t[b] = rune(b)
		} else {
			t[b] = next
			next++
		}
	}
	return t
}()

// byteOf is byteRunes backwards; -1 is a character outside the alphabet.
var byteOf = func() (t [256 + 68]int16) {
	for i := range t {
		t[i] = -1
	}
	for b, r := range byteRunes {
		t[r] = int16(b)
	}
	return t
}()

// fromAlphabet returns the bytes that a spelling stands for: its own, as the reference has it, if a character of it is not of the
// alphabet (an added token with a space in it, say).
func fromAlphabet(spelling string) string {
	var b strings.Builder
	b.Grow(len(spelling))
	for _, r := range spelling {
		if int(r) >= len(byteOf) || byteOf[r] < 0 {
			return spelling
		}
		b.WriteByte(byte(byteOf[r]))
	}
	return b.String()
}

// setPieces fills pieces, all cut from one string: 150k small ones would burden the garbage collector.
func (t *Tokenizer) setPieces(spelling []string) {
	var all strings.Builder
	ends := make([]int, len(spelling))
	for id, s := range spelling {
		all.WriteString(fromAlphabet(s))
		ends[id] = all.Len()
	}
	t.pieces, t.special = make([]string, len(spelling)), make([]bool, len(spelling))
	from := 0
	for id, to := range ends {
		t.pieces[id] = all.String()[from:to]
		from = to
	}
}
