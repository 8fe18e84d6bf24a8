package decompose

import (
	"fmt"
	"strings"
)

// Request is a task, understood: a scene, and what is to come about in it one after the other.
type Request struct {
	Text    string
	Library *Library // Skills, or Motions where the words speak of the gripper
	Problem *Problem // the start, and what holds at the end
	Events  []Event  // what is asked for, in the order of the words
	Never   []string // literals that no step may bring about: "without washing it"
	Assumed []string // what the words leave open and the problem takes for granted: "the caddy can hold things"
}

// Event is one thing that a request asks for.
type Event struct {
	Text    string   // the words
	Goal    []string // what must hold at some time, and unless a later event says otherwise, at the end
	By      string   // the step that must bring it about; empty where any may
	Without []string // actions that must not
	After   []int    // the events that it must come after, because the words or the things say so
	Said    []int    // of After, what the words say
	Soft    bool     // it may hold already
	Loose   bool     // what it takes in the hand need not stay there
	Passing bool     // it only takes a thing in the hand, which a later event puts somewhere
}

// takes tells whether an event only takes a thing in the hand.
func (e *Event) takes() bool {
	return len(e.Goal) == 1 && strings.HasPrefix(e.Goal[0], "holding(")
}

// UnplacedError lists the words of a sentence that were not understood, and why. Such a sentence is never planned in part.
type UnplacedError struct {
	Sentence   string
	Words      []Word   // in their order; empty where the sentence as a whole is at fault
	Reason     string   // "nobody knows the word", "is a negation", "could be the mug or the plate"
	Understood []string // the clauses that were understood, in their order
}

// Word is part of a sentence.
type Word struct {
	Text   string
	Offset int // bytes before it
}

func (e *UnplacedError) Error() string {
	understood := ""
	if len(e.Understood) > 0 {
		understood = fmt.Sprintf("; understood: %.200q", strings.Join(e.Understood, "; "))
	}
	if len(e.Words) == 0 {
		return fmt.Sprintf("decompose: cannot place %.80q: %s%s", e.Sentence, e.Reason, understood)
	}
	words := make([]string, len(e.Words))
	for i, w := range e.Words {
		words[i] = fmt.Sprintf("%.40q (byte %d)", w.Text, w.Offset)
	}
	return fmt.Sprintf("decompose: cannot place %s: %s%s", strings.Join(words, ", "), e.Reason, understood)
}
