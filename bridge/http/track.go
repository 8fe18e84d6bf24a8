package main

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/decompose"
)

type sessionRequest struct {
	Task    string          `json:"task"`
	EveryMS int             `json:"every_ms,omitempty"` // TrackOptions.Every; 0 is the checkpoint's pace, below 0 every frame counts
	Plan    *decompose.Plan `json:"plan,omitempty"`     // as /v1/plan answers
}

func (q *sessionRequest) set(name string, data []byte) (err error) {
	switch name {
	case "task":
		q.Task = string(data)
	case "every_ms":
		q.EveryMS, err = strconv.Atoi(string(data))
	case "plan":
		err = json.Unmarshal(data, &q.Plan)
	default:
		return unknown(name)
	}
	if err != nil {
		return refuse(422, name, err.Error())
	}
	return nil
}

type frameRequest struct {
	Frame []byte     `json:"frame"`
	At    *time.Time `json:"at,omitempty"` // when it was taken; null is now
}

func (q *frameRequest) set(name string, data []byte) error {
	switch name {
	case "frame":
		q.Frame = data
	case "at":
		return q.setAt(string(data))
	default:
		return unknown(name)
	}
	return nil
}

// setAt takes RFC 3339, or seconds since 1970 as Python's time.time() gives them.
func (q *frameRequest) setAt(text string) error {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		seconds, err := strconv.ParseFloat(text, 64)
		if err != nil || !(math.Abs(seconds) < 1e11) {
			return refuse(422, "at", "neither a time by RFC 3339 nor seconds since 1970")
		}
		at = time.UnixMicro(int64(seconds * 1e6))
	}
	q.At = &at
	return nil
}

type sessionAnswer struct {
	ID         string       `json:"id"`
	Task       string       `json:"task"`
	Frames     int          `json:"frames"`               // observed so far
	Superseded bool         `json:"superseded,omitempty"` // a newer frame came before this one's turn: the state is that before it
	State      egotsr.State `json:"state"`
}

func (s *session) answer() sessionAnswer {
	_, count, _ := s.since(math.MaxInt32)
	return sessionAnswer{ID: s.id, Task: s.task, Frames: count, State: s.tracker.State()}
}

func (s *server) create(w http.ResponseWriter, r *http.Request) error {
	var q sessionRequest
	if err := read(w, r, &q); err != nil {
		return err
	}
	if err := checkTask(q.Task); err != nil {
		return err
	}
	if longest := math.MaxInt64 / int64(time.Millisecond); int64(q.EveryMS) > longest || int64(q.EveryMS) < -longest {
		return refuse(422, "every_ms", fmt.Sprintf("%d is more than a clock can count", q.EveryMS))
	}
	opened, err := s.sessions.create(q.Task, s.model.Track(q.Task, &egotsr.TrackOptions{Plan: q.Plan, Every: time.Duration(q.EveryMS) * time.Millisecond}))
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/sessions/"+opened.id)
	reply(w, 201, opened.answer())
	return nil
}

// checkTask refuses at once what the first frame would be refused for.
func checkTask(task string) error {
	if strings.TrimSpace(task) == "" || len(task) > 2000 || !utf8.ValidString(task) {
		return refuse(422, "task", "up to 2000 bytes of UTF-8 are taken, and not blanks alone")
	}
	return nil
}

func (s *server) state(w http.ResponseWriter, r *http.Request) error {
	found, err := s.sessions.find(r.PathValue("id"))
	if err != nil {
		return err
	}
	reply(w, 200, found.answer())
	return nil
}

func (s *server) remove(w http.ResponseWriter, r *http.Request) error {
	if !s.sessions.remove(r.PathValue("id")) {
		return refuse(404, "session", "there is no such session")
	}
	w.WriteHeader(204)
	return nil
}

func (s *server) observe(w http.ResponseWriter, r *http.Request) error {
	found, err := s.sessions.find(r.PathValue("id"))
	if err != nil {
		return err
	}
	var q frameRequest
	if at := r.URL.Query().Get("at"); at != "" {
		if err := q.setAt(at); err != nil {
			return err
		}
	}
	if err := read(w, r, &q); err != nil {
		return err
	}
	img, err := picture("frame", q.Frame, s.limits.budget())
	if err != nil {
		return err
	}
	at := time.Now()
	if q.At != nil {
		at = *q.At
	}
	superseded, err := found.observe(r.Context(), at, img, q.Frame)
	if err != nil {
		return err
	}
	answer := found.answer()
	answer.Superseded = superseded
	reply(w, 200, answer)
	return nil
}

func (s *server) frame(w http.ResponseWriter, r *http.Request) error {
	found, err := s.sessions.find(r.PathValue("id"))
	if err != nil {
		return err
	}
	found.mu.Lock()
	data := found.frame
	found.mu.Unlock()
	if data == nil {
		return refuse(404, "frame", "no frame has been observed yet")
	}
	w.Header().Set("Content-Type", http.DetectContentType(data)) // an image, by its first bytes: it was decoded
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(data)
	return nil
}
