package model

import (
	"context"
	"os"
	"slices"
	"testing"
)

// TestTake: the weights of another are taken whole, to the bit, or by a share; a model of another shape gives none.
func TestTake(t *testing.T) {
	ctx := context.Background()
	for _, weights := range []string{"f32", "bf16"} {
		a, b := open(t, os.DirFS(golden+"/checkpoint"), "go", weights), open(t, os.DirFS(golden+"/checkpoint"), "go", weights)
		attach(t, b, everywhere)
		if err := a.Take(ctx, b, 1); err == nil {
			t.Error("adapters were passed over")
		}
		trained(t, b)
		if err := b.merge(ctx); err != nil {
			t.Fatal(err)
		}
		was, want := answer(t, a), answer(t, b)
		if err := a.Take(ctx, b, 0); err != nil || !slices.Equal(answer(t, a), was) {
			t.Errorf("%s: a share of nothing: %v", weights, err)
		}
		if err := a.Take(ctx, b, 0.5); err != nil || slices.Equal(answer(t, a), was) || slices.Equal(answer(t, a), want) {
			t.Errorf("%s: half: %v", weights, err)
		}
		if err := a.Take(ctx, b, 1); err != nil || !slices.Equal(answer(t, a), want) {
			t.Errorf("%s: all: %v", weights, err)
		}
	}
	a, other := open(t, os.DirFS(golden+"/checkpoint"), "go", "f32"), open(t, os.DirFS("../testdata/tiny"), "go", "f32")
	was := answer(t, a)
	if err := a.Take(ctx, other, 1); err == nil || !slices.Equal(answer(t, a), was) {
		t.Error("another shape was taken:", err)
	}
}
