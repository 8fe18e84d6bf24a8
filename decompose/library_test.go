package decompose

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
)

// a library that is right, which the tests break.
const small = `
kind item
kind surface
kind mug: item   # a comment
predicate empty
predicate holding(item)
predicate on(item, surface)
never empty, holding(x: item)
action pick(x: item)
  with s: surface
  text Pick up the {x}
  needs empty, on(x, s)
  effect holding(x), not empty, not on(x, s)
  undo put
action put(x: item, s: surface)
  text Put the {x} on the {s}
  needs holding(x)
  effect on(x, s), empty, not holding(x)
`

func TestBuiltIn(t *testing.T) {
	for name, l := range map[string]*Library{"skills": Skills(), "motions": Motions()} {
		if len(l.Actions()) < 30 || len(l.Kinds()) < 150 {
			t.Errorf("%s: %d actions, %d kinds", name, len(l.Actions()), len(l.Kinds()))
		}
	}
	if !Skills().Is("mug", "item") || Skills().Is("sink", "item") || !Skills().Is("sink mug", "item") || Skills().Is("gizmo", "gizmo") {
		t.Error("Is")
	}
	if Skills().Action("pick").Where == "" || Skills().Action("reach out") != nil {
		t.Error("Action")
	}
}

func TestParse(t *testing.T) {
	if _, err := Parse("small.txt", strings.NewReader(small)); err != nil {
		t.Fatal(err)
	}
	for bad, want := range map[string]string{
		"needs empty":                    "begins no statement",
		"cat item":                       "begins no statement",
		"kind":                           "without a name",
		"kind a(b)":                      "not a word",
		"predicate not on(item)":         "without not",
		"predicate on(":                  "do not end",
		"action a b":                     "is a word",
		"action a(x)":                    "write x: item",
		"action a(x: item":               "do not end",
		"action a\n  needs":              "no literals",
		"action a\n  needs on(x":         "do not end",
		"action a\n  needs on(x),,empty": "not a word",
		"action a\n  wants x":            "is no line",
		"action a\n  text a\n  text b":   "second text",
		"action a\n  undo a b":           "one action",
		"given not empty":                "no need of not",
		"never empty, empty, empty, empty, empty, empty, empty, empty, empty": "at most 8",
		"never":                              "takes literals",
		"kind " + strings.Repeat("x", 1<<17): "longer than",
	} {
		_, err := Parse("bad.txt", strings.NewReader(small+"kind last\n"+bad))
		var e *ParseError
		wantLine := strings.Count(small, "\n") + 2 + strings.Count(bad, "\n")
		if !errors.As(err, &e) || e.File != "bad.txt" || e.Line != wantLine || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v", bad, err)
		}
	}
}

func TestSoundness(t *testing.T) {
	for bad, want := range map[string]string{
		"kind mug":             "already at small.txt:4",
		"kind a: b":            "no kind b",
		"kind a: b\nkind b: a": "above itself",
		"predicate on(item)":   "already at",
		"predicate p(gizmo)":   "no kind gizmo",
		"never holding(a: item), holding(b: item), holding(c: item), holding(d: item), holding(e: item)": "at most 4",
		"given on(x: item, s: item)":          "s is a item, on takes a surface",
		"action pick\n text a\n effect empty": "action pick is already at small.txt:9",
		"action a(a: item, b: item, c: item, d: item, e: item, f: item, g: item, h: item, i: item)\n text a\n effect empty": "at most 8",
		"action a\n text a":                                                            "changes nothing",
		"action a\n effect empty":                                                      "no text",
		"action a\n text a {y}\n effect empty":                                         "{y}, which is no parameter",
		"action a\n text a {\n effect empty":                                           "which is no parameter",
		"action a\n text a\n effect full":                                              "no predicate full",
		"action a(x: item)\n text a\n effect on(x)":                                    "1 arguments, on takes 2",
		"action a(x: item)\n text a\n effect on(x,y)":                                  "no parameter y",
		"action a(x: item)\n text a\n effect on(x,x)":                                  "x is a item, on takes a surface",
		"action a(x: item, x: item)\n text a\n effect holding(x)":                      "stands twice",
		"action a(x: item)\n text a\n effect holding(x), holding(x)":                   "stands twice",
		"action a(x: item)\n text a\n effect holding(x), not holding(x)":               "contradict",
		"action a(x: item)\n text a\n needs holding(x), not holding(x)\n effect empty": "can never apply",
		"action a(x: mug)\n text a\n needs holding(x), empty\n effect not empty":       "never hold together (small.txt:8)",
		"action a(x: item)\n text a\n needs holding(x)\n effect holding(x)":            "holds before it",
		"action a\n with x: item\n text a\n effect holding(x)":                         "nothing that must hold decides x",
		"action a(x: gizmo)\n text a\n effect empty":                                   "no kind gizmo",
		"action a(x: item)\n text a\n effect holding(x)\n undo b":                      "no action b",
		"action a(x: item)\n text a\n effect holding(x)\n undo pick":                   "pick does not undo a",
	} {
		_, err := Parse("small.txt", strings.NewReader(small+bad+"\n"))
		var e *SoundnessError
		if !errors.As(err, &e) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", bad, err)
			continue
		}
		for _, f := range e.Faults {
			if !strings.HasPrefix(f.Where, "small.txt:") {
				t.Errorf("%q: %v", bad, f)
			}
		}
	}
}

func TestExtend(t *testing.T) {
	before := len(Skills().actions)
	l, err := Skills().Extend("mine.txt", strings.NewReader("kind samovar: vessel device\npredicate brewed(samovar)\naction brew(x: samovar)\n  text Brew in the {x}\n  needs running(x)\n  effect brewed(x)\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(Skills().actions) != before || len(l.actions) != before+1 || Skills().Is("samovar", "item") || !l.Is("samovar", "item") {
		t.Error("Extend changed what it extends, or nothing")
	}
	pr := setting(map[string]string{"Ivan": "samovar", "table": "table"}, "on(Ivan,table)", "located(Ivan,here)").want("brewed(Ivan)", "not running(Ivan)")
	if p := mustSearch(t, l, pr); len(p.Subtasks) != 3 {
		t.Error(shown(p))
	}
	_, err = Load(fstest.MapFS{"a": {Data: []byte(small)}, "b": {Data: []byte("action drop(x: item)\n  text Drop\n  needs holding(x)\n  effect empty, not holding(x)\n")}}, "a", "b")
	if err != nil {
		t.Error(err)
	}
	if _, err = Load(fstest.MapFS{}, "a"); err == nil {
		t.Error("a missing file loads")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(small)
	f.Add("action a\nundo b\naction b\neffect p(q)")
	f.Add("kind a: a\ngiven p(x: a),,\nnever p(")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := Parse("f", strings.NewReader(text))
		if err != nil {
			var parse *ParseError
			var sound *SoundnessError
			if !errors.As(err, &parse) && !errors.As(err, &sound) {
				t.Fatal(err)
			}
			return
		}
		for _, a := range l.Actions() {
			if len(a.Effects) == 0 || a.Text == "" {
				t.Fatalf("%+v passed", a)
			}
		}
	})
}

func TestLiteral(t *testing.T) {
	for text, want := range map[string]string{
		"hand-empty": "hand-empty", " not  on( red  mug ,table ) ": "not on(red mug,table)", "in(a,b)": "in(a,b)", "notable": "notable", "not notable(x)": "not notable(x)",
		"": "", "not": "", "not not a": "", "a(": "", "a()": "", "a(b,)": "", "a(b))": "", "a b": "", "(a)": "", "a(b)c": "", "a(b(c))": "", "a\x00": "", "a(\xff)": "",
	} {
		l, err := ParseLiteral(text)
		if (err == nil) != (want != "") || err == nil && l.String() != want {
			t.Errorf("%q: %v, %v", text, l, err)
		}
		var e *LiteralError
		if err != nil && !errors.As(err, &e) {
			t.Error(err)
		}
	}
}

func FuzzParseLiteral(f *testing.F) {
	for _, s := range []string{"hand-empty", "not on(red mug, table)", "a(b,c,)", "not\tx"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, err := ParseLiteral(s)
		if err != nil {
			return
		}
		again, err := ParseLiteral(l.String())
		if err != nil || !again.Equal(l) || again.String() != l.String() {
			t.Fatalf("%q → %v → %v, %v", s, l, again, err)
		}
	})
}
