package egotsr

import (
	"fmt"

	"github.com/egotsr/egotsr/dataset"
)

// settings are JudgeOptions with the defaults filled in.
func settings(opts *JudgeOptions) (JudgeOptions, error) {
	var o JudgeOptions
	if opts != nil {
		o = *opts
	}
	if o.Prompt == "" && o.Explain {
		o.Prompt = dataset.CoT
	}
	if err := o.Prompt.Check(); err != nil {
		return o, &InputError{What: "prompt", Err: err}
	}
	if !(o.AbstainBelow >= 0 && o.AbstainBelow <= 1) {
		return o, &InputError{What: "AbstainBelow", Reason: fmt.Sprintf("%v is not a probability", o.AbstainBelow)}
	}
	return o, nil
}
