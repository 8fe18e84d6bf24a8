package metrics

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Bootstrap is the 95 % percentile interval of a statistic over groups that are drawn again with replacement (Efron &
// Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13): episodes, say, since answers within one are not
// independent. statistic is told how often each group was drawn; draws for which it is NaN are left out. The same seed
// gives the same interval.
func Bootstrap(groups int, seed uint64, statistic func(times []int) float64) (lo, hi float64) {
	const draws = 2000
	rng := rand.New(rand.NewPCG(seed, 0))
	values := make([]float64, 0, draws)
	times := make([]int, groups)
	for range draws {
		clear(times)
		for range groups {
			times[rng.IntN(groups)]++
		}
		if v := statistic(times); !math.IsNaN(v) {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return math.NaN(), math.NaN()
	}
	slices.Sort(values)
	return quantile(values, 0.025), quantile(values, 0.975)
}

// quantile interpolates between the values around a share of a sorted list.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := min(int(at), len(sorted)-1)
	j := min(i+1, len(sorted)-1)
	return sorted[i] + (at-float64(i))*(sorted[j]-sorted[i])
}

// Share is right answers over all, of groups that were drawn some number of times each.
func Share(right, of, times []int) float64 {
	var r, n float64
	for g, k := range times {
		r, n = r+float64(k*right[g]), n+float64(k*of[g])
	}
	return r / n
}
