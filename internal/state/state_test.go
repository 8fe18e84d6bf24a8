package state

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

func save(d Disk, dir, version string) error {
	return d.Replace(dir, func(w *Dir) error {
		return errors.Join(w.File("a", text(version)), w.File("deep/b", text(version)))
	})
}

// content is what a reader finds: the version if both files agree, "" if there is no directory.
func content(t *testing.T, dir string) string {
	t.Helper()
	a, err := os.ReadFile(filepath.Join(dir, "a"))
	if errors.Is(err, os.ErrNotExist) {
		if _, err := os.Stat(dir); err == nil {
			t.Fatal("a directory without its files")
		}
		return ""
	}
	b, err := os.ReadFile(filepath.Join(dir, "deep", "b"))
	if err != nil || string(a) != string(b) {
		t.Fatalf("half a directory: %q and %q, %v", a, b, err)
	}
	return string(a)
}

// TestEveryOperationFails lets each operation fail in turn, over nothing and over an older version: the directory is
// then what it was, or wholly new where only the last sync failed, and the error names a file.
func TestEveryOperationFails(t *testing.T) {
	for _, before := range []string{"", "old"} {
		for n := 0; ; n++ {
			parent := t.TempDir()
			dir := filepath.Join(parent, "run")
			if before != "" {
				if err := save(Disk{}, dir, before); err != nil {
					t.Fatal(err)
				}
			}
			count, failed := 0, ""
			d := Disk{Before: func(op, path string) error {
				if count++; count == n+1 {
					failed = op + " " + path
					return errors.New("injected")
				}
				return nil
			}}
			err := save(d, dir, "new")
			got := content(t, dir)
			if failed == "" {
				if err != nil || got != "new" || n < 10 {
					t.Fatalf("without a failure, after %d operations: %q, %v", n, got, err)
				}
				break
			}
			last := failed == "sync "+parent
			switch {
			case err == nil || !strings.Contains(err.Error(), failed):
				t.Fatalf("%s failed: %v", failed, err)
			case !last && got != before, last && got != "new":
				t.Fatalf("%s failed: the directory is %q", failed, got)
			}
			if err := (Disk{}).Clean(parent); err != nil {
				t.Fatal(err)
			}
			entries, _ := os.ReadDir(parent)
			if len(entries) > 1 {
				t.Fatalf("%s failed: left behind %v", failed, entries)
			}
		}
	}
}

// TestKilledAnywhere: what a kill before each operation leaves, Clean makes the old version or the new, and nothing
// beside it; the next Replace alone does too.
func TestKilledAnywhere(t *testing.T) {
	for _, before := range []string{"", "old"} {
		parent := t.TempDir()
		dir := filepath.Join(parent, "run")
		if before != "" {
			if err := save(Disk{}, dir, before); err != nil {
				t.Fatal(err)
			}
		}
		var left []string // copies of parent
		absent := 0
		err := save(Disk{Before: func(op, path string) error {
			if _, err := os.Stat(dir); before != "" && err != nil {
				absent++
			}
			copied := t.TempDir()
			left = append(left, copied)
			return os.CopyFS(copied, os.DirFS(parent))
		}}, dir, "new")
		if err != nil || before != "" && absent != 1 {
			t.Fatalf("the directory was absent before %d operations, %v", absent, err)
		}
		for i, parent := range left {
			dir := filepath.Join(parent, "run")
			want := before
			if i == len(left)-1 { // only the last sync is missing
				want = "new"
			}
			again := t.TempDir()
			if err := os.CopyFS(again, os.DirFS(parent)); err != nil {
				t.Fatal(err)
			}
			if err := (Disk{}).Clean(parent); err != nil {
				t.Fatal(err)
			}
			if got := content(t, dir); got != want {
				t.Errorf("killed before operation %d of %d: %q, want %q", i+1, len(left), got, want)
			}
			if entries, _ := os.ReadDir(parent); len(entries) > 1 {
				t.Errorf("killed before operation %d of %d: left behind %v", i+1, len(left), entries)
			}
			dir = filepath.Join(again, "run")
			failing := Disk{Before: func(op, path string) error {
				if op == "create" {
					return errors.New("injected")
				}
				return nil
			}}
			if err := save(failing, dir, "newer"); err == nil || content(t, dir) != want {
				t.Errorf("killed before operation %d of %d, and the next write failed: %q, %v", i+1, len(left), content(t, dir), err)
			}
		}
	}
}

func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	for _, version := range []string{"one", "two"} {
		if err := (Disk{}).WriteFile(path, text(version)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != version {
			t.Fatalf("%q, %v", got, err)
		}
	}
	for n := range 4 { // create, write, sync, rename
		count := 0
		d := Disk{Before: func(op, path string) error {
			if count++; count == n+1 {
				return errors.New("injected")
			}
			return nil
		}}
		if err := d.WriteFile(path, text("three")); err == nil || !strings.Contains(err.Error(), path) && !strings.Contains(err.Error(), ".f.writing-") {
			t.Errorf("operation %d: %v", n, err)
		}
		if got, _ := os.ReadFile(path); string(got) != "two" {
			t.Errorf("operation %d failed, and the file is %q", n, got)
		}
	}
}
