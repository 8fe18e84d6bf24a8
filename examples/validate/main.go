// Validate measures a checkpoint on simulated episodes with true progress: pairs of frames, each asked in both orders.
//
//	go run ./examples/validate -data ../shared/episodes              # the embedded nano model
//	go run ./examples/validate -data DIR -model DIR -pairs 200
//
// It prints, by distance of the frames, the share of right answers when the later frame stands second (forward), when it
// stands first (inverse), their difference (Gap), and of the symmetric verdict, with its 95 % interval: a bootstrap
// over episodes, since pairs of one episode are not independent.
package main

import (
	"context"
	"flag"
	"fmt"
	"image"
	"io/fs"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"time"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/model/nano"
)

func main() {
	log.SetFlags(0)
	data := flag.String("data", "../shared/episodes", "`folder` of simulated episodes")
	dir := flag.String("model", "", "checkpoint `directory`; empty: the embedded nano model")
	backend := flag.String("backend", "", "go, xla:cpu, xla:cuda; empty: the best one present")
	perEpisode := flag.Int("pairs", 64, "random pairs an episode, 0 = all")
	prompt := flag.String("prompt", "tag", "tag or long")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var checkpoint fs.FS = nano.FS()
	if *dir != "" {
		checkpoint = os.DirFS(*dir)
	}
	m, err := egotsr.Open(ctx, checkpoint, &egotsr.Options{Backend: *backend, MaxBatch: 16, FrameCache: 256})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	disk := os.DirFS(*data)
	episodes, err := dataset.Simulated(disk)
	if err != nil {
		log.Fatal(err)
	}
	options := egotsr.JudgeOptions{SingleOrder: true, Prompt: dataset.Tag}
	if *prompt == "long" {
		options.Prompt = dataset.Long
	}
	start := time.Now()
	answers, err := ask(ctx, m, dataset.ValidationPairs(disk, episodes, *perEpisode, 1), &options)
	if err != nil {
		log.Fatal(err)
	}
	report(answers)
	fmt.Printf("expected calibration error %.3f\n", calibrationError(answers))
	fmt.Printf("%d pairs of %d episodes, each in both orders, in %.0f s\n", len(answers), len(episodes), time.Since(start).Seconds())
}

// answer is what became of one pair.
type answer struct {
	sample            dataset.Sample
	forward, inverse  bool // right when asked in the pair's order, and swapped
	symmetric, decide bool // right, and not a tie, with both orders averaged
	confidence        float64
}

func ask(ctx context.Context, m *egotsr.Model, pairs *dataset.List, o *egotsr.JudgeOptions) ([]answer, error) {
	var answers []answer
	var failed error
	// Each sample goes in twice, as it is and swapped; the frame cache encodes its images once.
	stream := func(yield func(egotsr.Pair) bool) {
		for i := range pairs.Len() {
			s, err := pairs.At(i)
			if err != nil {
				failed = err
				return
			}
			answers = append(answers, answer{sample: s})
			var frames [2]image.Image
			for k, path := range []string{s.Img1, s.Img2} {
				if frames[k], failed = pairs.Image(path); failed != nil {
					return
				}
			}
			if !yield(egotsr.Pair{Task: s.Task, Img1: frames[0], Img2: frames[1]}) || !yield(egotsr.Pair{Task: s.Task, Img1: frames[1], Img2: frames[0]}) {
				return
			}
		}
	}
	n := 0
	var first float64
	for j, err := range m.JudgeAll(ctx, stream, o) {
		if err != nil {
			return nil, err
		}
		a := &answers[n/2]
		img1 := a.sample.Closer == dataset.Img1
		if n%2 == 0 {
			first = j.PImg1
			a.forward = (j.PImg1 > 0.5) == img1
		} else {
			a.inverse = (j.PImg1 > 0.5) != img1
			both := first + 1 - j.PImg1 // twice the mean of both orders
			a.decide, a.symmetric = both != 1, (both > 1) == img1
			a.confidence = max(both, 2-both) / 2
		}
		n++
	}
	return answers, failed
}

func report(answers []answer) {
	fmt.Printf("%-22s%8s%10s%10s%8s%12s   %s\n", "frames apart", "pairs", "forward", "inverse", "Gap", "symmetric", "95 % interval")
	for _, bin := range []struct {
		name string
		has  func(dataset.Sample) bool
	}{
		{"1–3", func(s dataset.Sample) bool { return s.Window < 4 }},
		{"4–11", func(s dataset.Sample) bool { return s.Window >= 4 && s.Window < 12 }},
		{"12 and more", func(s dataset.Sample) bool { return s.Window >= 12 }},
		{"later frame is worse", func(s dataset.Sample) bool { return s.Kind == dataset.KindRegression }},
		{"all", func(dataset.Sample) bool { return true }},
	} {
		line(bin.name, answers, bin.has)
	}
}

func line(name string, answers []answer, has func(dataset.Sample) bool) {
	byEpisode := map[string][2]float64{} // right and asked
	var episodes []string
	var n, forward, inverse, right float64
	for _, a := range answers {
		if !has(a.sample) {
			continue
		}
		n++
		forward += one(a.forward)
		inverse += one(a.inverse)
		right += one(a.symmetric && a.decide)
		key := a.sample.Scene + "/" + a.sample.Episode
		if _, ok := byEpisode[key]; !ok {
			episodes = append(episodes, key)
		}
		c := byEpisode[key]
		byEpisode[key] = [2]float64{c[0] + one(a.symmetric && a.decide), c[1] + 1}
	}
	if n == 0 {
		return
	}
	lo, hi := bootstrap(episodes, byEpisode)
	fmt.Printf("%-22s%8.0f%9.1f%%%9.1f%%%8.1f%11.1f%%   %.1f–%.1f\n", name, n,
		100*forward/n, 100*inverse/n, 100*(forward-inverse)/n, 100*right/n, 100*lo, 100*hi)
}

// bootstrap gives the percentile interval of the share of right answers when episodes are drawn again with replacement
// (Efron & Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13).
func bootstrap(episodes []string, counts map[string][2]float64) (lo, hi float64) {
	rng := rand.New(rand.NewPCG(1, 1))
	shares := make([]float64, 2000)
	for i := range shares {
		var right, asked float64
		for range episodes {
			c := counts[episodes[rng.IntN(len(episodes))]]
			right, asked = right+c[0], asked+c[1]
		}
		shares[i] = right / asked
	}
	slices.Sort(shares)
	return shares[len(shares)/40], shares[len(shares)-1-len(shares)/40]
}

// calibrationError is the mean distance of confidence from the share of right answers, over 15 bins of confidence
// (Guo et al., On Calibration of Modern Neural Networks, ICML 2017, equation 3).
func calibrationError(answers []answer) (sum float64) {
	const bins = 15
	var n, right, confidence [bins]float64
	for _, a := range answers {
		b := min(int((a.confidence-0.5)*2*bins), bins-1)
		n[b]++
		right[b] += one(a.symmetric && a.decide)
		confidence[b] += a.confidence
	}
	for b := range bins {
		sum += math.Abs(right[b]-confidence[b]) / float64(len(answers))
	}
	return sum
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
