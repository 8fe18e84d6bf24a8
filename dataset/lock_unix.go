//go:build unix && !solaris && !aix

package dataset

import (
	"os"
	"syscall"
)

// lock waits until no other process has the file locked. It ends with the file's closing, however the process dies.
func lock(f *os.File) { _ = syscall.Flock(int(f.Fd()), syscall.LOCK_EX) }
