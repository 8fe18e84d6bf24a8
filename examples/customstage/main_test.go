package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/egotsr/egotsr/internal/simtest"
)

// TestCustomStage takes two steps of the stage with a tiny checkpoint.
func TestCustomStage(t *testing.T) {
	t.Setenv("GOMLX_BACKEND", "go")
	data, out := t.TempDir(), t.TempDir()
	simtest.Write(t, data, "Lift the cup")
	if err := train(context.Background(), os.DirFS("../../testdata/tiny"), data, out, 2); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"best", "checkpoint-00000002"} {
		if _, err := os.Stat(filepath.Join(out, name)); err != nil {
			t.Error(err)
		}
	}
}
