package main

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

//go:embed page.html
var page string

// pagePolicy lets the page run its own script, ask this server and nobody else, and show what it was given.
var pagePolicy = fmt.Sprintf("default-src 'none'; script-src 'sha256-%s'; style-src 'unsafe-inline'; connect-src 'self'; img-src blob:; frame-ancestors 'self'", scriptSum())

func scriptSum() string {
	_, script, _ := strings.Cut(page, "<script>")
	script, _, _ = strings.Cut(script, "</script>")
	sum := sha256.Sum256([]byte(script))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// page is the same for every session, and tells nothing of any: its script asks for the session with the token.
func (s *server) page(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	_, _ = w.Write([]byte(page))
	return nil
}

// events sends what the curve holds and then each new state, as events called state, and one called end when the session ends.
func (s *server) events(w http.ResponseWriter, r *http.Request) error {
	found, err := s.sessions.find(r.PathValue("id"))
	if err != nil {
		return err
	}
	select {
	case s.watchers <- struct{}{}:
		defer func() { <-s.watchers }()
	default:
		return refuse(503, "requests", "too many are watching")
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{}) // the stream outlasts the time of an answer
	beat := time.NewTicker(5 * time.Second)  // finds out who has gone
	defer beat.Stop()
	for next := 0; ; {
		points, n, changed := found.since(next)
		next = n
		_ = control.SetWriteDeadline(time.Now().Add(10 * time.Second))
		for _, p := range points {
			data, err := json.Marshal(p)
			if err != nil {
				return nil // the stream has begun: there is no other answer any more
			}
			fmt.Fprintf(w, "event: state\nid: %d\ndata: %s\n\n", p.Frame, data)
		}
		fmt.Fprint(w, ":\n\n")
		if control.Flush() != nil {
			return nil
		}
		select {
		case <-changed:
		case <-beat.C:
		case <-found.gone:
			fmt.Fprint(w, "event: end\ndata: {}\n\n")
			return nil
		case <-s.draining:
			return nil
		case <-r.Context().Done():
			return nil
		}
	}
}
