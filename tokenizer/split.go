package tokenizer

import (
	"unicode"
	"unicode/utf8"
)

// splitPattern is the one pre-tokeniser pattern that this package knows; wordLen is it, by hand, since Go's regexp has no look-ahead.
const splitPattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`

// class is what splitPattern can tell about a character.
type class uint8

const (
	end     class = iota // past the text
	letter               // \p{L}
	number               // \p{N}
	newline              // [\r\n]
	space                // the rest of \s
	other
)

var asciiClass = func() (t [utf8.RuneSelf]class) {
	for c := range t {
		switch r := rune(c); {
		case r == '\r' || r == '\n':
			t[c] = newline
		case unicode.IsLetter(r):
			t[c] = letter
		case unicode.IsNumber(r):
			t[c] = number
		case unicode.IsSpace(r):
			t[c] = space
		default:
			t[c] = other
		}
	}
	return t
}()

// classAt returns the class and the length in bytes of the character at s[i:].
func classAt(s string, i int) (class, int) {
	if i >= len(s) {
		return end, 0
	}
	if s[i] < utf8.RuneSelf {
		return asciiClass[s[i]], 1
	}
	r, n := utf8.DecodeRuneInString(s[i:])
	switch {
	case unicode.IsLetter(r) || unicode.Is(newLetters, r):
		return letter, n
	case unicode.IsNumber(r) || unicode.Is(newNumbers, r):
		return number, n
	case unicode.IsSpace(r):
		return space, n
	}
	return other, n
}

// skip returns the end of the run of class c that starts at s[i:].
func skip(s string, i int, c class) int {
	for {
		k, n := classAt(s, i)
		if k != c {
			return i
		}
		i += n
	}
}

// wordLen returns the length in bytes of the first match of splitPattern in s, which is not empty. The pattern matches at every
// position, so matches follow each other without gaps.
func wordLen(s string) int {
	if s[0] == '\'' {
		if n := contraction(s); n > 0 {
			return n
		}
	}
	first, n := classAt(s, 0)
	switch first {
	case letter:
		return skip(s, n, letter)
	case number:
		return n
	}
	second, _ := classAt(s, n)
	if second == letter && first != newline {
		return skip(s, n, letter)
	}
	if first == other || s[0] == ' ' && second == other {
		return skip(s, skip(s, n, other), newline)
	}
	return spaces(s)
}

// contraction returns the length of (?i:'s|'t|'re|'ve|'m|'ll|'d) at the start of s, or 0. U+017F folds to s.
func contraction(s string) int {
	if len(s) < 2 {
		return 0
	}
	switch s[1] | 0x20 {
	case 's', 't', 'm', 'd':
		return 2
	case 'r', 'v':
		if len(s) > 2 && s[2]|0x20 == 'e' {
			return 3
		}
	case 'l':
		if len(s) > 2 && s[2]|0x20 == 'l' {
			return 3
		}
	}
	if len(s) > 2 && s[1:3] == "ſ" {
		return 3
	}
	return 0
}

// spaces returns the length of \s*[\r\n]+|\s+(?!\S)|\s+ at the start of s: up to the last line end of the run if it has one; else
// all of it at the end of the text, and all but its last character before a word, which takes that one along.
func spaces(s string) int {
	i, last, line := 0, 0, 0
	for {
		c, n := classAt(s, i)
		if c != space && c != newline {
			break
		}
		last, i = i, i+n
		if c == newline {
			line = i
		}
	}
	switch {
	case line > 0:
		return line
	case i < len(s) && last > 0:
		return last
	}
	return i
}
