//go:build unix && !solaris && !aix

package state

import (
	"errors"
	"os"
	"syscall"
)

// Lock waits until no other process has the file locked. The lock ends with Release, or with the process, however it dies.
func Lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX) }

// TryLock fails where another process has the file locked.
func TryLock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// Release ends the lock and closes the file. Closing alone is not enough: where a program is being started meanwhile, its process
// has this one's files too until the program is loaded, and with them the lock.
func Release(f *os.File) error {
	return errors.Join(syscall.Flock(int(f.Fd()), syscall.LOCK_UN), f.Close())
}
