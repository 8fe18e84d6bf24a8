//go:build cgo && !noxla && linux && amd64

package compiled

// #cgo LDFLAGS: -ldl
// #include <stdlib.h>
// #include "table.h"
import "C"

import (
	"fmt"
	"os"
	"sync"
	"syscall"
	"unsafe"

	"github.com/gomlx/go-xla/pjrt"
)

// kept is where the programs of the one plugin are whose table was replaced. A table of C functions has no room for it.
var kept struct {
	sync.Mutex
	store
	replaced bool
}

// Keep loads the plugin and has what it compiles kept in a directory, which is made. name is the one that go-xla will be asked for
// the plugin by. It is to be called before; later calls change nothing. Where nothing can be kept, which is an error, the plugin
// is usable all the same.
func Keep(name, plugin, dir string) error {
	kept.Lock()
	defer kept.Unlock()
	if kept.replaced {
		return nil
	}
	path := C.CString(plugin)
	defer C.free(unsafe.Pointer(path))
	table := C.table_open(path)
	if table == nil {
		return fmt.Errorf("%s: it has no table of functions that is known", plugin)
	}
	if err := pjrt.RegisterPreloadedPlugin(name, uintptr(table)); err != nil {
		return err
	}
	kept.replaced = true
	s, err := newStore(dir, plugin)
	if err == nil {
		err = owned(dir)
	}
	if err == nil {
		kept.store = s
	}
	return err
}

// ReturnFreed has the C library give large blocks back to the system as soon as XLA frees them, in the whole process from now on. It
// keeps them else, in each of a dozen arenas as much as a call has needed: half of a large checkpoint's size. Mapping them anew takes
// part of a millisecond a call, which a small checkpoint would feel.
func ReturnFreed() { C.return_freed() }

// owned refuses a directory of somebody else's.
func owned(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); !ok || int(owner.Uid) != os.Geteuid() {
		return fmt.Errorf("%s: it belongs to somebody else, and what is there would be run", dir)
	}
	return nil
}

// compiledCompile is PJRT_Client_Compile: its arguments, which have room for the result, and its error.
//
//export compiledCompile
func compiledCompile(arguments unsafe.Pointer) unsafe.Pointer {
	args := (*C.compile_args)(arguments)
	p, asked := args.program, memory(args.options, args.options_size)
	s := kept.store // since it was set, programs are compiled, and it does not change
	code := memory(p.code, p.code_size)
	options := withOverrides(asked, code)
	key := s.key(memory(p.format, p.format_size), code, options)
	if b := s.read(key); b != nil && C.compiled_load(args, (*C.char)(unsafe.Pointer(unsafe.SliceData(b))), C.size_t(len(b))) != 0 {
		return nil
	}
	if err := compileAnew(args, options); err != nil {
		return err
	}
	var out C.serialised
	if C.compiled_serialise(args.executable, &out) != 0 {
		_ = s.write(key, memory(out.bytes, out.size)) // a full disk costs the next process time, and this one nothing
		C.compiled_drop(&out)
	}
	return nil
}

// compileAnew compiles with these options, and with those that were asked for where the plugin does not know these.
func compileAnew(args *C.compile_args, options []byte) unsafe.Pointer {
	asked, size := args.options, args.options_size
	if len(options) > int(size) {
		ours := C.CBytes(options)
		defer C.free(ours)
		args.options, args.options_size = (*C.char)(ours), C.size_t(len(options))
		err := C.compile_anew(args)
		args.options, args.options_size = asked, size
		if err == nil {
			return nil
		}
		C.error_free(err)
	}
	return C.compile_anew(args)
}

// memory is C's, to be read and not kept.
func memory(at *C.char, size C.size_t) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(at)), size)
}
