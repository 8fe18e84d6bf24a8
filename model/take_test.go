package model

import (
	"context"
	"os"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
)

// TestTake: the weights of another are taken to the bit; a model of another shape gives none.
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
		if err := a.Take(ctx, b, 1); err != nil || !slices.Equal(answer(t, a), want) || slices.Equal(was, want) {
			t.Errorf("%s: %v", weights, err)
		}
	}
	a, other := open(t, os.DirFS(golden+"/checkpoint"), "go", "f32"), open(t, os.DirFS("../testdata/tiny"), "go", "f32")
	was := answer(t, a)
	if err := a.Take(ctx, other, 1); err == nil || !slices.Equal(answer(t, a), was) {
		t.Error("another shape was taken:", err)
	}
}

// TestTakeShare: a share of the way lies between both.
func TestTakeShare(t *testing.T) {
	ctx := context.Background()
	a, b := open(t, os.DirFS(golden+"/checkpoint"), "go", "f32"), open(t, os.DirFS(golden+"/checkpoint"), "go", "f32")
	p := a.Config.Params()[3]
	was, err := a.values(p)
	if err != nil {
		t.Fatal(err)
	}
	want := make([]float32, len(was))
	for i, w := range was {
		want[i] = w + 0.25*(2*w-w)
		was[i] = 2 * w
	}
	if err := b.store.GetVariable("/" + p.Name).SetValue(tensors.FromFlatDataAndDimensions(was, p.Shape...)); err != nil {
		t.Fatal(err)
	}
	if err := a.Take(ctx, b, 0.25); err != nil {
		t.Fatal(err)
	}
	if got, err := a.values(p); err != nil || !slices.Equal(got, want) {
		t.Error(got[:3], want[:3], err)
	}
}

// TestDigest: a digest is that of the same weights alone.
func TestDigest(t *testing.T) {
	ctx := context.Background()
	digest := func(m *Model) string {
		t.Helper()
		d, err := m.Digest(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, weights := range []string{"f32", "bf16"} {
		a, b := open(t, os.DirFS(golden+"/checkpoint"), "go", weights), open(t, os.DirFS(golden+"/checkpoint"), "go", weights)
		if digest(a) != digest(b) {
			t.Error(weights, "of the same weights differ")
		}
		attach(t, b, everywhere)
		trained(t, b)
		if err := b.merge(ctx); err != nil {
			t.Fatal(err)
		}
		if digest(a) == digest(b) {
			t.Error(weights, "of trained weights are those before")
		}
	}
	if d, err := open(t, os.DirFS(golden+"/checkpoint"), "go", "int8").Digest(ctx); err == nil {
		t.Error("of int8 weights there is", d)
	}
}
