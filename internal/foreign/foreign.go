// Package foreign calls what users have written: sources, stages, images, callbacks. On a goroutine of ours a panic in it would end the
// process; here it is an error of the call.
package foreign

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
)

// PanicError is what a panic has become.
type PanicError struct {
	What  string // was called, "Source.At", say
	Value any    // that was panicked with
	Where string // file and line of the panic, or empty
}

func (e *PanicError) Error() string {
	where := ""
	if e.Where != "" {
		where = " at " + e.Where
	}
	return fmt.Sprintf("%s panicked%s: %v", e.What, where, e.Value)
}

// Unwrap is the value where that is an error, as those of the runtime are.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// Do calls f, and returns a *PanicError and a zero value where that panics. what names the call.
func Do[T any](what string, f func() (T, error)) (v T, err error) {
	defer func() {
		if p := recover(); p != nil {
			var zero T
			v, err = zero, &PanicError{what, p, where()}
		}
	}()
	return f()
}

// Get is Do for what has no error of its own.
func Get[T any](what string, f func() T) (T, error) {
	return Do(what, func() (T, error) { return f(), nil })
}

// Run is Do for what gives nothing.
func Run(what string, f func()) error {
	_, err := Do(what, func() (struct{}, error) { f(); return struct{}{}, nil })
	return err
}

// where is the line that panicked. It is called while that is being recovered from: above it on the stack are the runtime's frames, and
// above those the line.
func where() string {
	var at [64]uintptr
	frames := runtime.CallersFrames(at[:runtime.Callers(0, at[:])])
	for panicked := false; ; {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			panicked = true
		case panicked && !strings.HasPrefix(f.Function, "runtime."):
			return fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line)
		}
		if !more {
			return ""
		}
	}
}
