package metrics

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func close(a, b float64) bool {
	return math.Abs(a-b) < 1e-9 || math.IsNaN(a) && math.IsNaN(b)
}

func TestByHand(t *testing.T) {
	if diff := cmp.Diff([]float64{4, 1, 2.5, 2.5}, Ranks([]float64{30, 10, 20, 20})); diff != "" {
		t.Errorf("ranks (-want +got):\n%s", diff)
	}
	for _, c := range []struct {
		x, y          []float64
		spearman, tau float64
	}{
		{[]float64{1, 2, 3}, []float64{10, 20, 30}, 1, 1},
		{[]float64{1, 2, 3}, []float64{3, 2, 1}, -1, -1},
		{[]float64{1, 2, 3, 4}, []float64{1, 3, 2, 4}, 0.8, 2. / 3},
		{[]float64{1, 1, 2}, []float64{1, 2, 2}, 0.5, 0.5},
		{[]float64{1, 1}, []float64{1, 2}, math.NaN(), math.NaN()},
	} {
		if s, k := Spearman(c.x, c.y), Kendall(c.x, c.y); !close(s, c.spearman) || !close(k, c.tau) {
			t.Errorf("%v and %v: Spearman %v, Kendall %v", c.x, c.y, s, k)
		}
	}
	if got := AUC([]float64{0.1, 0.4, 0.35, 0.8}, []bool{false, false, true, true}); !close(got, 0.75) {
		t.Errorf("AUC %v", got)
	}
	if got := AUC([]float64{1, 1}, []bool{true, false}); got != 0.5 {
		t.Errorf("AUC of a tie %v", got)
	}
	if got := AUC([]float64{1, 2}, []bool{true, true}); !math.IsNaN(got) {
		t.Errorf("AUC without negatives %v", got)
	}
	bins := Reliability([]float64{0.5, 0.95, 0.95, 1}, []bool{false, true, false, true}, 2)
	if bins[0] != (Bin{0.5, 0.75, 1, 0.5, 0}) || bins[1].N != 3 || !close(CalibrationError(bins), (0.5+3*(2.9/3-2./3))/4) {
		t.Errorf("%+v, error %v", bins, CalibrationError(bins))
	}
	points := Coverage([]float64{0.6, 0.9, 0.6, 0.99}, []bool{false, false, true, true})
	if diff := cmp.Diff([]CoveragePoint{{0.25, 1, 0.99}, {0.5, 0.5, 0.9}, {1, 0.5, 0.6}}, points); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestBootstrap: the interval of a mean of coins is that of theory.
func TestBootstrap(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	right, of := make([]int, 400), make([]int, 400)
	sum := 0
	for g := range right {
		right[g], of[g] = rng.IntN(2), 1
		sum += right[g]
	}
	mean := float64(sum) / 400
	lo, hi := Bootstrap(400, 1, func(times []int) float64 { return Share(right, of, times) })
	wide := 1.96 * math.Sqrt(mean*(1-mean)/400)
	if math.Abs(lo-(mean-wide)) > 0.006 || math.Abs(hi-(mean+wide)) > 0.006 {
		t.Errorf("%v–%v, want %v–%v", lo, hi, mean-wide, mean+wide)
	}
	if l, h := Bootstrap(400, 1, func(times []int) float64 { return Share(right, of, times) }); l != lo || h != hi {
		t.Error("the same seed gave another interval")
	}
	if l, _ := Bootstrap(3, 1, func([]int) float64 { return math.NaN() }); !math.IsNaN(l) {
		t.Errorf("a statistic that is never there: %v", l)
	}
}

// TestPython compares with scipy and scikit-learn, where EGOTSR_SKLEARN names a Python that has them.
func TestPython(t *testing.T) {
	python := os.Getenv("EGOTSR_SKLEARN")
	if python == "" {
		t.Skip("EGOTSR_SKLEARN is not set")
	}
	rng := rand.New(rand.NewPCG(7, 7))
	type data struct {
		X, Y, Confidence []float64
		Label, Right     []bool
	}
	var sets []data
	for k := range 40 {
		n := 5 + rng.IntN(200)
		var d data
		for i := range n {
			x := rng.NormFloat64()
			if k%2 == 1 {
				x = math.Round(2 * x) // ties
			}
			d.X, d.Y = append(d.X, x), append(d.Y, math.Round(4*(x+rng.NormFloat64()))/4)
			c := 0.5 + rng.Float64()/2
			d.Confidence, d.Right = append(d.Confidence, c), append(d.Right, rng.Float64() < c*c)
			d.Label = append(d.Label, i == 0 || i > 1 && rng.Float64() < 0.3)
		}
		sets = append(sets, d)
	}
	cmd := exec.Command(python, "../../scripts/check_metrics.py")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer in.Close()
		json.NewEncoder(in).Encode(sets)
	}()
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var want []struct{ Spearman, Kendall, AUC, ECE float64 }
	if err := json.Unmarshal(out, &want); err != nil || len(want) != len(sets) {
		t.Fatal(err, string(out))
	}
	for i, d := range sets {
		w := want[i]
		if s, k, a, e := Spearman(d.X, d.Y), Kendall(d.X, d.Y), AUC(d.X, d.Label), CalibrationError(Reliability(d.Confidence, d.Right, 15)); !close(s, w.Spearman) || !close(k, w.Kendall) || !close(a, w.AUC) || !close(e, w.ECE) {
			t.Errorf("set %d: %v %v %v %v, want %+v", i, s, k, a, e, w)
		}
	}
}
