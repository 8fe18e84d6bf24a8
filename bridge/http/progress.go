package main

import (
	"net/http"

	"github.com/egotsr/egotsr/decompose"
)

// framesRequest is a task and frames of it, in parts called frames.
type framesRequest struct {
	Task   string   `json:"task"`
	Frames [][]byte `json:"frames,omitempty"`
}

func (q *framesRequest) set(name string, data []byte) error {
	switch name {
	case "task":
		q.Task = string(data)
	case "frames":
		q.Frames = append(q.Frames, data)
	default:
		return unknown(name)
	}
	return nil
}

type progressAnswer struct {
	Progress []float64 `json:"progress"` // of each frame, 0 to 1
}

var planAnswer decompose.Plan

func (s *server) progress(w http.ResponseWriter, r *http.Request) error {
	var q framesRequest
	if err := read(w, r, &q); err != nil {
		return err
	}
	if len(q.Frames) == 0 {
		return refuse(422, "frames", "there are none")
	}
	images, err := pictures(r.Context(), "frames", q.Frames, s.limits.budget())
	if err != nil {
		return err
	}
	p, err := s.model.Progress(r.Context(), q.Task, images)
	if err != nil {
		return err
	}
	reply(w, 200, progressAnswer{p})
	return nil
}

func (s *server) plan(w http.ResponseWriter, r *http.Request) error {
	var q framesRequest
	if err := read(w, r, &q); err != nil {
		return err
	}
	images, err := pictures(r.Context(), "frames", q.Frames, s.limits.budget())
	if err != nil {
		return err
	}
	p, err := s.model.Plan(r.Context(), q.Task, images...)
	if err != nil {
		return err
	}
	reply(w, 200, p)
	return nil
}
