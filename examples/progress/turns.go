package main

// least is what a curve, which goes from 0 to 1, must fall or rise by before it has turned: judgements of frames that lie close
// together waver by less.
const least = 0.2

// turn is a frame after which a curve goes the other way.
type turn struct {
	at      int
	setback bool // it falls from there; else it rises again
}

func (t turn) String() string {
	if t.setback {
		return "setback"
	}
	return "recovery"
}

// turns finds where a curve falls by at least least from the highest value so far, and where it then rises by as much from the
// lowest; and so on. So setbacks and recoveries take turns. Of equal frames the last is named.
func turns(curve []float64) (found []turn) {
	best, falling := 0, false // the highest frame since the last turn, or the lowest while falling
	for i, v := range curve {
		beyond := v - curve[best]
		if falling {
			beyond = -beyond
		}
		if beyond >= 0 {
			best = i
		} else if -beyond >= least {
			found = append(found, turn{best, !falling})
			best, falling = i, !falling
		}
	}
	return found
}
