package page

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"image"
	"image/jpeg"
	"io"
	"math"
	"strings"
	"testing"
)

func TestPlot(t *testing.T) {
	p := Plot{
		Title: `<a> & "b"`, X: Axis{Name: "x", To: 10}, Y: Axis{From: 0.5, To: 1},
		Series: []Series{
			{Name: "one", Line: true, Dots: true, Points: []Point{{X: 0, Y: 0.5, Text: "<first>"}, {X: 10, Y: 1, Low: 0.9, High: 2}}},
			{Quiet: true}, {Line: true, Points: []Point{{X: math.NaN(), Y: 0.7}, {X: 5, Y: -3}}},
		},
	}
	got, err := p.svg()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`aria-label="&lt;a&gt; &amp; &#34;b&#34;"`, "<title>&lt;first&gt;</title>",
		`points="50.0,210.0 348.0,10.0 "`,                               // corner to corner
		`<line class="bar" x1="348.0" x2="348.0" y1="50.0" y2="10.0"/>`, // its upper end is kept inside
		`<g class="s0">`, `<g class="quiet">`, `<g class="s1">`, ">0.6</text>",
		"199.0,210.0 ", // -3 is kept inside
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
}

// A plot with pictures stands for itself: each picture in the order of its value, as large as fits, with the colour of its series.
func TestWriteSVG(t *testing.T) {
	wide, tall := image.NewGray(image.Rect(0, 0, 40, 10)), image.NewGray(image.Rect(0, 0, 10, 40))
	p := Plot{
		Title: "<a>", X: Axis{Name: "frame", To: 10}, Y: Axis{To: 1},
		Series: []Series{
			{Line: true, Points: []Point{{X: 0, Y: 0}, {X: 10, Y: 1, Picture: tall, Caption: "<10>"}}},
			{Dots: true, Below: true, Points: []Point{{X: 5, Y: 1, Label: "<turn>", Picture: wide, Caption: "5"}}},
		},
	}
	var b strings.Builder
	if err := p.WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	got := b.String()
	dec := xml.NewDecoder(strings.NewReader(got))
	dec.Strict = true
	for {
		if _, err := dec.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{
		"&lt;a&gt;</text>", "&lt;turn&gt;</text>", "&lt;10&gt;</text>", "prefers-color-scheme: dark",
		`viewBox="0 0 720 410"`,                    // 226 above the pictures, 110 of the tall one, 40 below, 34 of the title
		`points="379.0,210 214.5,226"/>`,           // from the middle of the axis to the first half's middle
		`points="708.0,210 543.5,226"/>`,           // from its end to that of the second
		`height="80.2" href="data:image/jpeg`,      // a quarter of the slot's width less the gap
		`width="27.5" height="110.0" href="data:i`, // no higher than pictures are
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	first, second := strings.Index(got, `<g class="s1"><polyline class="lead"`), strings.Index(got, `<g class="s0"><polyline class="lead"`)
	if first < 0 || second < first {
		t.Errorf("pictures at %d and %d", first, second)
	}
	if strings.Contains(got, "var(") {
		t.Error("a variable that few viewers of pictures know")
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		a    Axis
		want string
	}{
		{Axis{To: 1}, "0 0.25 0.5 0.75 1"},
		{Axis{From: 0.5, To: 1}, "0.5 0.6 0.7 0.8 0.9 1"},
		{Axis{From: 0.25, To: 1}, "0.25 0.5 0.75 1"},
		{Axis{Ticks: []Tick{{3, "three"}}}, "three"},
	} {
		var got []string
		for _, tick := range c.a.ticks() {
			got = append(got, tick.Label)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%+v: %q", c.a, got)
		}
	}
	if at := (Axis{From: 1, To: 1}).place(1, 10, 20); at != 15 {
		t.Errorf("an axis without length puts everything at its middle, not at %v", at)
	}
}

func TestPicture(t *testing.T) {
	for _, c := range []struct{ w, h, wantW, wantH int }{{400, 200, 200, 100}, {100, 50, 100, 50}, {4000, 1, 200, 1}} {
		text, err := uri(image.NewGray(image.Rect(-5, -5, c.w-5, c.h-5)))
		if err != nil {
			t.Fatal(err)
		}
		data, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(text, "data:image/jpeg;base64,"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := jpeg.DecodeConfig(bytes.NewReader(data))
		if err != nil || got.Width != c.wantW || got.Height != c.wantH {
			t.Errorf("%dx%d became %dx%d, %v", c.w, c.h, got.Width, got.Height, err)
		}
	}
}

func TestWrite(t *testing.T) {
	p := Page{Title: "<T>", Sections: []Section{{
		Title:  "S",
		Tables: []Table{{Columns: []string{"", "c"}, Rows: [][]string{{"r", "<x>"}}}},
		Pairs:  []Pair{{Img: [2]image.Image{image.NewGray(image.Rect(0, 0, 8, 8)), nil}, Captions: [2]string{"one", "two"}}},
	}}}
	var b strings.Builder
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<title>&lt;T&gt;</title>", `<th scope="row">r</th><td>&lt;x&gt;</td>`, `class="closer">one`, "(no picture) two"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in %s", want, b.String())
		}
	}
}
