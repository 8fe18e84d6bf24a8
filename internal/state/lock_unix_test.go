//go:build unix && !solaris && !aix

package state

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestRelease: the lock ends although another process, as one that is being started, still has the file; the second file
// stands for that process's.
func TestRelease(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".lock")
	open := func() *os.File {
		t.Helper()
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	f := open()
	if err := TryLock(f); err != nil {
		t.Fatal(err)
	}
	inherited, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(inherited)
	other := open()
	if TryLock(other) == nil {
		t.Fatal("locked twice")
	}
	if err := Release(f); err != nil {
		t.Fatal(err)
	}
	if err := TryLock(other); err != nil {
		t.Error(err)
	}
	if err := Release(other); err != nil {
		t.Error(err)
	}
}
