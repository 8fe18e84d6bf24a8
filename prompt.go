package egotsr

import (
	"fmt"
	"unicode/utf8"

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
	if !utf8.ValidString(string(o.Prompt)) {
		return o, &InputError{What: "prompt", Reason: "is not valid UTF-8"}
	}
	if !(o.AbstainBelow >= 0 && o.AbstainBelow <= 1) {
		return o, &InputError{What: "AbstainBelow", Reason: fmt.Sprintf("%v is not a probability", o.AbstainBelow)}
	}
	return o, nil
}
