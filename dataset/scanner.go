package dataset

import (
	"bytes"
	"errors"
)

// scanner finds where samples begin in a file that is handed to it piece by piece. It looks no closer than it must: a
// sample that is malformed inside is found when it is read.
type scanner interface {
	// scan calls found with the place in piece of every sample that begins there.
	scan(piece []byte, found func(at int)) error
	// end says how many bytes at the end of the file belong to no sample, or why the file cannot end here.
	end() (tail int64, err error)
}

func newScanner(kind kind) scanner {
	switch kind {
	case arrayKind:
		return &arrayScanner{}
	case csvKind, semicolonKind, tabKind:
		return &csvScanner{comma: kind.comma()}
	}
	return &lineScanner{}
}

var white = [256]bool{' ': true, '\t': true, '\r': true, '\n': true}

// lineScanner finds the first character of every line that is not blank.
type lineScanner struct{ inside bool }

func (s *lineScanner) scan(piece []byte, found func(int)) error {
	for i := 0; i < len(piece); {
		if !s.inside {
			if white[piece[i]] {
				i++
				continue
			}
			found(i)
			s.inside = true
		}
		n := bytes.IndexByte(piece[i:], '\n')
		if n < 0 {
			break
		}
		i += n + 1
		s.inside = false
	}
	return nil
}

func (s *lineScanner) end() (int64, error) { return 0, nil }

// csvScanner finds the records of a CSV file, the header among them. A quote opens a field only at its beginning. A row
// of nothing but separators and blanks, as spreadsheets add them at the end, is none.
type csvScanner struct {
	comma  byte
	inside bool // a record
	blank  bool // so far; it has not been told of
	start  int  // of a blank one in this piece; negative where it began in one before
	quoted bool
	closed bool // the byte before was a quote inside a quoted field: the field's end or, doubled, a quote
	begun  bool // the byte before ended a field, so that a quote opens the next
}

func (s *csvScanner) scan(piece []byte, found func(int)) error {
	defer func() { s.start -= len(piece) }()
	line := -1 // the first line end at or after i
	for i := 0; i < len(piece); {
		if s.closed {
			s.closed = false
			if piece[i] == '"' {
				s.quoted = true
				i++
				continue
			}
		}
		if s.quoted {
			n := bytes.IndexByte(piece[i:], '"')
			if n < 0 {
				return nil
			}
			i += n + 1
			s.quoted, s.closed, s.begun = false, true, false
			continue
		}
		if !s.inside {
			if piece[i] == '\n' || piece[i] == '\r' {
				i++
				continue
			}
			s.inside, s.begun, s.blank, s.start = true, true, true, i
		}
		if s.blank {
			for i < len(piece) && (piece[i] == s.comma || piece[i] == ' ' || piece[i] == '\t') {
				s.begun = piece[i] == s.comma
				i++
			}
			if i == len(piece) {
				return nil
			}
			if piece[i] == '\n' || piece[i] == '\r' {
				s.inside = false
				continue
			}
			s.blank = false
			found(s.start)
		}
		if line < i {
			if line = bytes.IndexByte(piece[i:], '\n'); line < 0 {
				line = len(piece)
			} else {
				line += i
			}
		}
		n := bytes.IndexByte(piece[i:line], '"')
		switch {
		case n > 0:
			s.begun = piece[i+n-1] == s.comma
			fallthrough
		case n == 0:
			s.quoted = s.begun
			s.begun = false
			i += n + 1
		case line < len(piece):
			i, s.inside = line+1, false
		default:
			i, s.begun = line, piece[line-1] == s.comma
		}
	}
	return nil
}

func (s *csvScanner) end() (int64, error) {
	if s.quoted {
		return 0, errors.New("a quoted field of the last record is not closed")
	}
	return 0, nil
}

// arrayScanner finds the elements of a JSON array.
type arrayScanner struct {
	depth   int
	element bool // an element has begun and its comma has not come
	quoted  bool
	escaped bool // the byte before was a backslash in a string
	closed  bool // the array's end has come
	tail    int64
}

// deep marks the bytes that matter inside an element.
var deep = [256]bool{'"': true, '{': true, '[': true, '}': true, ']': true}

func (s *arrayScanner) scan(piece []byte, found func(int)) error {
	for i := 0; i < len(piece); {
		switch {
		case s.quoted:
			i = s.skipString(piece, i)
		case s.depth > 1:
			for i < len(piece) && !deep[piece[i]] {
				i++
			}
			if i == len(piece) {
				break
			}
			switch piece[i] {
			case '"':
				s.quoted = true
			case '{', '[':
				s.depth++
			default:
				s.depth--
			}
			i++
		default:
			if err := s.between(piece[i], i, found); err != nil {
				return err
			}
			i++
		}
	}
	if s.closed {
		s.tail += int64(len(piece))
	}
	return nil
}

// between handles a byte that stands in the array itself and not inside an element's brackets or quotes.
func (s *arrayScanner) between(c byte, i int, found func(int)) error {
	switch {
	case white[c]:
		return nil
	case s.closed:
		return errors.New("more follows the end of the array")
	case s.depth == 0 && c != '[':
		return errors.New("does not begin with [")
	case s.depth == 0:
		s.depth = 1
		return nil
	case c == ',':
		s.element = false
		return nil
	case c == ']' || c == '}':
		s.depth, s.closed, s.element = 0, true, false
		s.tail = -int64(i) // this piece's length is added when it ends
		return nil
	}
	if !s.element {
		found(i)
		s.element = true
	}
	switch c {
	case '"':
		s.quoted = true
	case '{', '[':
		s.depth++
	}
	return nil
}

// skipString goes on inside a string and gives the place behind it, or the piece's end.
func (s *arrayScanner) skipString(piece []byte, i int) int {
	if s.escaped {
		s.escaped = false
		return i + 1
	}
	end := bytes.IndexByte(piece[i:], '"')
	quote := end >= 0
	if end += i; !quote {
		end = len(piece)
	}
	for i < end {
		n := bytes.IndexByte(piece[i:end], '\\')
		if n < 0 {
			break
		}
		if i += n + 2; i > end && !quote {
			s.escaped = true // the escaped byte is in the next piece
			return end
		}
	}
	if i > end || !quote {
		return max(i, end) // the quote was escaped, or there is none
	}
	s.quoted = false
	return end + 1
}

func (s *arrayScanner) end() (int64, error) {
	if !s.closed {
		return 0, errors.New("the array does not end: the file is cut short, or a bracket or quote is not closed")
	}
	return s.tail, nil
}
