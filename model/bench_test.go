package model

import (
	"context"
	"os"
	"testing"

	"github.com/egotsr/egotsr/vision"
)

// BenchmarkForward is one judgement's forward pass, vision and text apart, in the shape of internal/bench's checkpoints:
//
//	EGOTSR_BENCH=.cache/bench/small-f32 go test -bench Forward ./model
func BenchmarkForward(b *testing.B) {
	dir := os.Getenv("EGOTSR_BENCH")
	if dir == "" {
		b.Skip("EGOTSR_BENCH names no checkpoint")
	}
	for _, backend := range backends(b) {
		b.Run(backend, func(b *testing.B) {
			m := open(b, os.DirFS(dir), backend, "")
			ctx := context.Background()
			frames := make([]*vision.Patches, 2)
			for i := range frames {
				frames[i] = &vision.Patches{Values: make([]float32, 256*m.Config.Vision.patchValues()), Grid: vision.Grid{T: 1, H: 16, W: 16}}
				for k := range frames[i].Values {
					frames[i].Values[k] = float32((k*7919+i*31)%512)/256 - 1
				}
			}
			ids := append(append(seq(20, 80), repeat(m.Config.ImageToken, 128)...), seq(20, 78)...)
			features, err := m.Encode(ctx, frames)
			if err != nil {
				b.Fatal(err)
			}
			b.Run("vision", func(b *testing.B) {
				for b.Loop() {
					if _, err := m.Encode(ctx, frames); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("text", func(b *testing.B) {
				for b.Loop() {
					if _, err := m.Score(ctx, []Prompt{{IDs: ids, Images: features}}, []int32{16, 17}); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

func repeat(v int32, n int) []int32 {
	s := make([]int32, n)
	for i := range s {
		s[i] = v
	}
	return s
}
