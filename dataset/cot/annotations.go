package cot

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/egotsr/egotsr/dataset"
)

// Signals of an episode that sentences are made of. Any of them may be missing.
const (
	signalGripper = "gripper_opening"      // 0 to 1
	signalHand    = "hand_object_distance" // metres
	signalGoal    = "object_goal_distance" // metres
	signalSuccess = "success"              // 0 or 1
)

// annotations knows the episodes by their frames.
type annotations struct {
	episodes []dataset.Episode
	frames   map[string]frameRef
}

type frameRef struct{ episode, frame int32 }

// Annotations is a Maker that looks at no image: it says of each frame what the episodes' annotations and the
// simulator's signals say of it, in one short sentence such as
//
//	Gripper half closed, 5 cm from the object, object 25 cm from its goal; move the nut above the peg; 4 of 7 steps done; about 40 moves left.
//
// A sentence is a function of its frame alone. Numbers are rounded, because a small model cannot see millimetres. The
// conclusion is the sample's own label. Frames are found by their paths, so the samples have to come from these
// episodes, which must not be changed afterwards; a frame that is in none gives a *dataset.FileError.
//
// The sentences cost nothing and never change: there is no use in a spool.
func Annotations(episodes []dataset.Episode) Maker {
	a := &annotations{episodes: episodes, frames: map[string]frameRef{}}
	for k := range episodes {
		for i, path := range episodes[k].Frames {
			a.frames[path] = frameRef{int32(k), int32(i)}
		}
	}
	return a
}

// Describe implements Maker. The images are not looked at and may be nil.
func (a *annotations) Describe(_ context.Context, s dataset.Sample, _, _ image.Image) (Answer, error) {
	answer := Answer{Closer: s.Closer}
	for k, path := range []string{s.Img1, s.Img2} {
		at, ok := a.frames[path]
		if !ok {
			return Answer{}, &dataset.FileError{Path: path, Err: errNotAnnotated}
		}
		answer.Detail[k] = sentence(&a.episodes[at.episode], int(at.frame))
	}
	return answer, nil
}

var errNotAnnotated = errors.New("no episode has this frame")

// sentence says what is known of frame i: what a camera sees first, then what it means.
func sentence(e *dataset.Episode, i int) string {
	parts := slices.DeleteFunc([]string{scene(e, i), action(e, i), count(e, i), moves(e, i)}, func(s string) bool { return s == "" })
	if len(parts) == 0 {
		return "" // Fill rejects it
	}
	text := strings.Join(parts, "; ") + "."
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

// scene is the gripper, the object and the goal.
func scene(e *dataset.Episode, i int) string {
	var parts []string
	if opening, ok := signal(e, signalGripper, i); ok {
		parts = append(parts, "gripper "+grip(opening))
	}
	if d, ok := metres(e, signalHand, i); ok {
		subject := ""
		if len(parts) == 0 {
			subject = "gripper "
		}
		parts = append(parts, subject+distance(d, "the object"))
	}
	if d, ok := metres(e, signalGoal, i); ok {
		parts = append(parts, "object "+distance(d, "its goal"))
	}
	return strings.Join(parts, ", ")
}

func signal(e *dataset.Episode, name string, i int) (float64, bool) {
	values := e.Signals[name]
	if i >= len(values) || math.IsNaN(values[i]) || math.IsInf(values[i], 0) {
		return 0, false
	}
	return values[i], true
}

// metres is a distance at frame i. Simulators give the first of an episode before they have moved anything, and it can be
// far off. A robot at rest does not begin with a leap, so where the first distance is one the second is nearer the truth.
func metres(e *dataset.Episode, name string, i int) (float64, bool) {
	v := e.Signals[name]
	if i == 0 && len(v) > 2 && math.Abs(v[0]-v[1]) > math.Abs(v[1]-v[2])+0.03 {
		i = 1
	}
	return signal(e, name, i)
}

// grip is the gripper in words. Around an object it is neither open nor closed.
func grip(opening float64) string {
	switch {
	case opening >= 0.85:
		return "open"
	case opening > 0.35:
		return "half closed"
	}
	return "closed"
}

// distance is metres in steps of 5 cm, of 10 cm from 30 cm on.
func distance(metres float64, from string) string {
	step := 5.0
	if metres >= 0.275 {
		step = 10
	}
	cm := math.Round(metres*100/step) * step
	if cm < 5 {
		return "at " + from
	}
	return fmt.Sprintf("%.0f cm from %s", cm, from)
}

// step is frame i's place in the plan, -1 where it has none. A robot that pauses looks as it does when it goes on.
func step(e *dataset.Episode, i int) int {
	if e.Variant == dataset.VariantPause {
		for _, k := range e.Subtask[i:] {
			if k >= 0 {
				return k
			}
		}
	}
	return e.Subtask[i]
}

// disturbances says what happens in frames outside the plan, by Episode.Variant. Frames that are outside it for another
// reason are simply not annotated.
var disturbances = map[dataset.Variant]string{
	dataset.VariantBurst: "the arm is pushed away",
	dataset.VariantDrop:  "the object slips out of the gripper",
	dataset.VariantUndo:  "the arm lets go and the object moves back",
	dataset.VariantAbort: "the robot gives up and moves back",
}

// action is what the robot does.
func action(e *dataset.Episode, i int) string {
	switch k := step(e, i); {
	case k < 0:
		return disturbances[e.Variant]
	case k < len(e.Plan):
		return clause(e.Plan[k])
	}
	return ""
}

// count is how much of the plan is done. In a disturbance nobody can say: what was done is being undone.
func count(e *dataset.Episode, i int) string {
	success, _ := signal(e, signalSuccess, i)
	switch k, n := step(e, i), len(e.Plan); {
	case success > 0.5:
		return "the goal is reached"
	case k < 0 || n == 0:
		return ""
	case k >= n:
		return fmt.Sprintf("all %d steps done", n)
	default:
		return fmt.Sprintf("%d of %d steps done", k, n)
	}
}

// moves is what the expert still has to do, the very number that verdicts are made of, as coarsely as it can be seen. Unlike the
// count of steps it grows again when something is undone.
func moves(e *dataset.Episode, i int) string {
	if i >= len(e.Cost) {
		return ""
	}
	cost, unit := e.Cost[i], 5.0
	switch {
	case cost >= 125:
		unit = 50
	case cost >= 27.5:
		unit = 10
	}
	if cost = math.Round(cost/unit) * unit; cost == 0 {
		return "no moves left"
	}
	return fmt.Sprintf("about %.0f moves left", cost)
}

// maxAction keeps one long annotation from filling the sentence, in characters.
const maxAction = 80

// clause makes an action's text part of a sentence: one line, no full stop, no capital unless it belongs to a name.
func clause(text string) string {
	text = strings.TrimRight(strings.Join(strings.Fields(text), " "), ".;")
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return ""
	}
	if second, _ := utf8.DecodeRuneInString(text[size:]); !unicode.IsUpper(second) {
		text = string(unicode.ToLower(first)) + text[size:]
	}
	if utf8.RuneCountInString(text) > maxAction {
		text = string([]rune(text)[:maxAction])
		if space := strings.LastIndexByte(text, ' '); space > 0 {
			text = text[:space]
		}
		text += " …"
	}
	return text
}
