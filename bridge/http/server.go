package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
	"time"

	"github.com/egotsr/egotsr"
)

// server is the handler of everything.
type server struct {
	model    *egotsr.Model
	metrics  *metrics
	limits   limits
	token    [sha256.Size]byte
	locked   bool          // whether a token is needed
	slots    chan struct{} // of requests that use the model
	watchers chan struct{} // of event streams
	sessions *sessions
	draining chan struct{} // closed by SIGTERM
	mux      *http.ServeMux
	document []byte // of OpenAPI
}

func newServer(model *egotsr.Model, m *metrics, l limits, token string) *server {
	s := &server{model: model, metrics: m, limits: l, token: sha256.Sum256([]byte(token)), locked: token != "",
		slots: make(chan struct{}, l.requests), watchers: make(chan struct{}, l.requests), sessions: newSessions(l.sessions, l.idle), draining: make(chan struct{}), mux: http.NewServeMux()}
	m.watch(s)
	for _, rt := range s.routes() {
		s.mux.Handle(rt.method+" "+rt.path, s.handler(rt))
	}
	s.document = openapi(s.routes())
	return s
}

// route is one line of the table that the mux, the OpenAPI document and the README have in common.
type route struct {
	method, path, summary string
	in, out               any    // what is read and answered; nil for neither
	media                 string // of the answer, where it is not JSON
	raw                   bool   // whether a frame may be the body itself
	open                  bool   // to everybody, token or not
	work                  bool   // counted and bounded in time, as what uses the model is
	do                    func(http.ResponseWriter, *http.Request) error
}

func (s *server) routes() []route {
	return []route{
		{method: "POST", path: "/v1/judge", summary: "Which of two frames is closer to completion", in: judgeRequest{}, out: egotsr.Judgement{}, work: true, do: s.judge},
		{method: "POST", path: "/v1/progress", summary: "Frames of one task on a curve from 0 to 1", in: framesRequest{}, out: progressAnswer{}, work: true, do: s.progress},
		{method: "POST", path: "/v1/plan", summary: "What remains to be done; without frames, what there is to do", in: framesRequest{}, out: planAnswer, work: true, do: s.plan},
		{method: "POST", path: "/v1/sessions", summary: "Begin to follow a task", in: sessionRequest{}, out: sessionAnswer{}, work: true, do: s.create},
		{method: "GET", path: "/v1/sessions/{id}", summary: "The state of a session", out: sessionAnswer{}, do: s.state},
		{method: "DELETE", path: "/v1/sessions/{id}", summary: "End a session", do: s.remove},
		{method: "PUT", path: "/v1/sessions/{id}/frame", summary: "The newest frame; one that still waits gives way to it", in: frameRequest{}, out: sessionAnswer{}, raw: true, work: true, do: s.observe},
		{method: "POST", path: "/v1/sessions/{id}/frame", summary: "As PUT", in: frameRequest{}, out: sessionAnswer{}, raw: true, work: true, do: s.observe},
		{method: "GET", path: "/v1/sessions/{id}/frame", summary: "The frame observed last, as it came", media: "image/*", do: s.frame},
		{method: "GET", path: "/v1/sessions/{id}/events", summary: "The curve so far, then each state, as server-sent events", media: "text/event-stream", do: s.events},
		{method: "POST", path: "/evaluate_batch", summary: "Robometer's request and answer", in: batchRequest{}, out: batchAnswer{}, work: true, do: s.evaluateBatch},
		{method: "POST", path: "/evaluate_batch_npy", summary: "The same, frames as .npy parts", in: batchRequest{}, out: batchAnswer{}, work: true, do: s.evaluateBatch},
		{method: "GET", path: "/sessions/{id}", summary: "A page that shows a session live", media: "text/html", open: true, do: s.page},
		{method: "GET", path: "/metrics", summary: "Prometheus metrics", media: "text/plain", do: s.metrics.serve},
		{method: "GET", path: "/healthz", summary: "200 while the process lives", out: health{}, open: true, do: s.healthz},
		{method: "GET", path: "/readyz", summary: "200 while new requests are taken, then 503", out: health{}, open: true, do: s.readyz},
		{method: "GET", path: "/openapi.json", summary: "This document", media: "application/json", open: true, do: s.openapi},
	}
}

// ServeHTTP bounds the time of every request, and gives the mux's own refusals the form of all others.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(s.limits.time))                   // of a refused request, too: net/http reads its body before it answers
	_ = control.SetWriteDeadline(time.Now().Add(s.limits.time + 10*time.Second)) // a client that does not read its answer
	if _, pattern := s.mux.Handler(r); pattern != "" {
		s.mux.ServeHTTP(w, r)
		return
	}
	began, c := time.Now(), &counted{ResponseWriter: w}
	probe := &headerOnly{header: w.Header()}
	s.mux.ServeHTTP(probe, r)
	w.Header().Del("X-Content-Type-Options")
	(&refusal{probe.status, "path", strings.ToLower(http.StatusText(probe.status))}).write(c)
	s.metrics.answered("none", c.status, began)
}

// headerOnly takes a refusal's status and headers, Allow among them, and drops its text.
type headerOnly struct {
	header http.Header
	status int
}

func (h *headerOnly) Header() http.Header         { return h.header }
func (h *headerOnly) WriteHeader(status int)      { h.status = status }
func (h *headerOnly) Write(p []byte) (int, error) { return len(p), nil }

// counted remembers the status of an answer.
type counted struct {
	http.ResponseWriter
	status int
}

func (c *counted) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

func (c *counted) Write(p []byte) (int, error) {
	if c.status == 0 {
		c.status = 200
	}
	return c.ResponseWriter.Write(p)
}

func (c *counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (s *server) handler(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, c := time.Now(), &counted{ResponseWriter: w}
		defer func() { s.metrics.answered(rt.method+" "+rt.path, c.status, began) }()
		c.Header().Set("X-Content-Type-Options", "nosniff")
		if err := s.answer(rt, c, r); err != nil {
			asRefusal(err).write(c)
		}
	})
}

func (s *server) answer(rt route, w http.ResponseWriter, r *http.Request) error {
	if !rt.open && !s.authorized(r) {
		return refuse(401, "authorization", "a bearer token is needed")
	}
	if !rt.work {
		return rt.do(w, r)
	}
	if s.stopping() {
		return refuse(503, "server", "the server is stopping")
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		return refuse(503, "requests", "too many requests are under way")
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.limits.time)
	defer cancel()
	r = r.WithContext(ctx)
	r.Body = http.MaxBytesReader(w, r.Body, s.limits.body)
	return rt.do(w, r)
}

func (s *server) authorized(r *http.Request) bool {
	if !s.locked {
		return true
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	sum := sha256.Sum256([]byte(token)) // equal lengths, so that the time tells nothing
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(sum[:], s.token[:]) == 1
}

func (s *server) stopping() bool {
	select {
	case <-s.draining:
		return true
	default:
		return false
	}
}

type health struct {
	Status string `json:"status"`
}

func (s *server) healthz(w http.ResponseWriter, _ *http.Request) error {
	reply(w, 200, health{"ok"})
	return nil
}

func (s *server) readyz(w http.ResponseWriter, _ *http.Request) error {
	if s.stopping() {
		return refuse(503, "server", "the server is stopping")
	}
	reply(w, 200, health{"ready"})
	return nil
}

func (s *server) openapi(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(s.document)
	return nil
}
