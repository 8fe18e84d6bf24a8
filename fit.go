package egotsr

import "slices"

// fit finds the scores of n frames that minimise Σ (s_i - s_j - odds_ij)² over the edges, of all such the ones with mean
// zero. The normal equations are L s = b, L the Laplacian of the graph of comparisons and b the sum of odds for and
// against each frame. Conjugate gradients need only products with L, so the cost is that of the edges, times some tens
// of steps: the graph's long edges keep its condition number small.
func fit(n int, edges []edge, odds []float64) []float64 {
	r := make([]float64, n) // b - L s; starts from s = 0
	for k, e := range edges {
		r[e.i] += odds[k]
		r[e.j] -= odds[k]
	}
	s, p, lp := make([]float64, n), slices.Clone(r), make([]float64, n)
	rr := dot(r, r)
	end := rr * 1e-30 // the residual is then at the rounding of float64
	for range 10*n + 100 {
		if rr <= end {
			break
		}
		clear(lp)
		for _, e := range edges {
			d := p[e.i] - p[e.j]
			lp[e.i] += d
			lp[e.j] -= d
		}
		step := rr / dot(p, lp)
		for i := range s {
			s[i] += step * p[i]
			r[i] -= step * lp[i]
		}
		next := dot(r, r)
		for i := range p {
			p[i] = r[i] + next/rr*p[i]
		}
		rr = next
	}
	return s
}

func dot(a, b []float64) (sum float64) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// unitRange maps the lowest score to 0 and the highest to 1; all to 0.5 where they hardly differ.
func unitRange(s []float64) []float64 {
	if len(s) == 0 {
		return nil
	}
	low, high := slices.Min(s), slices.Max(s)
	for i := range s {
		if high-low > 1e-6 { // less is the rounding of float32 logits
			s[i] = (s[i] - low) / (high - low)
		} else {
			s[i] = 0.5
		}
	}
	return s
}
