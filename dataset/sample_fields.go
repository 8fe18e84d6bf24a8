package dataset

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// fields are the members of a JSON object, or the columns of a CSV record, as they stand in a file. Readers take out
// what they understand; what is left becomes Sample.Extra.
type fields map[string]json.RawMessage

// field is one of our own members beside the reference's, which are all optional.
type field struct {
	name  string
	value any // *string, *int, *[]string or two
}

// two is a pair of numbers that is written as an array.
type two [2]*int

// ours lists our own members in the order in which they are written.
func ours(s *Sample) []field {
	return []field{
		{"scene", &s.Scene}, {"episode", &s.Episode}, {"camera", &s.Camera}, {"frames", two{&s.Frame1, &s.Frame2}},
		{"window", &s.Window}, {"level", (*string)(&s.Level)}, {"kind", (*string)(&s.Kind)}, {"plan", &s.Plan}, {"done", two{&s.Done[0], &s.Done[1]}},
	}
}

// take reads our own members out of f. One that does not have the form we write means something else to whoever wrote
// it, so it stays, and survives.
func (s *Sample) take(f fields) {
	if len(f) == 0 { // as in every file but ours
		return
	}
	for _, o := range ours(s) {
		switch p := o.value.(type) {
		case *string:
			*p, _ = taken[string](f, o.name, nil)
		case *int:
			*p, _ = taken[int](f, o.name, nil)
		case *[]string:
			*p, _ = taken[[]string](f, o.name, nil)
		case two:
			if v, ok := taken(f, o.name, func(v []int) bool { return len(v) == 2 }); ok {
				*p[0], *p[1] = v[0], v[1]
			}
		}
	}
}

// taken removes the member from f if it has type T, is not null and fits.
func taken[T any](f fields, name string, fits func(T) bool) (v T, ok bool) {
	raw := f[name]
	if raw == nil || string(raw) == "null" || json.Unmarshal(raw, &v) != nil || fits != nil && !fits(v) {
		return *new(T), false
	}
	delete(f, name)
	return v, true
}

// text is the member as JSON; empty for a zero value, which is not written.
func (o field) text() []byte {
	switch p := o.value.(type) {
	case *string:
		if *p != "" {
			return appendString(nil, *p)
		}
	case *int:
		if *p != 0 {
			return fmt.Append(nil, *p)
		}
	case *[]string:
		if len(*p) > 0 {
			return marshal(*p)
		}
	case two:
		if *p[0] != 0 || *p[1] != 0 {
			return fmt.Appendf(nil, "[%d,%d]", *p[0], *p[1])
		}
	}
	return nil
}

// keep is what remains of f, without white space, as Sample.Extra: nil if nothing does.
func (f fields) keep() map[string]json.RawMessage {
	for name, raw := range f {
		f[name] = compacted(raw)
	}
	if len(f) == 0 {
		return nil
	}
	return f
}

// names are f's in order, so that what is written depends on the sample alone.
func (f fields) names() []string { return slices.Sorted(maps.Keys(f)) }

func compacted(raw json.RawMessage) json.RawMessage {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return raw
	}
	return b.Bytes()
}

// marshal is json.Marshal with text as it is: < and > are no danger here, and \u003c is hard to read.
func marshal(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil // callers give strings, and JSON that has been checked
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// appendString appends s, which is UTF-8, as a JSON string.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// imagePath reads an image's path: slashes, relative to the root of the images, which it may not leave. A leading _/
// stands for ./ in the reference's files, and a backslash, as Windows has it, for a slash.
func imagePath(name string) (string, error) {
	name = strings.ReplaceAll(name, `\`, "/")
	if len(name) > 2 && name[1:3] == ":/" {
		return "", fmt.Errorf("image path %q begins with a drive, and has to be inside the root: %w", name, fs.ErrInvalid)
	}
	if rest, ok := strings.CutPrefix(name, "_/"); ok {
		name = "./" + rest
	}
	clean := path.Clean(name)
	if name == "" || clean == "." || !fs.ValidPath(clean) {
		return "", fmt.Errorf("image path %q is not inside the root: %w", name, fs.ErrInvalid)
	}
	return clean, nil
}

// writtenPath is a path such that reading gives it back, also from a folder that is called _.
func writtenPath(name string) string {
	if strings.HasPrefix(name, "_/") {
		return "./" + name
	}
	return name
}

// answer reads a label. Anything but the two answers and nothing is an error: a label that is misread trains a model to
// be wrong.
func answer(label string) (string, error) {
	label = strings.TrimSpace(label)
	if label != "" && label != Img1 && label != Img2 {
		return "", fmt.Errorf("the answer is %q, not %s or %s", label, Img1, Img2)
	}
	return label, nil
}

// writable says why a sample cannot be written so that reading gives it back.
func (s *Sample) writable() error {
	for _, name := range []string{s.Img1, s.Img2} {
		if clean, err := imagePath(writtenPath(name)); err != nil {
			return err
		} else if clean != name {
			return fmt.Errorf("image path %q is not in its shortest form, %q", name, clean)
		}
	}
	if err := s.CheckCloser(); err != nil {
		return err
	}
	texts := append([]string{s.Task, string(s.Prompt), s.Detail[0], s.Detail[1], s.Scene, s.Episode, s.Camera, string(s.Level), string(s.Kind)}, s.Plan...)
	for name, raw := range s.Extra {
		if !json.Valid(raw) {
			return fmt.Errorf("extra field %q is not JSON", name)
		}
		texts = append(texts, name, string(raw))
	}
	for _, t := range texts {
		if !utf8.ValidString(t) {
			return fmt.Errorf("%q is not UTF-8", t)
		}
	}
	return nil
}
