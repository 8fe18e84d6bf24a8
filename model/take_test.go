package model

import (
	"context"
	"os"
	"slices"
	"testing"
)

// TestTake: the weights of another are taken to the bit; a model of another shape gives none.
func TestTake(t *testing.T) {
	ctx := context.Background()
	for _, weights := range []string{"f32", "bf16"} {
		a, b := open(t, os.DirFS(golden+"/checkpoint"), "go", weights), open(t, os.DirFS(golden+"/checkpoint"), "go", weights)
		attach(t, b, everywhere)
		if err := a.Take(ctx, b); err == nil {
			t.Error("adapters were passed over")
		}
		trained(t, b)
		if err := b.merge(ctx); err != nil {
			t.Fatal(err)
		}
		was, want := answer(t, a), answer(t, b)
		if err := a.Take(ctx, b); err != nil || !slices.Equal(answer(t, a), want) || slices.Equal(was, want) {
			t.Errorf("%s: %v", weights, err)
		}
	}
	a, other := open(t, os.DirFS(golden+"/checkpoint"), "go", "f32"), open(t, os.DirFS("../testdata/tiny"), "go", "f32")
	was := answer(t, a)
	if err := a.Take(ctx, other); err == nil || !slices.Equal(answer(t, a), was) {
		t.Error("another shape was taken:", err)
	}
}
