//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package cot

import (
	"os"
	"syscall"
)

// lock fails where another process holds the file. The lock ends with the process, however that ends.
func lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
