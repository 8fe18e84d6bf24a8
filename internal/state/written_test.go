package state

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOccupied: whatever was not written by Replace, or has been changed since, stays, and the error names it.
func TestOccupied(t *testing.T) {
	put := func(name, content string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			name := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		ours bool // Replace has been there before
		put  func(t *testing.T, dir string)
		want string
	}{
		"a stranger's file":      {false, put("notes.txt", "mine"), "notes.txt"},
		"their deep file":        {false, put("a/b/notes.txt", "mine"), "a"},
		"their file beside ours": {true, put("notes.txt", "mine"), "notes.txt"},
		"their file within ours": {true, put("deep/notes.txt", "mine"), "notes.txt"},
		"our file, changed":      {true, put("deep/b", "new"), "changed"},
		"our file, longer":       {true, put("a", "older"), "changed"},
		"their list":             {false, put(manifestFile, `{"a":1}`), manifestFile},
		"an empty list":          {false, put(manifestFile, `{}`), manifestFile},
		"an empty folder of theirs": {true, func(t *testing.T, dir string) {
			if err := os.Mkdir(filepath.Join(dir, "photos"), 0o755); err != nil {
				t.Fatal(err)
			}
		}, "photos"},
		"a link in place of our file": {true, func(t *testing.T, dir string) {
			if err := errors.Join(os.Remove(filepath.Join(dir, "a")), os.Symlink("deep/b", filepath.Join(dir, "a"))); err != nil {
				t.Fatal(err)
			}
		}, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			if c.ours {
				if err := save(Disk{}, dir, "old"); err != nil {
					t.Fatal(err)
				}
			}
			c.put(t, dir)
			before := tree(t, filepath.Dir(dir))
			for op, err := range map[string]error{"replace": save(Disk{}, dir, "new"), "remove": Disk{}.Remove(dir)} {
				var occupied *OccupiedError
				if !errors.As(err, &occupied) || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%s: %v, want %q named", op, err, c.want)
				}
			}
			if after := tree(t, filepath.Dir(dir)); after != before {
				t.Errorf("was\n%s\nis\n%s", before, after)
			}
		})
	}
	file := filepath.Join(t.TempDir(), "file")
	put("file", "mine")(t, filepath.Dir(file))
	if err := save(Disk{}, file, "new"); !errors.As(err, new(*OccupiedError)) {
		t.Errorf("over a file: %v", err)
	}
	if got, _ := os.ReadFile(file); string(got) != "mine" {
		t.Errorf("the file is %q", got)
	}
}

// TestFolders: an empty folder is filled, the working directory too, and where a link leads; what was written there is replaced, but
// for the working directory.
func TestFolders(t *testing.T) {
	parent := t.TempDir()
	dir, link := filepath.Join(parent, "run"), filepath.Join(parent, "latest")
	if err := errors.Join(os.Mkdir(dir, 0o755), os.Symlink("run", link)); err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"one", "two"} {
		if err := save(Disk{}, link, version); err != nil || content(t, dir) != version {
			t.Fatal(err)
		}
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Error("the link is gone")
	}
	t.Chdir(t.TempDir())
	if err := save(Disk{}, ".", "one"); err != nil || content(t, ".") != "one" {
		t.Fatal(err)
	}
	if err := save(Disk{}, ".", "two"); !errors.As(err, new(*OccupiedError)) || content(t, ".") != "one" {
		t.Error(err)
	}
	if err := save(Disk{}, "new/er", "one"); err != nil || content(t, "new/er") != "one" {
		t.Error(err)
	}
}

// TestEmptyFolder lets each operation fail in turn, and copies what a kill before it would leave: nothing, or what the next Replace
// knows for ours.
func TestEmptyFolder(t *testing.T) {
	for n := 0; ; n++ {
		dir := filepath.Join(t.TempDir(), "run")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		count, failed, left := 0, "", t.TempDir()
		err := save(Disk{Before: func(op, path string) error {
			if count++; count == n+1 {
				failed = op + " " + path
				return errors.Join(errors.New("injected"), os.CopyFS(filepath.Join(left, "run"), os.DirFS(dir)))
			}
			return nil
		}}, dir, "new")
		if failed == "" {
			if err != nil || content(t, dir) != "new" || n < 10 {
				t.Fatalf("after %d operations: %v", n, err)
			}
			return
		}
		entries, _ := os.ReadDir(dir)
		if err == nil || !strings.Contains(err.Error(), failed) || len(entries) > 0 {
			t.Errorf("%s failed: %v, %v", failed, entries, err)
		}
		killed := filepath.Join(left, "run")
		if err := save(Disk{}, killed, "newer"); err != nil || content(t, killed) != "newer" {
			t.Errorf("after a kill before %s: %v", failed, err)
		}
	}
}

// tree is everything under a folder, with its content.
func tree(t *testing.T, dir string) string {
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		b.WriteString(path)
		if err == nil && d.Type().IsRegular() {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			b.WriteString(": " + string(text))
		}
		b.WriteByte('\n')
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
