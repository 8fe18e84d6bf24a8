package english

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/egotsr/egotsr/decompose"
)

// atom is (On a b) of a task file of LIBERO.
var atom = regexp.MustCompile(`\((\w+) (\w+)(?: (\w+))?\)`)

// TestLIBERO reads the task sentences of a public benchmark, which lie beside the repository, and compares the goals reached with those
// that its task files state. Turnon beside another goal is how some of its scenes begin, and is not in their sentences.
func TestLIBERO(t *testing.T) {
	text, err := os.ReadFile("../../../shared/instructions/libero.tsv")
	if err != nil {
		t.Skip("the task sentences of LIBERO are not there")
	}
	planned, agree, rows := 0, 0, 0
	for line := range strings.Lines(string(text)) {
		sentence, goal, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		rows++
		p, err := Decompose(t.Context(), sentence, nil)
		if err != nil {
			t.Logf("%s: %v", sentence, err)
			continue
		}
		planned++
		o := ended(p)
		wrong := ""
		for _, a := range atom.FindAllStringSubmatch(goal, -1) {
			if !o.reaches(a[1], a[2], a[3]) && !(a[1] == "Turnon" && !strings.Contains(strings.ToLower(sentence), "turn on")) {
				wrong = a[0]
			}
		}
		if wrong != "" {
			t.Errorf("%s: not %s\n %s", sentence, wrong, joined(p))
			continue
		}
		agree++
	}
	t.Logf("%d of %d planned, %d reach the goal of the task file", planned, rows, agree)
	if planned < 110 || agree != planned {
		t.Errorf("%d of %d planned, %d agree", planned, rows, agree)
	}
}

// liberoNames are what the sentences call the objects of the task files.
var liberoNames = map[string]string{
	"porcelain_mug": "white mug", "white_yellow_mug": "yellow and white mug", "red_coffee_mug": "red mug", "chefmate_frypan": "frying pan", "akita_black_bowl": "bowl",
	"new_salad_dressing": "salad dressing", "black_book": "book", "yellow_book": "book", "wooden_two_layer_shelf": "shelf", "flat_stove": "stove", "desk_caddy": "caddy",
	"wine_rack": "rack", "wooden_tray": "tray", "cream_cheese": "cream cheese", "main_table_stove_front": "front stove", "study_table_desk_caddy_right": "right caddy",
	"living_room_table_plate": "plate", "kitchen_table_plate": "plate", "kitchen_table_porcelain_mug": "white mug",
}

// liberoThing tells whether a name of ours stands for an object or a region of a task file.
func liberoThing(ours, theirs string) bool {
	theirs = regexp.MustCompile(`_region$|_side$`).ReplaceAllString(theirs, "")
	theirs = regexp.MustCompile(`_\d+$`).ReplaceAllString(regexp.MustCompile(`_\d+_`).ReplaceAllString(theirs, "_"), "")
	for _, part := range []string{"_contain", "_cook", "_heating"} {
		theirs = strings.TrimSuffix(theirs, part)
	}
	words := strings.Fields(ours)
	has := func(w ...string) bool {
		return slices.ContainsFunc(w, func(w string) bool { return slices.Contains(words, w) })
	}
	switch {
	case strings.Contains(theirs, "cabinet"):
		layer := theirs[strings.LastIndexByte(theirs, '_')+1:]
		return has("cabinet", "drawer", "layer") && (has(layer) || layer == "top")
	case strings.Contains(theirs, "layer_shelf"):
		return has("shelf", "cabinet")
	case strings.Contains(theirs, "caddy"):
		side := regexp.MustCompile(`caddy_(left|right|front|back)`).FindStringSubmatch(theirs)
		return has("caddy") && (len(side) < 2 || has(side[1]))
	case strings.Contains(theirs, "_table_"):
		side := regexp.MustCompile(`_(\w+)_(left|right|front)$`).FindStringSubmatch(theirs)
		return side != nil && has(side[2]) && has("plate", "mug", "stove")
	case strings.Contains(theirs, "wine_rack"):
		return has("rack")
	}
	for name, said := range liberoNames {
		if strings.HasPrefix(theirs, name) {
			return alike(ours, said)
		}
	}
	return alike(ours, strings.ReplaceAll(theirs, "_", " "))
}

// reaches tells whether a literal of a task file holds at the end.
func (o outcome) reaches(name, a, b string) bool {
	any := func(list []decompose.Literal, not bool, names string) bool {
		return slices.ContainsFunc(list, func(l decompose.Literal) bool {
			return l.Not == not && slices.Contains(strings.Fields(names), l.Name) && liberoThing(l.Args[0], a) && (b == "" || liberoThing(l.Args[1], b))
		})
	}
	switch name {
	case "Open":
		return any(o.end, false, "is-open")
	case "Close":
		return any(o.end, true, "is-open")
	case "Turnon":
		return any(o.end, false, "running")
	case "Turnoff":
		return any(o.end, true, "running")
	}
	for side, words := range map[string]string{"left": "left-of", "right": "right-of", "front": "in-front-of", "bottom": "under"} {
		region := regexp.MustCompile(`^(.*)_` + side + `_region$`).FindStringSubmatch(b)
		if region != nil && slices.ContainsFunc(o.end, func(l decompose.Literal) bool {
			return !l.Not && slices.Contains(strings.Fields(words), l.Name) && liberoThing(l.Args[0], a) &&
				(liberoNames[region[1]] != "" && alike(l.Args[1], liberoNames[region[1]]) || liberoThing(l.Args[1], region[1]))
		}) {
			return true
		}
	}
	return any(o.end, false, "on in pushed")
}
