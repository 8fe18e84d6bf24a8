package vision

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// longer is a file system whose files go on without end behind the size they are said to have.
type longer struct{ fstest.MapFS }

func (l longer) Open(name string) (fs.File, error) {
	f, err := l.MapFS.Open(name)
	return endless{f}, err
}

type endless struct{ fs.File }

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// TestRead: every fault is told once with the file's name, and nothing but a file is opened.
func TestRead(t *testing.T) {
	var good bytes.Buffer
	if err := png.Encode(&good, image.NewGray(image.Rect(0, 0, 9, 7))); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, data := range map[string][]byte{"good.png": good.Bytes(), "cut.png": good.Bytes()[:good.Len()-20], "text.jpg": []byte("no image"), "empty.png": {}, "huge.png": {}} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Truncate(filepath.Join(dir, "huge.png"), maxFile+1); err != nil { // a hole, which takes no disk
		t.Fatal(err)
	}
	disk := os.DirFS(dir)
	if img, err := ReadFile(filepath.Join(dir, "good.png")); err != nil || img.Bounds() != image.Rect(0, 0, 9, 7) {
		t.Errorf("%v, %v", img, err)
	}
	for name, as := range map[string]any{filepath.Join(dir, "cut.png"): new(*FormatError), dir: nil, "": nil, "/": nil, "none.png": nil} {
		_, err := ReadFile(name)
		var bad *fs.PathError
		if !errors.As(err, &bad) || bad.Path != name || as != nil && !errors.As(err, as) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if img, err := Read(disk, "good.png"); err != nil || img.Bounds() != image.Rect(0, 0, 9, 7) {
		t.Errorf("%v, %v", img, err)
	}
	memory := fstest.MapFS{"pipe.png": {Mode: fs.ModeNamedPipe}, "zero.png": {Mode: fs.ModeDevice}, "dir/a": {}, "more.png": {Data: good.Bytes()}}
	for _, c := range []struct {
		fsys fs.FS
		name string
		as   any // the cause's type, nil for any
		say  string
	}{
		{disk, "none.png", nil, "no such file"},
		{disk, "../good.png", nil, "invalid argument"},
		{disk, "", nil, "invalid argument"},
		{disk, "cut.png", new(*FormatError), "png"},
		{disk, "text.jpg", new(*FormatError), "unknown format"},
		{disk, "empty.png", new(*FormatError), "image"},
		{disk, "huge.png", nil, "bytes long"},
		{memory, "pipe.png", nil, "no regular file"},
		{memory, "zero.png", nil, "no regular file"},
		{memory, "dir", nil, "no regular file"},
		{nil, "good.png", nil, "no file system"},
	} {
		_, err := Read(c.fsys, c.name)
		var bad *fs.PathError
		if !errors.As(err, &bad) || bad.Path != c.name || c.as != nil && !errors.As(err, c.as) || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.name != "" && err != nil && strings.Count(err.Error(), c.name) != 1 {
			t.Errorf("the file should be named once: %v", err)
		}
	}
	if _, err := contents(longer{memory}, "more.png", 1<<16); err == nil || !strings.Contains(err.Error(), "bytes long") {
		t.Errorf("a file without end: %v", err)
	}
}
