package clips

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// group tells to which action a subsampled frame belongs: frame i to the first one with ceil(start/every) <= i <
// floor(end/every), which is the reference's rule, or -1.
func group(actions []Action, every, i int) int {
	return slices.IndexFunc(actions, func(a Action) bool {
		return (a.Start+every-1)/every <= i && i < a.End/every
	})
}

// clip collects the frames of one action and holds back those that refining may still drop.
type clip struct {
	folder string
	drop   int // frames at the end, of a clip with at least least frames; 0 = none
	least  int
	held   []heldFrame
	seen   int
}

type heldFrame struct {
	number int
	name   string
	data   []byte
}

// add takes a frame and returns those that are now certain to stay.
func (c *clip) add(f heldFrame) (stay []heldFrame) {
	c.seen++
	c.held = append(c.held, f)
	switch {
	case c.drop == 0:
	case c.seen < c.least:
		return nil
	default:
		n := max(0, len(c.held)-c.drop)
		stay, c.held = slices.Clone(c.held[:n]), c.held[n:]
		return stay
	}
	stay, c.held = c.held, nil
	return stay
}

// end returns the frames that stay after all, and how many are dropped.
func (c *clip) end() (stay []heldFrame, dropped int) {
	if c.drop > 0 && c.seen >= c.least {
		return nil, len(c.held)
	}
	return c.held, 0
}

// plan is a recording's plan, and each action's place in it.
func (r *Recording) plan() (plan []string, index []int, err error) {
	index = make([]int, len(r.Actions))
	if r.Plan != nil {
		for k, a := range r.Actions {
			if a.PlanIndex < -1 || a.PlanIndex > len(r.Plan) {
				return nil, nil, fmt.Errorf("action %d: place %d in a plan of %d", k, a.PlanIndex, len(r.Plan))
			}
			index[k] = a.PlanIndex
		}
		return r.Plan, index, nil
	}
	order := make([]int, len(r.Actions))
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(r.Actions[a].Start, r.Actions[b].Start) })
	for place, k := range order {
		plan = append(plan, r.Actions[k].Text)
		index[k] = place
	}
	return plan, index, nil
}

// folders names a folder for every action: its text, with a number where an earlier action of the episode has that text.
func folders(actions []Action) []string {
	names, used := make([]string, len(actions)), map[string]bool{}
	for k, a := range actions {
		name := folderName(a.Text)
		for n := 2; used[strings.ToLower(name)]; n++ { // some file systems know no capitals
			name = fmt.Sprintf("%s (%d)", folderName(a.Text), n)
		}
		used[strings.ToLower(name)] = true
		names[k] = name
	}
	return names
}

// maxName is the longest folder name; file systems take 255 bytes.
const maxName = 200

// folderName is a text as the name of one folder. Texts that are names already stay as they are; others that become the
// same name are told apart by a hash.
func folderName(text string) string {
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) || unicode.IsControl(r) || r == utf8.RuneError {
			return '_'
		}
		return r
	}, text)
	name = strings.TrimSpace(name)
	if strings.HasPrefix(name, ".") || name == "" {
		name = "_" + strings.TrimLeft(name, ".")
	}
	for len(name) > maxName {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	if name == text {
		return name
	}
	return fmt.Sprintf("%s-%x", name, sha256.Sum256([]byte(text)))[:len(name)+9]
}
