package main

import (
	"net/http"

	"github.com/egotsr/egotsr"
)

type judgeRequest struct {
	Task string `json:"task"`
	Img1 []byte `json:"img1"`
	Img2 []byte `json:"img2"`
}

func (q *judgeRequest) set(name string, data []byte) error {
	switch name {
	case "task":
		q.Task = string(data)
	case "img1":
		q.Img1 = data
	case "img2":
		q.Img2 = data
	default:
		return unknown(name)
	}
	return nil
}

func (s *server) judge(w http.ResponseWriter, r *http.Request) error {
	var q judgeRequest
	if err := read(w, r, &q); err != nil {
		return err
	}
	budget := s.limits.budget()
	img1, err := picture("img1", q.Img1, budget)
	if err != nil {
		return err
	}
	img2, err := picture("img2", q.Img2, budget)
	if err != nil {
		return err
	}
	j, err := s.model.Judge(r.Context(), egotsr.Pair{Task: q.Task, Img1: img1, Img2: img2}, nil)
	if err != nil {
		return err
	}
	reply(w, 200, j)
	return nil
}
