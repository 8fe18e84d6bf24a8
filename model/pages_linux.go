package model

import (
	"os"
	"syscall"
	"unsafe"
)

// largePages asks for pages of 2 MB for memory that is about to be filled: there is less to be set up while weights are read, and
// less to be looked up while they are multiplied. Where the system says no, nothing is lost.
func largePages(b []byte) {
	page := uintptr(os.Getpagesize())
	skip := -uintptr(unsafe.Pointer(unsafe.SliceData(b))) % page
	if uintptr(len(b)) > skip {
		_ = syscall.Madvise(b[skip:], syscall.MADV_HUGEPAGE)
	}
}
