package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/decompose"
)

// refusal is an answer that is none: a status, what is at fault, and why.
type refusal struct {
	status int
	What   string `json:"what"`  // the field, part or limit; empty where none is
	Reason string `json:"error"` // for a person
}

func (r *refusal) Error() string { return r.What + ": " + r.Reason }

func refuse(status int, what, reason string) error { return &refusal{status, what, reason} }

// asRefusal finds the status of an error of any room below.
func asRefusal(err error) *refusal {
	var r *refusal
	var input *egotsr.InputError
	var order *decompose.OrderError
	var unplaced *decompose.UnplacedError
	var planless *decompose.NoPlanError
	var limit *decompose.LimitError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &r):
		return r
	case errors.As(err, &large):
		return &refusal{413, "body", err.Error()}
	case errors.As(err, &input):
		return &refusal{422, input.What, err.Error()}
	case errors.As(err, &order):
		return &refusal{422, "task", "the model's plan has an impossible order: " + err.Error()}
	case errors.As(err, &unplaced), errors.As(err, &planless), errors.As(err, &limit):
		return &refusal{422, "task", err.Error()}
	case errors.Is(err, context.DeadlineExceeded):
		return &refusal{504, "time", "the answer took longer than the server's limit"}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &refusal{408, "body", "the body took longer to arrive than the server's limit"}
	case errors.Is(err, context.Canceled), errors.Is(err, egotsr.ErrClosed):
		return &refusal{503, "server", "the server is stopping"}
	}
	return &refusal{500, "server", err.Error()}
}

func (r *refusal) write(w http.ResponseWriter) {
	switch r.status {
	case 401:
		w.Header().Set("WWW-Authenticate", "Bearer")
	case 429, 503:
		w.Header().Set("Retry-After", "1")
	}
	reply(w, r.status, r)
}

func reply(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil { // a NaN
		status, data = 500, []byte(`{"what":"server","error":"the answer has no JSON"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n')) // who does not read it is gone
}
