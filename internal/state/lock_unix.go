//go:build unix && !solaris && !aix

package state

import (
	"os"
	"syscall"
)

// Lock waits until no other process has the file locked. The lock ends with the file's closing, however the process dies.
func Lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX) }

// TryLock fails where another process has the file locked.
func TryLock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
