package egotsr

import "time"

// pace chooses the frames that a tracker takes, one a period, and tells time in periods. Trends are counted in frames of that pace, so
// that a camera of 30 Hz and one of 5 see the same.
type pace struct {
	every time.Duration // a period; negative: every frame is one
	begun bool
	at    time.Time // of the last frame taken: only times near each other are subtracted, so that a wild one does no harm later
	last  float64   // the same in periods since the first
	next  float64   // when the next frame is due
}

// A frame that is so much of a period early is taken: cameras are not on time to the millisecond.
const early = 0.15

// A clock that goes back by so many periods has been set anew; by fewer, a frame has come out of order.
const setAnew = 10

// take tells whether a frame is due, and when that is, in periods since the first.
func (p *pace) take(at time.Time) (now float64, due bool) {
	if p.every < 0 {
		p.last++
		return p.last, true
	}
	if !p.begun {
		*p = pace{every: p.every, begun: true, at: at, next: 1}
		return 0, true
	}
	now = p.last + float64(at.Sub(p.at))/float64(p.every)
	if now < p.last-setAnew {
		now = p.last + 1
		p.next = now
	}
	if now < p.next-early {
		return now, false
	}
	// Dates keep to their grid, so that lateness does not add up; after a gap they begin at the frame that ended it.
	if p.next++; p.next < now+early {
		p.next = now + 1
	}
	p.at, p.last = at, now
	return now, true
}
