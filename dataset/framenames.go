package dataset

import (
	"cmp"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// FrameNames lists the images of a folder in the order of recording: .jpg, .jpeg, .png and .webp files in whatever case,
// but for names that begin with ".". Names are compared with the numbers in them taken as such, so frame_9 comes before
// frame_10. Where a number has a fraction, as a clock has, it counts: 10.05, 10.1, 10.15. Three numbers or more
// with dots between them are no fraction. Its errors are *FileError; a folder without images gives no name and no error.
func FrameNames(fsys fs.FS, dir string) ([]string, error) {
	if fsys == nil {
		return nil, errNoFS
	}
	entries, err := visible(fsys, dir)
	if err != nil {
		return nil, err
	}
	var frames []frameName
	for _, e := range entries {
		if stem, ok := imageStem(e.Name()); ok && !e.IsDir() {
			frames = append(frames, frameName{e.Name(), tokens(stem)})
		}
	}
	slices.SortFunc(frames, func(a, b frameName) int {
		return cmp.Or(slices.CompareFunc(a.tokens, b.tokens, compareTokens), strings.Compare(a.name, b.name))
	})
	names := make([]string, len(frames))
	for i, f := range frames {
		names[i] = f.name
	}
	return names, nil
}

// imageStem is an image file's name without its extension.
func imageStem(name string) (stem string, ok bool) {
	switch ext := path.Ext(name); strings.ToLower(ext) {
	case ".png", ".jpg", ".jpeg", ".webp":
		return strings.TrimSuffix(name, ext), true
	}
	return "", false
}

// frameName is a name and what it is compared by.
type frameName struct {
	name   string
	tokens []token
}

// token is a part of a name: a number, or what stands between two.
type token struct {
	text            string // "" of a number
	whole, fraction string // digits without the zeros that do not count
}

// String is a number as short as it can be.
func (t token) String() string {
	s := cmp.Or(t.whole, "0")
	if t.fraction != "" {
		s += "." + t.fraction
	}
	return s
}

func compareTokens(a, b token) int {
	return cmp.Or(
		strings.Compare(a.text, b.text), // numbers first
		cmp.Compare(len(a.whole), len(b.whole)), strings.Compare(a.whole, b.whole),
		strings.Compare(a.fraction, b.fraction),
	)
}

// tokens takes a name apart.
func tokens(s string) (out []token) {
	for s != "" {
		n := digits(s)
		if n == 0 {
			for n < len(s) && digits(s[n:n+1]) == 0 {
				n++
			}
			out, s = append(out, token{text: s[:n]}), s[n:]
			continue
		}
		chain := []string{s[:n]}
		for s = s[n:]; strings.HasPrefix(s, ".") && digits(s[1:]) > 0; s = s[1+n:] {
			n = digits(s[1:])
			chain = append(chain, s[1:1+n])
		}
		if len(chain) == 2 {
			out = append(out, number(chain[0], chain[1]))
			continue
		}
		for k, part := range chain {
			if k > 0 {
				out = append(out, token{text: "."})
			}
			out = append(out, number(part, ""))
		}
	}
	return out
}

func number(whole, fraction string) token {
	return token{whole: strings.TrimLeft(whole, "0"), fraction: strings.TrimRight(fraction, "0")}
}

// digits is how many s begins with.
func digits(s string) (n int) {
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}
