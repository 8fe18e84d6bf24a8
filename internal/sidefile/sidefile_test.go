package sidefile

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// lfs is what Git writes for a file of 3 GB, by the specification of its pointers.
const lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 3000000000\n"

func TestRead(t *testing.T) {
	for name, c := range map[string]struct{ text, want, fault string }{
		"plain":         {"{}", "{}", ""},
		"marked":        {"\xef\xbb\xbf{}", "{}", ""},
		"marked twice":  {"\xef\xbb\xbf\xef\xbb\xbf{}", "\xef\xbb\xbf{}", ""},
		"empty":         {"", "", ""},
		"pointer":       {lfs, "", "a.json: is an LFS pointer; fetch the file"},
		"at the limit":  {strings.Repeat("a", 200), strings.Repeat("a", 200), ""},
		"over":          {strings.Repeat("a", 201), "", "a.json: longer than 200 bytes"},
		"pointer below": {" " + lfs, " " + lfs, ""},
	} {
		got, err := Read(fstest.MapFS{"a.json": {Data: []byte(c.text)}}, "a.json", 200)
		if string(got) != c.want || (err != nil) != (c.fault != "") || err != nil && !strings.HasPrefix(err.Error(), c.fault) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := Read(fstest.MapFS{}, "a.json", 9); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "a.json") {
		t.Error(err)
	}
	if _, err := Read(fstest.MapFS{"a.json": {Mode: fs.ModeDir}}, "a.json", 9); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
