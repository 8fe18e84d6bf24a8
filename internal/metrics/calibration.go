package metrics

import (
	"cmp"
	"math"
	"slices"
)

// Bin is the answers whose confidence lies in one stretch.
type Bin struct {
	From       float64 `json:"from"` // of confidence
	To         float64 `json:"to"`   // belongs to the last bin alone
	N          int     `json:"n"`
	Confidence float64 `json:"confidence"` // mean
	Right      float64 `json:"right"`      // share
}

// Reliability sorts answers into n bins of equal width over confidence 0.5 to 1. Empty bins are there too.
func Reliability(confidence []float64, right []bool, n int) []Bin {
	bins := make([]Bin, n)
	for b := range bins {
		bins[b].From, bins[b].To = 0.5+0.5*float64(b)/float64(n), 0.5+0.5*float64(b+1)/float64(n)
	}
	for i, c := range confidence {
		b := &bins[min(max(int((c-0.5)*2*float64(n)), 0), n-1)]
		b.N++
		b.Confidence += c
		if right[i] {
			b.Right++
		}
	}
	for b := range bins {
		if n := float64(bins[b].N); n > 0 {
			bins[b].Confidence /= n
			bins[b].Right /= n
		}
	}
	return bins
}

// CalibrationError is the expected calibration error (Guo et al., On Calibration of Modern Neural Networks, ICML 2017,
// equation 3): the mean distance of confidence from the share of right answers; 0 without answers.
func CalibrationError(bins []Bin) (sum float64) {
	total := 0
	for _, b := range bins {
		total += b.N
		sum += float64(b.N) * math.Abs(b.Right-b.Confidence)
	}
	return sum / float64(max(1, total))
}

// CoveragePoint is what is right among the answers that a judge is surest of.
type CoveragePoint struct {
	Coverage float64 `json:"coverage"` // share of all questions answered
	Accuracy float64 `json:"accuracy"` // share of those that are right
	Above    float64 `json:"above"`    // the confidence from which on it answers
}

// Coverage lists accuracy against coverage as the judge abstains below one confidence after another, from the surest
// answer to all. Answers of equal confidence come together.
func Coverage(confidence []float64, right []bool) []CoveragePoint {
	order := make([]int, len(confidence))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(confidence[b], confidence[a]) })
	var points []CoveragePoint
	good := 0
	for k, i := range order {
		if right[i] {
			good++
		}
		if k+1 < len(order) && confidence[order[k+1]] == confidence[i] {
			continue
		}
		points = append(points, CoveragePoint{float64(k+1) / float64(len(order)), float64(good) / float64(k+1), confidence[i]})
	}
	return points
}
