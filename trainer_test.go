package egotsr

import (
	"errors"
	"testing"

	"github.com/egotsr/egotsr/curriculum"
)

// TestTrainerInput: what a caller gets wrong is an InputError, never a panic.
func TestTrainerInput(t *testing.T) {
	m := openTiny(t, Options{})
	dir := t.TempDir()
	for what, c := range map[string]struct {
		stages []curriculum.Stage
		opts   *TrainOptions
	}{
		"TrainOptions.Dir":  {nil, nil},
		"stages":            {nil, &TrainOptions{Dir: dir}},
		"stage 1":           {[]curriculum.Stage{nil}, &TrainOptions{Dir: dir}},
		"stage tag":         {[]curriculum.Stage{curriculum.Tag(nil, nil)}, &TrainOptions{Dir: dir}},
		"TrainOptions.Keep": {nil, &TrainOptions{Dir: dir, Keep: -1}},
	} {
		_, err := NewTrainer(m, c.stages, c.opts)
		if bad := (*InputError)(nil); !errors.As(err, &bad) || bad.What != what {
			t.Errorf("%s: %v", what, err)
		}
	}
}
