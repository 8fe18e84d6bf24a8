package egotsr

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/egotsr/egotsr/model/nano"
)

// TestSaveOfLinks: a checkpoint lies in Hugging Face's cache as links to its files, and all of them are saved.
func TestSaveOfLinks(t *testing.T) {
	ctx, root := t.Context(), t.TempDir()
	blobs, snapshot, saved := filepath.Join(root, "blobs"), filepath.Join(root, "snapshot"), filepath.Join(root, "saved")
	if err := errors.Join(os.CopyFS(blobs, nano.FS()), os.Mkdir(snapshot, 0o755)); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(blobs)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.Symlink(filepath.Join("..", "blobs", f.Name()), filepath.Join(snapshot, f.Name())); err != nil {
			t.Skip(err) // not every system lets everybody
		}
	}
	m, err := Open(ctx, os.DirFS(snapshot), &Options{Backend: "go"})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.Save(ctx, saved); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if info, err := os.Lstat(filepath.Join(saved, f.Name())); err != nil || !info.Mode().IsRegular() {
			t.Errorf("%s: %v", f.Name(), err)
		}
	}
	again, err := Open(ctx, os.DirFS(saved), &Options{Backend: "go"})
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

// TestSaveErrors: an error says where to Save was writing, and that the other files were to come from where Open had been.
func TestSaveErrors(t *testing.T) {
	ctx, root := t.Context(), t.TempDir()
	opened, file := filepath.Join(root, "opened"), filepath.Join(root, "file")
	if err := errors.Join(os.CopyFS(opened, os.DirFS(tiny)), os.WriteFile(file, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	m, err := Open(ctx, os.DirFS(opened), &Options{Backend: "go"})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.Save(ctx, filepath.Join(file, "sub")); err == nil || !strings.Contains(err.Error(), filepath.Join(file, "sub")) {
		t.Error(err)
	}
	if err := os.RemoveAll(opened); err != nil {
		t.Fatal(err)
	}
	if err := m.Save(ctx, filepath.Join(root, "saved")); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "that the checkpoint was opened from") {
		t.Error(err)
	}
}

// TestSaveLosesNothing: Save fills what is absent or empty and replaces what it wrote itself; anything else stays, and is named.
func TestSaveLosesNothing(t *testing.T) {
	ctx := t.Context()
	m, err := Open(ctx, nano.FS(), &Options{Backend: "go"})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	dir := filepath.Join(t.TempDir(), "mine")
	for range 2 {
		if err := m.Save(ctx, dir); err != nil {
			t.Fatal(err)
		}
	}
	notes := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(notes, []byte("two years of work"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{dir, notes} {
		wantInput(t, m.Save(ctx, place), "directory")
		if text, err := os.ReadFile(notes); err != nil || string(text) != "two years of work" {
			t.Fatalf("after Save to %s: %q, %v", place, text, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "model.safetensors")); err != nil {
		t.Error(err)
	}
	t.Chdir(t.TempDir())
	if err := m.Save(ctx, "."); err != nil {
		t.Fatal(err)
	}
	copied, err := Open(ctx, os.DirFS("."), &Options{Backend: "go"})
	if err != nil {
		t.Fatal(err)
	}
	copied.Close()
}
