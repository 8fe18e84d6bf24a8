//go:build !unix || solaris || aix

package state

import "os"

// Lock does nothing where the standard library has no locks that end with their process.
func Lock(*os.File) error { return nil }

// TryLock does nothing either.
func TryLock(*os.File) error { return nil }

// Release closes the file.
func Release(f *os.File) error { return f.Close() }
