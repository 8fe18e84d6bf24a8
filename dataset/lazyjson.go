package dataset

import (
	"bytes"
	"encoding/json"
)

// These take apart JSON that is known to be valid, one level at a time and without copying. encoding/json would look at
// every byte again at each level, and a training run reads millions of samples.

// object gives the members of an object; nil of null, and false for anything else. The last of two equal names counts, as
// with encoding/json.
func object(raw json.RawMessage) (f fields, ok bool) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || raw[0] != '{' {
		return nil, string(raw) == "null"
	}
	f = fields{}
	for i := space(raw, 1); raw[i] != '}'; {
		end := skip(raw, i)
		name, _ := text(raw[i:end])
		i = space(raw, space(raw, end)+1) // the colon
		end = skip(raw, i)
		f[name] = raw[i:end:end]
		if i = space(raw, end); raw[i] == ',' {
			i = space(raw, i+1)
		}
	}
	return f, true
}

// array gives the elements of an array; nil of null, and false for anything else.
func array(raw json.RawMessage) (elements []json.RawMessage, ok bool) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || raw[0] != '[' {
		return nil, string(raw) == "null"
	}
	for i := space(raw, 1); raw[i] != ']'; {
		end := skip(raw, i)
		elements = append(elements, raw[i:end:end])
		if i = space(raw, end); raw[i] == ',' {
			i = space(raw, i+1)
		}
	}
	return elements, true
}

// objects gives the elements of an array of objects, which may be null.
func objects(raw json.RawMessage) ([]fields, bool) {
	elements, ok := array(raw)
	out := make([]fields, len(elements))
	for i, e := range elements {
		var is bool
		out[i], is = object(e)
		ok = ok && is
	}
	return out, ok
}

// text gives a string; empty of null, and false for anything else.
func text(raw json.RawMessage) (s string, ok bool) {
	n := len(raw)
	if n == 0 {
		return "", false
	}
	if n >= 2 && raw[0] == '"' && bytes.IndexByte(raw, '\\') < 0 {
		if word, ok := words[string(raw[1:n-1])]; ok {
			return word, true
		}
		return string(raw[1 : n-1]), true
	}
	ok = json.Unmarshal(raw, &s) == nil
	return s, ok
}

// words are the texts that every sample repeats; finding one here saves making it anew, which a map's lookup does not.
var words = func() map[string]string {
	m := map[string]string{}
	for _, w := range []string{keyMessages, keyTarget, keyCloser, keyDetails, "role", "user", "content", "type", "image", "image_id", "text", Img1, Img2} {
		m[w] = w
	}
	return m
}()

// space is the first place from i on that is not white space.
func space(raw []byte, i int) int {
	for white[raw[i]] {
		i++
	}
	return i
}

// skip is the place behind the value that begins at i.
func skip(raw []byte, i int) int {
	switch raw[i] {
	case '"':
		return skipText(raw, i)
	case '{', '[':
		for depth := 0; ; i++ {
			switch raw[i] {
			case '"':
				i = skipText(raw, i) - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
		}
	}
	for i < len(raw) && !white[raw[i]] && raw[i] != ',' && raw[i] != '}' && raw[i] != ']' {
		i++
	}
	return i
}

func skipText(raw []byte, i int) int {
	for i++; raw[i] != '"'; i++ {
		if raw[i] == '\\' {
			i++
		}
	}
	return i + 1
}
