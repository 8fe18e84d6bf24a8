package foreign

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
)

func TestDo(t *testing.T) {
	if v, err := Do("f", func() (int, error) { return 3, io.EOF }); v != 3 || err != io.EOF {
		t.Error(v, err)
	}
	if v, err := Get("f", func() int { return 3 }); v != 3 || err != nil {
		t.Error(v, err)
	}
	var none []int
	var nobody *strings.Reader
	for what, f := range map[string]func() int{
		"f panicked at foreign_test.go:": func() int { panic(io.EOF) },
		"index out of range":             func() int { return none[3] },
		"nil pointer":                    func() int { return nobody.Len() },
		"called with nil argument":       func() int { panic(nil) },
		"EOF":                            func() int { panic(io.EOF) },
	} {
		v, err := Get("f", f)
		if p := (*PanicError)(nil); v != 0 || !errors.As(err, &p) || p.What != "f" || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), ".go:") {
			t.Errorf("%s: %v, %v", what, v, err)
		}
	}
	if err := Run("f", func() { panic(io.EOF) }); !errors.Is(err, io.EOF) || Run("f", func() {}) != nil {
		t.Error(err)
	}
	if _, err := Get("f", func() int { panic(io.EOF) }); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	if _, err := Get("f", func() int { return none[3] }); !errors.As(err, new(runtime.Error)) {
		t.Error(err)
	}
}
