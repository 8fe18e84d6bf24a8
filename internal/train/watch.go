package train

import (
	"time"

	"github.com/egotsr/egotsr/curriculum"
)

// log writes what is due of a step's scalars.
func (t *Trainer) log(s curriculum.Step) {
	scalars := map[string]float64{}
	if s.N%t.opts.LogEvery == 0 || s.N == s.Total {
		t.opts.Logger.Info("step", "stage", s.Stage, "n", s.N, "of", s.Total, "loss", s.Loss, "lr", s.LR, "norm", s.GradNorm, "samples/s", s.Rate, "waited", s.Waited)
		scalars = map[string]float64{
			"loss": s.Loss, "lr": s.LR, "grad_norm": s.GradNorm, "samples_per_second": s.Rate, "waited": s.Waited,
			"skipped": float64(s.Skipped), "non_finite": float64(s.NonFinite),
		}
	}
	if s.Validation != nil {
		t.opts.Logger.Info("validation", "stage", s.Stage, "step", s.N, "answers", s.Validation.Answers.String())
		a := s.Validation.Answers
		for name, c := range map[string]curriculum.Count{"all": a.All, "near": a.Near, "middle": a.Middle, "far": a.Far, "regression": a.Regression} {
			scalars["validation/"+name] = c.Share()
		}
		scalars["validation/gap"] = a.Gap()
	}
	if len(scalars) == 0 {
		return
	}
	named := map[string]float64{}
	for name, x := range scalars {
		named[s.Stage+"/"+name] = x
	}
	if err := t.events.Scalars(int64(t.state.Global), named); err != nil {
		t.opts.Logger.Warn("curves not written", "error", err) // training goes on without its curves
	}
}

// pace is how the last steps spent their time.
type pace []pacePart

type pacePart struct {
	samples        int
	waited, worked time.Duration
}

// add takes a step into account and gives samples a second and the share of time waited over the last n.
func (p *pace) add(samples int, waited, worked time.Duration, n int) (rate, share float64) {
	*p = append(*p, pacePart{samples, waited, worked})
	*p = (*p)[max(0, len(*p)-n):]
	var sum pacePart
	for _, x := range *p {
		sum.samples += x.samples
		sum.waited += x.waited
		sum.worked += x.worked
	}
	all := max(sum.waited+sum.worked, 1).Seconds()
	return float64(sum.samples) / all, sum.waited.Seconds() / all
}
