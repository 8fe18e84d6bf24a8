package optim

import "math"

// Schedule is the learning rate of every step: a linear rise over Warmup steps, then half a cosine down to zero, counted in optimiser
// steps as transformers' get_cosine_schedule_with_warmup does. A run that is made longer or shorter on its way begins another Part: what
// is left of the half cosine is stretched over the steps that are left, so the rate goes on from where it is and still ends at zero.
type Schedule struct {
	Warmup int    `json:"warmup"`
	Parts  []Part `json:"parts"`
}

// Part is the plan of a run from a step on.
type Part struct {
	From int `json:"from"` // steps done when it was made
	To   int `json:"to"`   // the last step of the run
}

// NewSchedule is that of a run of so many steps.
func NewSchedule(warmup, steps int) Schedule { return Schedule{warmup, []Part{{0, steps}}} }

// Until is the schedule of a run that has done so many steps and is to end with another one than was planned.
func (s Schedule) Until(done, steps int) Schedule {
	parts := s.Parts[:len(s.Parts):len(s.Parts)]
	if last := len(parts) - 1; parts[last].From == done { // nothing has been done by it
		parts = parts[:last:last]
	}
	return Schedule{s.Warmup, append(parts, Part{done, steps})}
}

// Rate is the learning rate of step n, from 1.
func (s Schedule) Rate(peak float64, n int) float64 {
	step := n - 1 // torch's scheduler starts at 0: the first step of a warm-up has learning rate 0
	if step < s.Warmup {
		return peak * float64(step) / float64(s.Warmup)
	}
	return peak * max(0, 0.5*(1+math.Cos(math.Pi*s.progress(step))))
}

// progress is the share of the half cosine that so many steps have gone through.
func (s Schedule) progress(steps int) (p float64) {
	for i, part := range s.Parts {
		end := steps
		if i+1 < len(s.Parts) {
			end = min(end, s.Parts[i+1].From)
		}
		if from := max(part.From, s.Warmup); end > from {
			p += (1 - p) * float64(end-from) / float64(max(1, part.To-from))
		}
	}
	return p
}

// Ended tells whether the rate is at zero for good after so many steps.
func (s Schedule) Ended(steps int) bool {
	return steps > s.Warmup && steps >= s.Parts[len(s.Parts)-1].To
}

// Warmup is the reference's rule: 1000 steps, or where that is over half of all steps, a tenth of them, at least 100.
func Warmup(total int) int {
	if 1000 > total/2 {
		return max(100, total/10)
	}
	return 1000
}
