package english

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// word is a token of a sentence: a word in lower case, or one mark of punctuation.
type word struct {
	text, said string
	at         int // byte offset
}

// tokens cuts a sentence into words and marks.
func tokens(s string) (out []word) {
	inWord := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '\'' || r == '’'
	}
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		from := i
		i += n
		if unicode.IsSpace(r) || r == '_' || (r == '(' || r == ')') && !calling(s, from, out) || r == '"' || r == '“' || r == '”' {
			continue
		}
		for inWord(r) && i < len(s) {
			next, n := utf8.DecodeRuneInString(s[i:])
			if !inWord(next) && !(next == '.' && i+1 < len(s) && digit(s[i-1]) && digit(s[i+1])) { // 0.5 ml
				break
			}
			i += n
		}
		letter := len(out) > 0 && out[len(out)-1].text == "letter"
		if part := s[from:i]; len(part) == 1 && part >= "A" && (part <= "H" || part <= "Z" && letter) && from > 0 {
			out = append(out, word{part, part, from}) // tray A, the letter R
			continue
		}
		out = append(out, word{strings.ReplaceAll(strings.ToLower(s[from:i]), "’", "'"), s[from:i], from})
	}
	return out
}

// calling tells whether a bracket at i opens or closes what a function is called with: pick(cup).
func calling(s string, i int, before []word) bool {
	open := 0
	for _, w := range before {
		open += boolean(w.text == "(") - boolean(w.text == ")")
	}
	if s[i] == ')' {
		return open > 0
	}
	last, _ := utf8.DecodeLastRuneInString(s[:i])
	return unicode.IsLetter(last) || unicode.IsDigit(last)
}

func digit(c byte) bool { return c >= '0' && c <= '9' }
