// Package metrics is the arithmetic of evaluation: rank correlations, calibration, and intervals by bootstrap.
package metrics

import (
	"cmp"
	"math"
	"slices"
)

// Ranks gives every value its rank from 1; equal values share the mean of theirs.
func Ranks(x []float64) []float64 {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(x[a], x[b]) })
	ranks := make([]float64, len(x))
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && x[order[j]] == x[order[i]] {
			j++
		}
		for _, k := range order[i:j] {
			ranks[k] = float64(i+j+1) / 2 // the mean of i+1 … j
		}
		i = j
	}
	return ranks
}

// Spearman is the correlation of the ranks of x and y, or NaN where either is constant.
func Spearman(x, y []float64) float64 { return pearson(Ranks(x), Ranks(y)) }

func pearson(x, y []float64) float64 {
	n := float64(len(x))
	var mx, my float64
	for i := range x {
		mx, my = mx+x[i]/n, my+y[i]/n
	}
	var xy, xx, yy float64
	for i := range x {
		a, b := x[i]-mx, y[i]-my
		xy, xx, yy = xy+a*b, xx+a*a, yy+b*b
	}
	return xy / math.Sqrt(xx*yy) // 0/0 is NaN
}

// Kendall is the tau-b of x and y (Kendall, The treatment of ties in ranking problems, Biometrika 1945): concordant less
// discordant pairs, over the geometric mean of the pairs that tie in neither. NaN where either is constant. It compares
// all pairs.
func Kendall(x, y []float64) float64 {
	var score, untiedX, untiedY float64
	for i := range x {
		for j := range i {
			a, b := sign(x[i]-x[j]), sign(y[i]-y[j])
			score += a * b
			untiedX += a * a
			untiedY += b * b
		}
	}
	return score / math.Sqrt(untiedX*untiedY)
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

// AUC is the area under the ROC curve: the probability that a positive scores above a negative, ties counting half. NaN
// where one of the two is missing.
func AUC(scores []float64, positive []bool) float64 {
	var sum, n float64
	for i, r := range Ranks(scores) {
		if positive[i] {
			sum += r
			n++
		}
	}
	negatives := float64(len(scores)) - n
	return (sum - n*(n+1)/2) / (n * negatives)
}
