package compiled

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// newTestStore is a store beside a plugin that is no plugin.
func newTestStore(t *testing.T) store {
	t.Helper()
	if _, err := processor(); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	plugin := filepath.Join(dir, "plugin.so")
	if err := os.WriteFile(plugin, []byte("machine code"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := newStore(filepath.Join(dir, "a", "b"), plugin)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func names(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// A program comes back as it was written, and after any byte of its file has changed, or any number of them is missing, not at all.
func TestDamaged(t *testing.T) {
	s := newTestStore(t)
	program := []byte("program")
	if got := s.read("key"); got != nil {
		t.Fatalf("read %q before anything was written", got)
	}
	if err := s.write("key", program); err != nil {
		t.Fatal(err)
	}
	if got := s.read("key"); !bytes.Equal(got, program) {
		t.Fatalf("read %q", got)
	}
	path := filepath.Join(s.dir, "key"+programs)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		flipped := bytes.Clone(whole)
		flipped[i] ^= 1
		for _, damaged := range [][]byte{flipped, whole[:i]} {
			if err := os.WriteFile(path, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			if got := s.read("key"); got != nil {
				t.Fatalf("byte %d: read %q", i, got)
			}
		}
	}
	if err := s.write("key", program); err != nil { // over the damaged one
		t.Fatal(err)
	}
	if got := s.read("key"); !bytes.Equal(got, program) {
		t.Errorf("read %q after it was written again", got)
	}
	if diff := cmp.Diff([]string{"key" + programs}, names(t, s.dir)); diff != "" {
		t.Error(diff)
	}
}

// Every part counts for the key, as does where one ends and the next begins, and all that machines differ in.
func TestKey(t *testing.T) {
	s := newTestStore(t)
	seen := map[string]string{}
	add := func(what, key string) {
		if other, ok := seen[key]; ok {
			t.Errorf("%s and %s have one key", what, other)
		}
		seen[key] = what
	}
	key := func(s store) string { return s.key([]byte("ab"), []byte("c")) }
	add("the first", key(s))
	add("another border", s.key([]byte("a"), []byte("bc")))
	add("another part", s.key([]byte("ab"), []byte("d")))
	plugin := filepath.Join(filepath.Dir(filepath.Dir(s.dir)), "plugin.so")
	again := func() store {
		s, err := newStore(s.dir, plugin)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if key(again()) != key(s) {
		t.Error("the same machine has another key")
	}
	t.Setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=true")
	add("another flag", key(again()))
	if err := os.Chtimes(plugin, time.Time{}, time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	add("another plugin of this size", key(again()))
}

// Beyond the bound the programs go that were not read for longest. Files of others stay, as does what another process is writing.
func TestPrune(t *testing.T) {
	s := newTestStore(t)
	hour := func(name string, hours int) {
		at := time.Now().Add(-time.Duration(hours) * time.Hour)
		if err := os.Chtimes(filepath.Join(s.dir, name), at, at); err != nil {
			t.Fatal(err)
		}
	}
	for i, key := range []string{"a", "b", "c"} {
		if err := s.write(key, make([]byte, 68)); err != nil { // 100 with the checksum
			t.Fatal(err)
		}
		hour(key+programs, 9-i)
	}
	for _, name := range []string{"notes.txt", "new" + unfinished, "old" + unfinished} {
		if err := os.WriteFile(filepath.Join(s.dir, name), make([]byte, 1000), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	hour("old"+unfinished, 2)
	s.read("a")
	if err := s.prune(200); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a" + programs, "c" + programs, "new" + unfinished, "notes.txt"}, names(t, s.dir)); diff != "" {
		t.Error(diff)
	}
}

// A directory that others may write into is not used, nor one that cannot be made.
func TestUnsafeDirectory(t *testing.T) {
	s := newTestStore(t)
	plugin := filepath.Join(filepath.Dir(filepath.Dir(s.dir)), "plugin.so")
	if err := os.Chmod(s.dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{s.dir, filepath.Join(plugin, "below a file")} {
		if _, err := newStore(dir, plugin); err == nil {
			t.Errorf("%s was taken", dir)
		}
	}
}
