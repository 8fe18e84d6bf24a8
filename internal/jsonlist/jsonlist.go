// Package jsonlist keeps a model that writes token by token within a JSON list of strings.
package jsonlist

import (
	"encoding/json"
	"strings"
)

// A list and its strings are bounded, so that a model which cannot stop has to.
const (
	MaxStrings = 64
	MaxBytes   = 240 // of one string, as it is written
)

// State is how far a list has come. The zero State is before its opening bracket. Blanks between the parts are refused: a
// model would otherwise be free to write nothing else.
type State struct {
	at      place
	strings int // begun
	bytes   int // of the string being written
}

type place uint8

const (
	before      place = iota // [
	opened                   // " or ]
	inString                 // anything, or "
	escaped                  // after a backslash
	afterString              // , or ]
	afterComma               // "
	closed                   // nothing
)

// Done reports that the list is closed.
func (s State) Done() bool { return s.at == closed }

// Accept is the state after more text, or false where that would leave JSON.
func (s State) Accept(text string) (State, bool) {
	for i := range len(text) {
		var ok bool
		if s, ok = s.next(text[i]); !ok {
			return s, false
		}
	}
	return s, true
}

func (s State) next(b byte) (State, bool) {
	switch {
	case s.at == before && b == '[':
		s.at = opened
	case (s.at == opened || s.at == afterString) && b == ']':
		s.at = closed
	case s.at == afterString && b == ',' && s.strings < MaxStrings:
		s.at = afterComma
	case (s.at == opened || s.at == afterComma) && b == '"':
		s.at, s.bytes = inString, 0
		s.strings++
	case s.at == escaped && (b == '"' || b == '\\'):
		s.at = inString
		s.bytes++
	case s.at == inString && b == '"':
		s.at = afterString
		return s, s.bytes > 0
	case s.at == inString && b == '\\' && s.bytes < MaxBytes:
		s.at = escaped
	case s.at == inString && b >= ' ' && s.bytes < MaxBytes:
		s.bytes++
	default:
		return s, false
	}
	return s, true
}

// Parse gives the strings of a list, as far as it was finished.
func Parse(text string) (list []string) {
	in := json.NewDecoder(strings.NewReader(text))
	if open, err := in.Token(); err != nil || open != json.Delim('[') {
		return nil
	}
	for in.More() {
		var s string
		if in.Decode(&s) != nil {
			break
		}
		list = append(list, s)
	}
	return list
}
