package optim

import "math"

// Cosine is the learning rate of step n (from 1) of total: a linear rise over warmup steps, then half a cosine down to
// zero, counted in optimiser steps as transformers' get_cosine_schedule_with_warmup does.
func Cosine(peak float64, n, warmup, total int) float64 {
	step := n - 1 // torch's scheduler starts at 0: the first step of a warm-up has learning rate 0
	if step < warmup {
		return peak * float64(step) / float64(warmup)
	}
	progress := float64(step-warmup) / float64(max(1, total-warmup))
	return peak * max(0, 0.5*(1+math.Cos(math.Pi*progress)))
}

// Warmup is the reference's rule: 1000 steps, or where that is over half of all steps, a tenth of them, at least 100.
func Warmup(total int) int {
	if 1000 > total/2 {
		return max(100, total/10)
	}
	return 1000
}
