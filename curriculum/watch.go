package curriculum

// log writes what is due of a step's scalars.
func (t *Trainer) log(s Step) {
	scalars := map[string]float64{}
	if s.N%t.opts.LogEvery == 0 || s.N == s.Total {
		t.opts.Logger.Info("step", "stage", s.Stage, "n", s.N, "of", s.Total, "loss", s.Loss, "lr", s.LR, "norm", s.GradNorm, "waited", s.Waited)
		scalars = map[string]float64{"loss": s.Loss, "lr": s.LR, "grad_norm": s.GradNorm, "waited": s.Waited, "skipped": float64(s.Skipped)}
	}
	if s.Validation != nil {
		t.opts.Logger.Info("validation", "stage", s.Stage, "step", s.N, "answers", s.Validation.Answers.String())
		for name, c := range s.Validation.Answers.parts() {
			scalars["validation/"+name] = c.Share()
		}
		scalars["validation/gap"] = s.Validation.Answers.Gap()
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
