package main

import (
	"context"
	"crypto/rand"
	"image"
	"sync"
	"time"

	"github.com/egotsr/egotsr"
)

const curveLength = 600 // states kept for who begins to watch: two minutes at the pace of trends

// session follows one robot. Of frames that come faster than the model looks at them, one is looked at, the newest waits, and those
// between give way: a robot wants to know how things are, not how they were.
type session struct {
	id, task string
	tracker  *egotsr.Tracker
	turn     chan struct{} // holds what Observe is at
	gone     chan struct{} // closed when the session ends

	mu      sync.Mutex
	waiting chan struct{} // closed when a newer frame takes its place; nil where none waits
	used    time.Time
	count   int     // states so far
	curve   []point // the last of them
	frame   []byte
	changed chan struct{} // closed by the next state
}

// point is one state on a session's curve.
type point struct {
	Frame int          `json:"frame"` // how many before it
	At    time.Time    `json:"at"`
	State egotsr.State `json:"state"`
}

// observe looks at a frame in its turn. superseded tells that a newer one came first.
func (s *session) observe(ctx context.Context, at time.Time, img image.Image, data []byte) (superseded bool, err error) {
	mine := make(chan struct{})
	s.mu.Lock()
	if s.waiting != nil {
		close(s.waiting)
	}
	s.waiting = mine
	s.mu.Unlock()
	defer s.leave(mine)
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-mine:
		return true, nil
	case <-s.gone:
		return false, refuse(404, "session", "the session has ended")
	case <-ctx.Done():
		return false, ctx.Err()
	}
	if !s.leave(mine) {
		return true, nil
	}
	state, err := s.tracker.ObserveAt(ctx, at, img)
	if err != nil {
		return false, err
	}
	s.add(point{At: at, State: state}, data)
	return false, nil
}

// leave ends the wait of a frame, and tells whether no other had taken its place.
func (s *session) leave(mine chan struct{}) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting != mine {
		return false
	}
	s.waiting = nil
	return true
}

func (s *session) add(p point, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.Frame = s.count
	s.count++
	if len(s.curve) == curveLength {
		copy(s.curve, s.curve[1:])
		s.curve = s.curve[:curveLength-1]
	}
	s.curve, s.frame = append(s.curve, p), data
	close(s.changed)
	s.changed = make(chan struct{})
}

// since gives the points from a count on, the count after them, and what closes when there are more.
func (s *session) since(count int) (points []point, next int, changed chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := max(0, min(s.count-count, len(s.curve)))
	return append([]point(nil), s.curve[len(s.curve)-n:]...), s.count, s.changed
}

// sessions are those open, at most so many, each until it was idle for so long.
type sessions struct {
	mu    sync.Mutex
	limit int
	idle  time.Duration
	open  map[string]*session
}

func newSessions(limit int, idle time.Duration) *sessions {
	return &sessions{limit: limit, idle: idle, open: map[string]*session{}}
}

func (ss *sessions) create(task string, tracker *egotsr.Tracker) (*session, error) {
	ss.sweep()
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if len(ss.open) >= ss.limit {
		return nil, refuse(429, "sessions", "too many sessions are open: delete one, or wait until one has been idle for "+ss.idle.String())
	}
	s := &session{id: rand.Text(), task: task, tracker: tracker, turn: make(chan struct{}, 1), gone: make(chan struct{}),
		used: time.Now(), changed: make(chan struct{})}
	ss.open[s.id] = s
	return s, nil
}

func (ss *sessions) find(id string) (*session, error) {
	ss.sweep()
	ss.mu.Lock()
	defer ss.mu.Unlock()
	s := ss.open[id]
	if s == nil {
		return nil, refuse(404, "session", "there is no such session: it may have been idle for "+ss.idle.String())
	}
	s.mu.Lock()
	s.used = time.Now()
	s.mu.Unlock()
	return s, nil
}

func (ss *sessions) remove(id string) bool {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	s := ss.open[id]
	if s == nil {
		return false
	}
	close(s.gone)
	delete(ss.open, id)
	return true
}

func (ss *sessions) count() int {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	return len(ss.open)
}

// sweep ends sessions that have been idle for too long. One whose frame is being looked at is not idle.
func (ss *sessions) sweep() {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	for id, s := range ss.open {
		s.mu.Lock()
		idle := time.Since(s.used) > ss.idle && len(s.turn) == 0
		s.mu.Unlock()
		if idle {
			close(s.gone)
			delete(ss.open, id)
		}
	}
}

func (ss *sessions) expire(ctx context.Context) {
	tick := time.NewTicker(max(ss.idle/4, 10*time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			ss.sweep()
		case <-ctx.Done():
			return
		}
	}
}
