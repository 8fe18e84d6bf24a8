package dataset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// written is what a Writer makes of the samples.
func written(t testing.TB, format Format, samples ...Sample) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter(&b, format)
	for _, s := range samples {
		if err := w.Write(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// opened is a corpus over one file in memory.
func opened(t testing.TB, name string, text []byte) *Corpus {
	t.Helper()
	c, err := Open(fstest.MapFS{name: {Data: text}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// parsed reads all samples of a file without an index, the text cut into pieces.
func parsed(text []byte, kind kind, pieceLen int) (samples []Sample, err error) {
	parts, err := cutUp(text, kind, pieceLen)
	if err != nil {
		return nil, err
	}
	var columns []string
	for i, p := range parts {
		var s Sample
		switch {
		case kind != csvKind:
			s, err = decodeSample(p)
		case i == 0:
			columns, err = csvHeader(p, ',')
		default:
			s, err = decodeRecord(columns, p, ',')
		}
		if err != nil {
			return nil, err
		}
		if kind != csvKind || i > 0 {
			samples = append(samples, s)
		}
	}
	return samples, nil
}

// cutUp cuts a text into its samples, as Corpus does with an index.
func cutUp(text []byte, kind kind, pieceLen int) (parts [][]byte, err error) {
	s := newScanner(kind)
	var starts []int
	for at := 0; at < len(text); at += pieceLen {
		if err := s.scan(text[at:min(len(text), at+pieceLen)], func(k int) { starts = append(starts, at+k) }); err != nil {
			return nil, err
		}
	}
	tail, err := s.end()
	if err != nil {
		return nil, err
	}
	starts = append(starts, len(text)-int(tail))
	for i, start := range starts[:len(starts)-1] {
		p := bytes.TrimRight(text[start:starts[i+1]], "\r\n")
		if kind != csvKind {
			p = bytes.TrimRight(p, " \t\r\n")
		}
		if kind == arrayKind {
			p = bytes.TrimRight(bytes.TrimSuffix(p, []byte(",")), " \t\r\n")
		}
		parts = append(parts, p)
	}
	return parts, nil
}

var kinds = map[Format]kind{JSON: arrayKind, JSONL: lineKind, CSV: csvKind}

// full has every field set.
func full() Sample {
	return Sample{
		Task: "Open the \"drawer\",\nthen 关上", Img1: "a/0001.jpg", Img2: "_/b c.png", Closer: Img2,
		Detail: [2]string{"shut; img2: no", "open"}, Prompt: CoT, Scene: "327", Episode: "648642", Camera: "head",
		Frame1: 3, Frame2: 90, Window: 87, Level: LevelLong, Kind: KindForward, Plan: []string{"Pull.", "Push."}, Done: [2]int{0, 1},
		Extra: map[string]json.RawMessage{"rater": json.RawMessage(`"Ada"`), "score": json.RawMessage(`0.10`), "tags": json.RawMessage(`["a",{"b":1e400}]`), "n": json.RawMessage(`"12"`)},
	}
}

func TestRoundTrip(t *testing.T) {
	plain := Sample{Task: "Open a drawer", Img1: "1.jpg", Img2: "2.jpg", Closer: Img1, Prompt: Tag}
	open := Sample{Task: "x", Img1: "1.jpg", Img2: "2.jpg", Prompt: "Which frame of {task_name} is later?", Kind: KindNoChange}
	mixed := Sample{Img1: "1.jpg", Img2: "2.jpg", Prompt: Long, Extra: map[string]json.RawMessage{
		"later": json.RawMessage(`true`), "target": json.RawMessage(`{"analysis":"…","spatial details":"free text"}`), " odd ": json.RawMessage(`null`)}}
	samples := []Sample{full(), plain, open, mixed, full().Swap()}
	for format, kind := range kinds {
		text := written(t, format, samples...)
		if !bytes.Equal(text, written(t, format, samples...)) {
			t.Errorf("%s: written twice, bytes differ", format)
		}
		if diff := cmp.Diff(samples, samplesOf(t, opened(t, "x"+string(format), text))); diff != "" {
			t.Errorf("%s: read back %s from\n%s", format, diff, text)
		}
		variants := [][]byte{append(bytes.Clone(bom), text...)}
		if format != CSV { // in whose texts a line end is one
			variants = append(variants, bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")))
		}
		for _, variant := range variants {
			if diff := cmp.Diff(samples, samplesOf(t, opened(t, "x"+string(format), variant))); diff != "" {
				t.Errorf("%s: with a BOM, or CRLF, read back %s", format, diff)
			}
		}
		if got := samplesOf(t, opened(t, "x"+string(format), written(t, format))); len(got) != 0 {
			t.Errorf("%s: nothing written, %v read", format, got)
		}
		for piece := range 40 {
			got, err := parsed(text, kind, piece+1)
			if diff := cmp.Diff(samples, got); err != nil || diff != "" {
				t.Fatalf("%s in pieces of %d: %v, %s", format, piece+1, err, diff)
			}
		}
	}
	// The zero prompt has to become a text in JSON; a table leaves it out.
	plain.Prompt = ""
	if got, err := parsed(written(t, CSV, plain), csvKind, 100); err != nil || got[0].Prompt != "" {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := parsed(written(t, JSONL, plain), lineKind, 100); err != nil || got[0].Prompt != Long {
		t.Errorf("%v, %v", got, err)
	}
}

// TestReference: files as the reference's tools write them, read by the rules of its description.
func TestReference(t *testing.T) {
	message := func(text string) string {
		quoted, _ := json.Marshal(text)
		return `{"messages": [{"role": "user", "content": [{"type": "image", "image": "_/clips/1/00000.jpg", "image_id": "img1"},
  {"type": "image", "image": "./clips//2/../2/00001.jpg", "image_id": "img2"}, {"type": "text", "text": ` + string(quoted) + `}]}]`
	}
	want := Sample{Task: "Pick", Img1: "clips/1/00000.jpg", Img2: "clips/2/00001.jpg", Closer: Img1, Prompt: CoT}
	described := want
	described.Detail = [2]string{"away", "near"}
	foreign := want
	foreign.Prompt, foreign.Task, foreign.Closer = "Which?", "Pick", ""
	foreign.Extra = map[string]json.RawMessage{"id": json.RawMessage(`[7]`), "frames": json.RawMessage(`"many"`), "scene": json.RawMessage(`12`)}
	other := want
	other.Extra = map[string]json.RawMessage{"task": json.RawMessage(`"ranking"`)}
	for name, c := range map[string]struct {
		text string
		want Sample
	}{
		"object":    {message(CoT.Text("Pick")) + `, "target": {"closer to completion": "img1", "spatial details": {"img1": "away", "img2": "near"}}}`, described},
		"text":      {message(CoT.Text("Pick")) + `, "target": {"closer to completion": "img1", "spatial details": "img1: away; img2: near"}}`, described},
		"cot maker": {message(CoT.Text("Pick")) + `, "target": {"closer_to_completion": "img1", "state_difference": {"img1": "away", "img2": "near"}}}`, described},
		"foreign":   {message("Which?") + `, "task": "Pick", "id": [ 7 ], "frames": "many", "scene": 12}`, foreign},
		"other":     {message(CoT.Text("Pick")) + `, "target": {"closer to completion": "img1"}, "task": "ranking"}`, other},
	} {
		got := samplesOf(t, opened(t, "x.json", []byte("[\n  "+c.text+"\n]")))
		if diff := cmp.Diff([]Sample{c.want}, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	table := "\xef\xbb\xbftask_name , extra1,video_path2,video_path1,target\r\n\"Pick\nit, \"\"now\"\"\",007,_/b.jpg,a 5\"x.jpg,img2\r\n\r\nPlace,,b.jpg,a.jpg,"
	got := samplesOf(t, opened(t, "x.csv", []byte(table)))
	wantTable := []Sample{
		{Task: "Pick\nit, \"now\"", Img1: `a 5"x.jpg`, Img2: "b.jpg", Closer: Img2, Extra: map[string]json.RawMessage{"extra1": json.RawMessage(`"007"`)}},
		{Task: "Place", Img1: "a.jpg", Img2: "b.jpg"},
	}
	if diff := cmp.Diff(wantTable, got); diff != "" {
		t.Error(diff)
	}
}

// TestUnknownFields: what a file holds beside the reference's fields, at any depth, is there after reading and writing.
func TestUnknownFields(t *testing.T) {
	const line = `{"id":12345678901234567890,"messages":[{"role":"system","content":"Be brief."},{"role":"user","name":"lab","content":[` +
		`{"type":"image","image":"2.jpg","image_id":"img2","max_pixels":50176},{"type":"image","image":"1.jpg","image_id":"img1"},` +
		`{"type":"text","text":"Which?"},{"type":"text","text":"Say."}]},{"role":"assistant","content":"img1"}],` +
		`"target":{"closer to completion":"img1","analysis":"<b>","spatial details":{"img1":"a","img2":"b","both":[1,2]}},"meta":{"z":1,"a":[null]}}`
	got := samplesOf(t, opened(t, "x.jsonl", []byte(line)))[0]
	if got.Img1 != "1.jpg" || got.Img2 != "2.jpg" || got.Detail != [2]string{"a", "b"} || got.Prompt != "Which?" {
		t.Errorf("%+v", got)
	}
	equal := func(format Format, text []byte) {
		t.Helper()
		var a, b any
		err := errors.Join(json.Unmarshal([]byte(line), &a), json.Unmarshal(text, &b))
		if diff := cmp.Diff(a, b); err != nil || diff != "" {
			t.Errorf("%s: %v, %s", format, err, diff)
		}
	}
	for format := range kinds {
		back := samplesOf(t, opened(t, "x"+string(format), written(t, format, got)))
		equal(format, written(t, JSONL, back...))
	}
	const table = "rater,video_path1,n,task_name,video_path2,s,spatial_details,t,scene\nAda,1.jpg,5,x,2.jpg,\"{\"\"a\"\": 1}\", free ,\"\"\"q\"\"\",12\n"
	row := samplesOf(t, opened(t, "x.csv", []byte(table)))
	again := samplesOf(t, opened(t, "x.csv", written(t, CSV, row...)))
	cells, err := encodeRecord([]string{"rater", colImg1, "n", colTask, colImg2, "s", colDetails, "t", "scene"}, &again[0])
	if diff := cmp.Diff([]string{"Ada", "1.jpg", "5", "x", "2.jpg", `{"a": 1}`, " free ", `"q"`, "12"}, cells); err != nil || diff != "" {
		t.Errorf("cells: %v, %s", err, diff)
	}
}

func TestMalformed(t *testing.T) {
	content := func(parts string) string { return `{"messages":[{"role":"user","content":[` + parts + `]}]}` }
	const one, two, ask = `{"type":"image","image":"1.jpg","image_id":"img1"}`, `{"type":"image","image":"2.jpg","image_id":"img2"}`, `{"type":"text","text":"?"}`
	sound := content(one + "," + two + "," + ask)
	for text, want := range map[string]string{
		`{"messages":`: "byte 12", `[]`: "array", `null`: "no list of messages", `{}`: "no list of messages", "\"\xff\"": "UTF-8",
		content(one + "," + ask): "1 images", content(one + "," + two): "no prompt", content(one + "," + one + "," + ask): "two images img1",
		content(strings.Repeat(`{"type":"image","image":"1.jpg"},`, 3) + ask):            "more than two",
		content(one + `,{"type":"image","image":"x","image_id":"img3"},` + ask):          "image_id",
		content(one + `,{"type":"image","image":7,"image_id":"img2"},` + ask):            "no path",
		content(one + `,{"type":"image","image":"../2.jpg","image_id":"img2"},` + ask):   "not inside",
		content(one + `,{"type":"image","image":"/etc/2.jpg","image_id":"img2"},` + ask): "not inside",
		content(one + `,{"type":"image","image":"","image_id":"img2"},` + ask):           "not inside",
		content(one + `,{"type":"image","image":"_/../2.jpg","image_id":"img2"},` + ask): "not inside",
		content(one + "," + two + `,{"type":"text"}`):                                    "not a text",
		`{"messages":[{"role":"user","content":"img1?"}]}`:                               "0 images",
		sound[:len(sound)-1] + `,"target":"img1"}`:                                       "not an object",
		sound[:len(sound)-1] + `,"target":{"closer to completion":"img3"}}`:              "img3",
		sound[:len(sound)-1] + `,"target":{"closer to completion":1}}`:                   "closer to completion",
	} {
		_, err := opened(t, "x.jsonl", []byte(sound+"\n"+text+"\n"+sound)).At(1)
		var bad *SampleError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), want) || bad.Index != 1 || bad.Offset != int64(len(sound)+1) || bad.File != "x.jsonl" {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	const header = "video_path1,video_path2,task_name,target\n"
	for text, want := range map[string]string{
		"a,b,c": "3 columns", "a,b,c,img1,x": "5 columns", "../a,b,c,": "not inside", "a,b,c,left": "left", "a,\xff,c,": "UTF-8",
		"a,b,\"c\"d,": "follows the closing quote", "a,_/,c,": "not inside",
	} {
		c := opened(t, "x.csv", []byte(header+text+"\na,b,c,img1\n"))
		_, err := c.At(0)
		if bad := (*SampleError)(nil); !errors.As(err, &bad) || !strings.Contains(err.Error(), want) || bad.Offset != int64(len(header)) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
		if _, err := c.At(1); err != nil || c.Len() != 2 {
			t.Errorf("after %s: %d samples, %v", text, c.Len(), err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"cut.json": `[{"a":1},{"b"`, "quote.json": `[{"a":"x},{"b":1}]`, "more.json": `[{"a":1}} , {"b":1}]`, "two.json": "[] []",
		"quote.csv": "video_path1,video_path2,task_name\na,b,\"c\nd,e,f\n", "columns.csv": "a,b\n1,2\n", "twice.csv": "video_path1,video_path2,task_name,target,target\n",
		"empty.csv": "", "text.txt": "x",
	} {
		c, err := Open(fstest.MapFS{name: {Data: []byte(text)}}, nil, name)
		if bad := (*FileError)(nil); !errors.As(err, &bad) || bad.Path != name || c != nil {
			t.Errorf("%s: %v, want a *FileError", name, err)
		}
	}
	if _, err := Open(fstest.MapFS{"a.txt": {}}, nil); err == nil {
		t.Error("opened nothing")
	}
	if _, err := Open(fstest.MapFS{"a.jsonl/b": {}}, nil, "a.jsonl"); err == nil {
		t.Error("opened a folder")
	}
}

func TestWriterRefuses(t *testing.T) {
	good := Sample{Img1: "1.jpg", Img2: "2.jpg", Prompt: Tag, Closer: Img1}
	for name, change := range map[string]func(*Sample){
		"path":    func(s *Sample) { s.Img1 = "../1.jpg" },
		"no path": func(s *Sample) { s.Img2 = "" },
		"long":    func(s *Sample) { s.Img2 = "a/./b" },
		"answer":  func(s *Sample) { s.Closer = " img1" },
		"UTF-8":   func(s *Sample) { s.Plan = []string{"a\xff"} },
		"extra":   func(s *Sample) { s.Extra = map[string]json.RawMessage{"a": json.RawMessage(`{`)} },
		"target":  func(s *Sample) { s.Extra = map[string]json.RawMessage{"target": json.RawMessage(`1`)} },
	} {
		for format, kind := range kinds {
			bad := good
			change(&bad)
			var b bytes.Buffer
			w := NewWriter(&b, format)
			first, err := w.Write(good), w.Write(bad)
			if e := (*SampleError)(nil); first != nil || !errors.As(err, &e) || e.Index != 1 {
				t.Errorf("%s, %s: %v, %v", name, format, first, err)
			}
			if err := errors.Join(w.Write(good), w.Close()); err != nil {
				t.Error(err)
			}
			got, err := parsed(b.Bytes(), kind, 50)
			if diff := cmp.Diff([]Sample{good, good}, got); err != nil || diff != "" {
				t.Errorf("%s, %s: %v, left %s", name, format, err, diff)
			}
		}
	}
	if w := NewWriter(&bytes.Buffer{}, ".xml"); w.Write(good) == nil || w.Close() == nil {
		t.Error("wrote XML")
	}
}

func FuzzSampleRoundTrip(f *testing.F) {
	s := full()
	f.Add(s.Task, string(s.Prompt), s.Img1, s.Img2, s.Detail[0], s.Detail[1], s.Scene, s.Plan[0], "rater", `{"a": 1}`, 3, -5)
	f.Add("x", Long.Text("x"), "_/_/a", "b/_", "", "", " ", "", " k ", `"5"`, 0, 0)
	f.Add("{task_name}", "{task_name} {task_name}", "a", "b", "", "x", "\r\n", ",", "", `"\u0041"`, 1<<40, 7)
	f.Add("t", Tag.Text("y"), "a", "b", "\x00\u2028", "<&>", "12", "null", "k", `[1, 2]`, 0, 1)
	f.Fuzz(func(t *testing.T, task, prompt, img1, img2, d1, d2, scene, plan, key, extra string, a, b int) {
		s := Sample{Task: task, Prompt: Prompt(prompt), Img1: img1, Img2: img2, Detail: [2]string{d1, d2}, Scene: scene, Frame1: a, Frame2: b, Window: a, Done: [2]int{b, a}}
		s.Closer = []string{"", Img1, Img2}[uint(a)%3]
		if plan != "" {
			s.Plan = []string{plan, d1}
		}
		own := key == keyMessages || key == keyTarget || key == "task" || key == "prompt"
		for _, o := range ours(&s) {
			own = own || o.name == key
		}
		if json.Valid([]byte(extra)) && !own {
			s.Extra = map[string]json.RawMessage{key: compacted(json.RawMessage(extra))}
		}
		if s.writable() != nil {
			return
		}
		for format, kind := range kinds {
			text := written(t, format, s, s)
			want := s
			if want.Prompt == "" && format != CSV {
				want.Prompt = Long
			}
			got, err := parsed(text, kind, 64)
			if err != nil || len(got) != 2 || !sameSample(got[0], want) || !sameSample(got[1], want) {
				t.Fatalf("%s: %v, %s in\n%s", format, err, cmp.Diff([]Sample{want, want}, got), text)
			}
		}
	})
}

// sameSample compares extra fields by their meaning: a table does not keep how a text was escaped.
func sameSample(a, b Sample) bool {
	x, y := a.Extra, b.Extra
	a.Extra, b.Extra = nil, nil
	if !cmp.Equal(a, b) || len(x) != len(y) {
		return false
	}
	for name := range x {
		var s, t string
		if !bytes.Equal(x[name], y[name]) && (json.Unmarshal(x[name], &s) != nil || json.Unmarshal(y[name], &t) != nil || s != t) {
			return false
		}
	}
	return true
}

// FuzzDecode: no text makes reading panic, and what is read can be written and read again.
func FuzzDecode(f *testing.F) {
	b, _ := appendSample(nil, &Sample{Img1: "1", Img2: "2", Closer: Img1, Detail: [2]string{"a", "b"}, Prompt: Tag, Plan: []string{"p"}, Frame1: 1})
	f.Add(string(b), false)
	s := full()
	b, _ = appendSample(nil, &s)
	f.Add(string(b), false)
	f.Add(`{"messages":[null,{"role":"user","content":[null,{"type":"image","image":"a"},{"type":"image","image":"b"},{"type":"text","text":"c"}]}],"target":{"spatial details":null,"state_difference":5},"plan":[null]}`, false)
	f.Add("video_path1,video_path2,task_name,extra,spatial_details\na,b,c,\"{\"\"target\"\":{\"\"x\"\":1}}\",{}\n", true)
	f.Fuzz(func(t *testing.T, text string, table bool) {
		format, kind := JSONL, lineKind
		if table {
			format, kind = CSV, csvKind
		}
		samples, err := parsed([]byte(text), kind, 1000)
		if err != nil {
			return
		}
		for _, s := range samples {
			var b bytes.Buffer
			w := NewWriter(&b, format)
			if err := w.Write(s); err != nil {
				if s.Extra[keyTarget] == nil { // that field alone can hold what no writer can use
					t.Fatalf("%v: read and not to be written: %+v", err, s)
				}
				continue
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if got, err := parsed(b.Bytes(), kind, 1000); err != nil || len(got) != 1 || !sameSample(got[0], s) {
				t.Fatalf("%v, %s in\n%s", err, cmp.Diff([]Sample{s}, got), b.Bytes())
			}
		}
	})
}

func TestAppendString(t *testing.T) {
	for r := range rune(0x300) {
		s := fmt.Sprintf("a%cb%c", r, r)
		var back string
		if err := json.Unmarshal(appendString(nil, s), &back); err != nil || back != s || !utf8.ValidString(s) {
			t.Errorf("%q became %q, %v", s, back, err)
		}
	}
}
