package egotsr

import (
	"context"
	"io/fs"
	"iter"
	"math"
	"os"
	"testing"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/model/nano"
)

// TestInt8Verdicts: of the pairs that float32 weights are not in two minds about, int8 ones turn none. It takes simulated episodes.
func TestInt8Verdicts(t *testing.T) {
	dir := os.Getenv("EGOTSR_EPISODES")
	if dir == "" {
		t.Skip("$EGOTSR_EPISODES names no simulated episodes: make check-int8")
	}
	disk := os.DirFS(dir)
	episodes, _, err := dataset.Simulated(disk)
	if err != nil {
		t.Fatal(err)
	}
	pairs := dataset.ValidationPairs(disk, episodes, dataset.ValidationOptions{PerEpisode: 64, Seed: 1})
	whole, short := verdicts(t, "f32", disk, pairs), verdicts(t, "int8", disk, pairs)
	sure, turned, farthest, moved := 0, 0, 0.0, 0.0
	for i, p := range whole {
		moved += math.Abs(p-short[i]) / float64(len(whole))
		if math.Abs(p-0.5) < 0.05 {
			continue
		}
		sure++
		if (p < 0.5) != (short[i] < 0.5) {
			turned++
			farthest = max(farthest, math.Abs(p-0.5))
		}
	}
	t.Logf("%d pairs, %d of them beyond 0.45 to 0.55: int8 turns %d, the farthest from %.3f; probabilities move by %.4f in the mean", len(whole), sure, turned, 0.5+farthest, moved)
	if sure == 0 || turned > 0 {
		t.Errorf("%d of %d verdicts turned", turned, sure)
	}
}

func verdicts(t *testing.T, weights string, disk fs.FS, pairs *dataset.List) (p []float64) {
	m, err := Open(t.Context(), nano.FS(), &Options{Weights: weights, Backend: os.Getenv("EGOTSR_TEST_BACKEND")})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	var all iter.Seq[Pair] = func(yield func(Pair) bool) {
		for i := range pairs.Len() {
			s, err := pairs.At(i)
			if err != nil {
				t.Error(err)
				return
			}
			one, err1 := pairs.Image(s.Img1)
			two, err2 := pairs.Image(s.Img2)
			if err1 != nil || err2 != nil {
				t.Error(err1, err2)
				return
			}
			if !yield(Pair{Task: s.Task, Img1: one, Img2: two}) {
				return
			}
		}
	}
	for j, err := range m.JudgeAll(context.Background(), all, nil) {
		if err != nil {
			t.Fatal(err)
		}
		p = append(p, j.PImg1)
	}
	return p
}
