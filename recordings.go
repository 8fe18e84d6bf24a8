package egotsr

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/egotsr/egotsr/internal/sidefile"
)

// recordingsFile says what recordings a checkpoint learnt from: {"every_seconds": 0.2, "aspect": 1}. It is an addition to the Hugging
// Face layout, which transformers ignores; whatever is made of the checkpoint carries it on.
const recordingsFile = "recordings.json"

// defaultEvery is between the frames of recordings that checkpoints learn from where they do not say.
const defaultEvery = 200 * time.Millisecond

// loadRecordings gives the time between frames, and their shape: width by height, 0 for any.
func loadRecordings(fsys fs.FS) (every time.Duration, aspect float64, err error) {
	data, err := sidefile.Read(fsys, recordingsFile, 1<<16)
	if errors.Is(err, fs.ErrNotExist) {
		return defaultEvery, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	f := struct {
		Every  float64 `json:"every_seconds"`
		Aspect float64
	}{Every: defaultEvery.Seconds()}
	if err := json.Unmarshal(data, &f); err != nil {
		return 0, 0, fmt.Errorf("%s: %w", recordingsFile, err)
	}
	if !(f.Every > 1e-6 && f.Every <= 3600) {
		return 0, 0, fmt.Errorf("%s: every_seconds is %v, want more than 0 and an hour at most", recordingsFile, f.Every)
	}
	if !(f.Aspect == 0 || f.Aspect >= 0.1 && f.Aspect <= 10) {
		return 0, 0, fmt.Errorf("%s: aspect is %v, want 0.1 to 10, or 0 for any", recordingsFile, f.Aspect)
	}
	return time.Duration(f.Every * float64(time.Second)), f.Aspect, nil
}
