package dataset

import (
	"hash/fnv"
	"io/fs"
	"math/rand/v2"
	"slices"
)

// ValidationOptions say which pairs [ValidationPairs] lists. The zero value is all of them.
type ValidationOptions struct {
	PerEpisode int    // so many of each episode, chosen at random; 0 = all
	Apart      int    // only pairs whose frame numbers differ by so much; 0 = all
	Seed       uint64 // of the choice
}

// ValidationPairs lists the labelable pairs of every episode, each once, with the earlier frame as Img1. An episode's
// choice depends on the options and its own name only, so figures stay comparable when episodes are added. Image paths lie
// in images.
//
// Most answers are Img2 in this order. Evaluation has to ask both ways (see [Sample.Swap]) or a judge that always
// says so looks good. Sample.Window and Sample.Kind are there to split the figures by.
//
// Episodes come from [Simulated] or pass [Episode.Validate]; one that does not has no truth to measure by and adds
// no pairs.
func ValidationPairs(images fs.FS, episodes []Episode, o ValidationOptions) *List {
	var samples []Sample
	for k := range episodes {
		e := &episodes[k]
		if e.Validate() != nil {
			continue
		}
		pairs := labelable(e, allFrames(len(e.Frames)))
		pairs = slices.DeleteFunc(pairs, func(p framePair) bool { return e.number(p.j)-e.number(p.i) < o.Apart })
		if o.PerEpisode > 0 && o.PerEpisode < len(pairs) {
			rng := rand.New(rand.NewPCG(o.Seed, nameHash(e.Scene, e.ID)))
			shuffle(rng, pairs, o.PerEpisode)
			pairs = pairs[:o.PerEpisode]
			slices.SortFunc(pairs, comparePairs)
		}
		for _, p := range pairs {
			samples = append(samples, e.pair(p.i, p.j, p.closer))
		}
	}
	return NewList(images, samples)
}

func allFrames(n int) []int {
	frames := make([]int, n)
	for i := range frames {
		frames[i] = i
	}
	return frames
}

func nameHash(scene, id string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(scene + "/" + id))
	return h.Sum64()
}
