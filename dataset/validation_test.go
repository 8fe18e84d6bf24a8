package dataset

import (
	"slices"
	"testing"
)

func TestValidationPairs(t *testing.T) {
	fsys, episodes := mixed(t)
	all := samplesOf(t, ValidationPairs(fsys, episodes, ValidationOptions{}))
	// Steady: 66 pairs of 12 frames, of which the two at rest tie. Slipped: 105 of 15, less the two pairs of equal cost.
	if want := 2*65 + 105 - 2; len(all) != want {
		t.Errorf("%d pairs, want %d", len(all), want)
	}
	seen := map[string]bool{}
	for _, s := range all {
		if s.Frame1 >= s.Frame2 || s.Window != s.Frame2-s.Frame1 || seen[s.Img1+s.Img2] {
			t.Fatalf("%+v is out of order or twice there", s)
		}
		if (s.Kind == KindRegression) != (s.Closer == Img1) || s.Kind == KindInverse {
			t.Fatalf("%+v: kind", s)
		}
		seen[s.Img1+s.Img2] = true
	}

	some := samplesOf(t, ValidationPairs(fsys, episodes, ValidationOptions{PerEpisode: 20, Seed: 1}))
	if len(some) != 60 {
		t.Fatalf("%d pairs of three episodes", len(some))
	}
	for k, s := range some {
		if !seen[s.Img1+s.Img2] || k > 0 && same(s, some[k-1]) {
			t.Fatalf("%+v is not one of all pairs, or twice there", s)
		}
	}
	if last := samplesOf(t, ValidationPairs(fsys, episodes[3:], ValidationOptions{PerEpisode: 20, Seed: 1})); !slices.EqualFunc(last, some[40:], same) {
		t.Error("an episode's pairs depend on the other episodes")
	}
	if other := samplesOf(t, ValidationPairs(fsys, episodes, ValidationOptions{PerEpisode: 20, Seed: 2})); slices.EqualFunc(other, some, same) {
		t.Error("another seed gives the same pairs")
	}

	// A least distance: the pairs that are far enough apart, in frame numbers, and none beside them.
	far := 0
	for _, s := range all {
		far += bit(s.Window >= 4)
	}
	apart := samplesOf(t, ValidationPairs(fsys, episodes, ValidationOptions{Apart: 4}))
	if len(apart) != far || far == 0 || slices.ContainsFunc(apart, func(s Sample) bool { return s.Window < 4 }) {
		t.Errorf("%d pairs of %d four frames apart", len(apart), far)
	}
	if few := samplesOf(t, ValidationPairs(fsys, episodes, ValidationOptions{Apart: 8, PerEpisode: 5, Seed: 1})); len(few) != 15 || slices.ContainsFunc(few, func(s Sample) bool { return s.Window < 8 }) {
		t.Errorf("%d pairs, not five of each that has some", len(few))
	}

	episodes[0].Subtask = nil
	if n := ValidationPairs(fsys, episodes[:1], ValidationOptions{}).Len(); n != 0 {
		t.Errorf("%d pairs of an invalid episode", n)
	}
}

// TestRecordedValidation counts against figures computed from the files by another program.
func TestRecordedValidation(t *testing.T) {
	all := ValidationPairs(nil, recorded(t, "episodes"), ValidationOptions{})
	later, bins := 0, [3]int{}
	for _, s := range samplesOf(t, all) {
		later += bit(s.Closer == Img2)
		switch {
		case s.Window <= 3:
			bins[0]++
		case s.Window <= 11:
			bins[1]++
		default:
			bins[2]++
		}
	}
	if all.Len() != 51709 || all.Len()-later != 3266 || bins != [3]int{4975, 19982, 26752} {
		t.Errorf("%d pairs, later frame closer in %d, windows %v", all.Len(), later, bins)
	}
}

// TestRecordedMixture logs what a trainer sees, and holds the share of regressions to what the options promise.
func TestRecordedMixture(t *testing.T) {
	episodes := recorded(t, "episodes")
	slips := map[string]bool{}
	for i := range episodes {
		e := &episodes[i]
		slips[e.ID] = len(laterFrames(e.Cost, e.Margin())) > 0
	}
	p, err := NewPairs(nil, episodes, PairOptions{Seed: 1, Groups: 5000})
	if err != nil {
		t.Fatal(err)
	}
	kinds, levels, bins, inSlips, worse := map[Kind]int{}, map[Level]int{}, [3]int{}, 0, 0
	distinct := 0
	for g := range p.opts.Groups {
		seen := map[framePair]bool{}
		for k := range p.size {
			s, _ := p.At(g*p.size + k)
			kinds[s.Kind]++
			levels[s.Level]++
			bins[bit(s.Window > 3)+bit(s.Window > 11)]++
			inSlips += bit(slips[s.Episode])
			worse += bit(s.Kind == KindRegression)
			seen[framePair{min(s.Frame1, s.Frame2), max(s.Frame1, s.Frame2), 0}] = true
		}
		distinct += len(seen)
	}
	got := float64(worse) / float64(inSlips)
	t.Logf("kinds %v, levels %v, windows 1-3, 4-11, >=12: %v, distinct pairs %d of %d, regressions where there are some %.3f",
		kinds, levels, bins, distinct, p.Len(), got)
	if got < 0.2 || got > 0.3 {
		t.Errorf("share of regressions %v", got)
	}
}
