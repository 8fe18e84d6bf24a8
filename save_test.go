package egotsr

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/egotsr/egotsr/model/nano"
)

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
