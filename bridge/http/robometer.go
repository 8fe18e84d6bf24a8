package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"net/http"
	"strings"

	"github.com/egotsr/egotsr"
)

// The request and answer of Robometer's server, robometer/evals/eval_server.py and robometer/data/dataset_types.py of
// github.com/robometer/robometer at commits e3e7e6a and e2501e0. Its clients send frames as .npy parts to /evaluate_batch_npy; for
// /evaluate_batch frames are images in base64 here, or numbers [frame][row][column][3]. There a string is a path on the server: here no
// client names a file.

type batchRequest struct {
	Samples       []batchSample `json:"samples"`
	UseFrameSteps bool          `json:"use_frame_steps,omitempty"` // each frame by those up to it: here always so

	files   map[string][]byte   // .npy parts by their names
	indexed map[int]batchSample // sample_0, sample_1, …
}

type batchSample struct {
	SampleType string      `json:"sample_type"` // progress or preference
	Trajectory *trajectory `json:"trajectory,omitempty"`
	Chosen     *trajectory `json:"chosen_trajectory,omitempty"`
	Rejected   *trajectory `json:"rejected_trajectory,omitempty"`
}

type trajectory struct {
	Task   string          `json:"task"`
	Frames json.RawMessage `json:"frames"`
}

type batchAnswer struct {
	Preference *preferenceOutputs `json:"outputs_preference"`
	Progress   *progressOutputs   `json:"outputs_progress"`
	Success    *successOutputs    `json:"outputs_success"`
}

type preferenceOutputs struct {
	Predictions []int     `json:"predictions"`       // 1 where the chosen trajectory is thought to be the better one
	Probs       []float64 `json:"prediction_probs"`  // of that
	Labels      []float64 `json:"preference_labels"` // 1: the chosen one is asked about first
}

type progressOutputs struct {
	Pred [][]float64 `json:"progress_pred"` // of each sample's each frame, 0 to 1
}

type successOutputs struct {
	Probs [][]float64 `json:"success_probs"` // that the task is done
}

// UnmarshalJSON takes an object with samples, or samples alone. Robometer's samples have many fields that only training needs.
func (q *batchRequest) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		return json.Unmarshal(data, &q.Samples)
	}
	type plain batchRequest
	return json.Unmarshal(data, (*plain)(q))
}

func (q *batchRequest) set(name string, data []byte) error {
	var index int
	switch n, _ := fmt.Sscanf(name, "sample_%d", &index); {
	case name == "use_frame_steps":
		q.UseFrameSteps = strings.EqualFold(string(data), "true")
	case n == 1 && name == fmt.Sprintf("sample_%d", index):
		var sample batchSample
		if err := json.Unmarshal(data, &sample); err != nil {
			return refuse(422, name, err.Error())
		}
		if q.indexed == nil {
			q.indexed = map[int]batchSample{}
		}
		q.indexed[index] = sample
	default: // a .npy part, of frames or of what only Robometer's models take
		if q.files == nil {
			q.files = map[string][]byte{}
		}
		q.files[name] = data
	}
	return nil
}

// gather puts the samples of parts into their order, which has no gaps.
func (q *batchRequest) gather() error {
	for i := range len(q.indexed) {
		sample, ok := q.indexed[i]
		if !ok {
			return refuse(422, fmt.Sprintf("sample_%d", i), "the sample is missing")
		}
		q.Samples = append(q.Samples, sample)
	}
	if len(q.Samples) == 0 {
		return refuse(422, "samples", "there are none")
	}
	return nil
}

func (q *batchRequest) frames(ctx context.Context, what string, t *trajectory, budget *frameBudget) ([]image.Image, error) {
	if t == nil {
		return nil, refuse(422, what, "the trajectory is missing")
	}
	var file struct {
		Name string `json:"__numpy_file__"`
	}
	var encoded [][]byte
	var numbers [][][][]uint8 // [frame][row][column][3]
	switch {
	case json.Unmarshal(t.Frames, &file) == nil && file.Name != "":
		return decodeNPY(what, q.files[file.Name], budget)
	case json.Unmarshal(t.Frames, &[]string{}) == nil && json.Unmarshal(t.Frames, &encoded) == nil && len(encoded) > 0:
		return pictures(ctx, what, encoded, budget)
	case json.Unmarshal(t.Frames, &numbers) == nil && len(numbers) > 0:
		return fromNumbers(what, numbers, budget)
	}
	return nil, refuse(422, what, "frames are a .npy part, images in base64, or numbers [frame][row][column][3] from 0 to 255")
}

func fromNumbers(what string, frames [][][][]uint8, budget *frameBudget) (images []image.Image, err error) {
	for i, rows := range frames {
		name := fmt.Sprintf("%s, frame %d", what, i)
		if len(rows) == 0 {
			return nil, refuse(422, name, "the frame has no pixels")
		}
		if err := budget.take(name, len(rows[0]), len(rows)); err != nil {
			return nil, err
		}
		var pixels []byte
		for _, row := range rows {
			for _, pixel := range row {
				if len(pixel) != 3 || len(row) != len(rows[0]) {
					return nil, refuse(422, name, "rows differ in length, or a pixel has not 3 numbers")
				}
				pixels = append(pixels, pixel...)
			}
		}
		if len(pixels) != len(rows)*len(rows[0])*3 {
			return nil, refuse(422, name, "rows differ in length")
		}
		images = append(images, fromPixels(pixels, len(rows[0]), len(rows), false))
	}
	return images, nil
}

func (s *server) evaluateBatch(w http.ResponseWriter, r *http.Request) error {
	var q batchRequest
	if err := read(w, r, &q); err != nil {
		return err
	}
	if err := q.gather(); err != nil {
		return err
	}
	var answer batchAnswer
	budget := s.limits.budget()
	for i, sample := range q.Samples {
		var err error
		what := fmt.Sprintf("sample %d", i)
		switch sample.SampleType {
		case "progress":
			err = s.batchProgress(r.Context(), what, &q, sample, budget, &answer)
		case "preference":
			err = s.batchPreference(r.Context(), what, &q, sample, budget, &answer)
		default:
			err = refuse(422, what, fmt.Sprintf("sample_type is progress or preference, not %.40q", sample.SampleType))
		}
		if err != nil {
			return err
		}
	}
	reply(w, 200, answer)
	return nil
}

// batchProgress follows the trajectory, so that each frame is placed by those before it, and asks of each whether the task is done.
func (s *server) batchProgress(ctx context.Context, what string, q *batchRequest, sample batchSample, budget *frameBudget, answer *batchAnswer) error {
	frames, err := q.frames(ctx, what, sample.Trajectory, budget)
	if err != nil {
		return err
	}
	tracker := s.model.Track(sample.Trajectory.Task, &egotsr.TrackOptions{Every: -1})
	var progress, success []float64
	for _, frame := range frames {
		state, err := tracker.Observe(ctx, frame)
		if err != nil {
			return err
		}
		done, err := s.model.Done(ctx, sample.Trajectory.Task, frame)
		if err != nil {
			return err
		}
		progress, success = append(progress, state.Progress), append(success, done)
	}
	if answer.Progress == nil {
		answer.Progress, answer.Success = &progressOutputs{}, &successOutputs{}
	}
	answer.Progress.Pred = append(answer.Progress.Pred, progress)
	answer.Success.Probs = append(answer.Success.Probs, success)
	return nil
}

// batchPreference compares where the two trajectories end.
func (s *server) batchPreference(ctx context.Context, what string, q *batchRequest, sample batchSample, budget *frameBudget, answer *batchAnswer) error {
	chosen, err := q.frames(ctx, what+", chosen", sample.Chosen, budget)
	if err != nil {
		return err
	}
	rejected, err := q.frames(ctx, what+", rejected", sample.Rejected, budget)
	if err != nil {
		return err
	}
	j, err := s.model.Judge(ctx, egotsr.Pair{Task: sample.Chosen.Task, Img1: chosen[len(chosen)-1], Img2: rejected[len(rejected)-1]}, nil)
	if err != nil {
		return err
	}
	prediction := 0
	if j.PImg1 > 0.5 {
		prediction = 1
	}
	if answer.Preference == nil {
		answer.Preference = &preferenceOutputs{}
	}
	p := answer.Preference
	p.Predictions, p.Probs, p.Labels = append(p.Predictions, prediction), append(p.Probs, j.PImg1), append(p.Labels, 1)
	return nil
}
