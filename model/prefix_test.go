package model

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

// plainly scores each prompt in a run of its own, in which nothing can be shared.
func plainly(t *testing.T, m *Model, prompts []Prompt, answers []int32) (all [][]float32) {
	t.Helper()
	for _, p := range prompts {
		one, err := m.Score(t.Context(), []Prompt{p}, answers)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, one[0])
	}
	return all
}

// TestPrefix: what follows a prefix is scored as the whole prompt is, whichever prompts stand beside it, and whichever frames'
// prefixes are long or short.
func TestPrefix(t *testing.T) {
	images, judge := openGolden(t, "images.safetensors"), openGolden(t, "judge.safetensors")
	answers := seq(0, 1024)
	for _, name := range append(backends(t), "xla:cpu,devices=2") {
		if name != "go" && !xlaPlugin() {
			continue
		}
		t.Run(name, func(t *testing.T) {
			m := open(t, os.DirFS(golden+"/checkpoint"), name, "f32")
			ids := judge.ints("input_ids")[0]
			one := prompt(t, m, images, ids, 0, 1)
			swapped := one
			swapped.Images = []*Features{one.Images[1], one.Images[0]}
			if one.Images[0].Grid != one.Images[1].Grid {
				swapped.IDs = swap(m, one)
			}
			longer := Prompt{IDs: slices.Concat(ids, ids[len(ids)-3:]), Images: one.Images}
			prompts := []Prompt{one, swapped, longer}
			want := plainly(t, m, prompts, answers)
			prefixes, err := m.Prefixes(context.Background(), prompts)
			if err != nil {
				t.Fatal(err)
			}
			var follow []Prompt
			for i, p := range prompts {
				f := p.Follows(prefixes[i])
				if f.After == nil || len(f.IDs) >= len(p.IDs) || len(f.Images) != 1 {
					t.Fatalf("prompt %d does not follow its prefix", i)
				}
				follow = append(follow, f)
			}
			if other := one.Follows(prefixes[1]); other.After != nil {
				t.Error("a prompt follows the prefix of another frame")
			}
			for what, asked := range map[string][]Prompt{"after prefixes": follow, "one of them": {one, follow[1], longer}} {
				got, err := m.Score(context.Background(), asked, answers)
				if err != nil {
					t.Fatal(err)
				}
				for i := range want {
					near(t, fmt.Sprintf("%s: prompt %d", what, i), got[i], want[i], 1e-5)
				}
			}
			if testing.Short() {
				return
			}
			// Five answers that begin alike, of a prompt whose frames all know.
			var forks []Prompt
			for n := range 5 {
				forks = append(forks, Prompt{IDs: slices.Concat(ids, ids[1:1+n]), Images: one.Images})
			}
			if shared, err := m.share(context.Background(), forks); err != nil || shared[0].After == nil || len(shared[0].IDs) != 1 || len(shared[4].IDs) != 5 {
				t.Fatalf("forks are not shared: %v", err)
			}
			got, err := m.Score(context.Background(), forks, answers)
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range plainly(t, m, forks, answers) {
				near(t, fmt.Sprintf("fork %d", i), got[i], want, 1e-5)
			}
		})
	}
}

// swap is a prompt's ids with the placeholders of its two images exchanged.
func swap(m *Model, p Prompt) (ids []int32) {
	n := [2]int{p.Images[1].Grid.Tokens(m.Config.Vision.MergeSize), p.Images[0].Grid.Tokens(m.Config.Vision.MergeSize)}
	image := -1
	for i, id := range p.IDs {
		if id != m.Config.ImageToken {
			ids = append(ids, id)
			continue
		}
		if i == 0 || p.IDs[i-1] != m.Config.ImageToken {
			image++
			ids = append(ids, slices.Repeat([]int32{id}, n[image])...)
		}
	}
	return ids
}

// TestAlike: groups hold every prompt once; those of a group agree in the tokens they share, images too, none is used up by
// them, and the cut is in no image.
func TestAlike(t *testing.T) {
	m := open(t, os.DirFS("../testdata/tiny"), "go", "f32")
	image, merge := m.Config.ImageToken, m.Config.Vision.MergeSize
	frames := make([]*Features, 3)
	for i := range frames {
		frames[i] = &Features{}
		frames[i].Grid.T, frames[i].Grid.H, frames[i].Grid.W = 1, merge, merge*(1+i/2)
	}
	r := rand.New(rand.NewPCG(7, 1))
	for range 2000 {
		prompts := make([]Prompt, 1+r.IntN(6))
		for i := range prompts {
			p := &prompts[i]
			text := func() { p.IDs = append(p.IDs, slices.Repeat([]int32{int32(r.IntN(2))}, 1+r.IntN(2))...) }
			text()
			for range r.IntN(3) {
				f := frames[r.IntN(len(frames))]
				p.Images = append(p.Images, f)
				p.IDs = append(p.IDs, slices.Repeat([]int32{image}, f.Grid.Tokens(merge))...)
				text()
			}
		}
		seen := map[int]bool{}
		for _, g := range m.alike(prompts) {
			first := prompts[g.members[0]]
			shown := m.shown(first)
			if g.cut > 0 && shown[g.cut-1] != nil && shown[g.cut] == shown[g.cut-1] {
				t.Fatalf("cut at %d within an image of %v", g.cut, first)
			}
			for _, i := range g.members {
				p := prompts[i]
				if seen[i] || len(p.IDs) <= g.cut || !slices.Equal(p.IDs[:g.cut], first.IDs[:g.cut]) || !slices.Equal(m.shown(p)[:g.cut], shown[:g.cut]) {
					t.Fatalf("%v and %v share %d tokens", first, p, g.cut)
				}
				seen[i] = true
				f := &Prefix{ids: p.IDs[:g.cut], images: first.head(g.cut, shown).Images}
				if rest := p.Follows(f); g.cut > 0 && (rest.After != f || len(f.images)+len(rest.Images) != len(p.Images)) {
					t.Fatalf("%v loses images after %d tokens", p, g.cut)
				}
			}
		}
		if len(seen) != len(prompts) {
			t.Fatalf("%d of %d prompts are in groups", len(seen), len(prompts))
		}
	}
}
