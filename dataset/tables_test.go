package dataset

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// TestTables: tables as pandas, Excel and people on Windows write them are read as the one they mean.
func TestTables(t *testing.T) {
	want := []Sample{
		{Task: "Pick; place", Img1: "a/0.jpg", Img2: "a/1.jpg", Closer: Img2},
		{Task: "Fold, twice", Img1: "b/0.jpg", Img2: "b/1.jpg", Closer: Img1},
	}
	const plain = "video_path1,video_path2,task_name,target\na/0.jpg,a/1.jpg,Pick; place,img2\nb/0.jpg,b/1.jpg,\"Fold, twice\",img1\n"
	semicolons := "video_path1;video_path2;task_name;target\na/0.jpg;a/1.jpg;\"Pick; place\";img2\nb/0.jpg;b/1.jpg;Fold, twice;img1\n"
	for name, text := range map[string]string{
		"plain":               plain,
		"capitals":            plain, // opened as .CSV
		"pandas index":        "" + ",video_path1,video_path2,task_name,target\n0,a/0.jpg,a/1.jpg,Pick; place,img2\n1,b/0.jpg,b/1.jpg,\"Fold, twice\",img1\n",
		"pandas twice":        ",,video_path1,video_path2,task_name,target\n0,0,a/0.jpg,a/1.jpg,Pick; place,img2\n1,1,b/0.jpg,b/1.jpg,\"Fold, twice\",img1\n",
		"empty columns":       "video_path1,video_path2,task_name,target,,\na/0.jpg,a/1.jpg,Pick; place,img2,,\nb/0.jpg,b/1.jpg,\"Fold, twice\",img1,,\n",
		"empty cells":         strings.ReplaceAll(plain, "img2\n", "img2,,\n"),
		"semicolons":          semicolons,
		"semicolons, BOM":     "\xef\xbb\xbf" + strings.ReplaceAll(semicolons, "\n", "\r\n"),
		"tabs":                strings.ReplaceAll(strings.ReplaceAll(semicolons, "Pick; place", "Pick$ place"), ";", "\t"),
		"blank rows":          plain + ",,,\n , ,\n\n  \n,,,",
		"blank rows at first": ",,,\n\n" + plain,
		"blank rows between":  strings.ReplaceAll(plain, "\n", "\n,,,\r\n \t ,\n"),
		"backslashes":         strings.ReplaceAll(plain, "/", `\`),
	} {
		ext := ".csv"
		if name == "capitals" {
			ext = ".CSV"
		}
		got := samplesOf(t, opened(t, "x"+ext, []byte(strings.ReplaceAll(text, "Pick$", "Pick;"))))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		// The same however the text is cut into blocks.
		kind := tableKind([]byte(strings.TrimPrefix(text, "\xef\xbb\xbf")))
		for n := range 30 {
			parts, err := cutUp([]byte(strings.TrimPrefix(text, "\xef\xbb\xbf")), kind, n+1)
			if err != nil || len(parts) != 3 {
				t.Errorf("%s in pieces of %d: %q, %v", name, n+1, parts, err)
			}
		}
	}
	named := samplesOf(t, opened(t, "x.csv", []byte(",Unnamed: 0,video_path1,video_path2,task_name\n0,7,a,b,c\n")))
	if diff := cmp.Diff("7", string(named[0].Extra["Unnamed: 0"])); diff != "" {
		t.Error(diff)
	}
}

// TestWrongAsAWhole: what is wrong with every sample is one error, which names what it is.
func TestWrongAsAWhole(t *testing.T) {
	words := utf16.Encode([]rune("\ufeffvideo_path1\tvideo_path2\ttask_name\na\tb\tc\n"))
	little, big := []byte{}, []byte{}
	for _, w := range words {
		little, big = append(little, byte(w), byte(w>>8)), append(big, byte(w>>8), byte(w))
	}
	const object = "{\n  \"messages\": [\n    {\n      \"role\": \"user\"\n    }\n  ]\n}\n"
	for name, c := range map[string]struct{ text, say string }{
		"little.csv":     {string(little), "UTF-16"},
		"big.csv":        {string(big), "UTF-16"},
		"bare.csv":       {string(little[2:]), "UTF-16"},
		"bare.jsonl":     {string(big[2:]), "UTF-16"},
		"bars.csv":       {"video_path1|video_path2|task_name\na|b|c\n", "commas, semicolons or tabs"},
		"pretty.jsonl":   {object, "spread over several lines"},
		"array.jsonl":    {"\xef\xbb\xbf[\n  {\n    \"a\": 1\n  }\n]\n", "spread over several lines"},
		"many.JSONL":     {strings.Repeat(object, 300), "spread over several lines"},
		"pretty.json":    {object, "spread over several lines"},
		"long-line.json": {"{\n  \"messages\": [\n    \"" + strings.Repeat("x", 9000) + "\"\n  ]\n}\n", "spread over several lines"},
	} {
		_, err := Open(fstest.MapFS{name: {Data: []byte(c.text)}}, nil, name)
		var bad *FileError
		if !errors.As(err, &bad) || bad.Path != name || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s: %v, want %q", name, err, c.say)
		}
	}
	for name, text := range map[string]string{
		"torn.jsonl":  "{\"messages\":[\n" + fmt.Sprintf("%s\n", `{"a": 1}`),
		"array.json":  "[\n  {\n    \"a\": 1\n  }\n]\n",
		"commas.json": "{\"a\": 1},\n{\"a\": 2},\n",
		"nul.csv":     "video_path1,video_path2,task_name\na,b,\x00\n",
	} {
		if c, err := Open(fstest.MapFS{name: {Data: []byte(text)}}, nil, name); err != nil {
			t.Errorf("%s: %v", name, err)
		} else {
			c.Close()
		}
	}
	_, err := opened(t, "x.csv", []byte("video_path1,video_path2,task_name\nC:\\a\\0.jpg,b,c\n")).At(0)
	if err == nil || !strings.Contains(err.Error(), "drive") {
		t.Errorf("a drive: %v", err)
	}
}

// TestPandas: the same table as pandas writes it; testdata/tables.py made the files.
func TestPandas(t *testing.T) {
	data, err := os.ReadFile("testdata/tables.json")
	if err != nil {
		t.Fatal(err)
	}
	var files map[string][]byte
	if err := json.Unmarshal(data, &files); err != nil || len(files) != 16 {
		t.Fatal(len(files), err)
	}
	want := []Sample{
		{Task: "Pick; place\tit", Img1: "a/0.jpg", Img2: "a/1.jpg", Closer: Img2},
		{Task: "Fold, \"twice\"\nand öffne", Img1: "b/0.jpg", Img2: "b/1.jpg", Closer: Img1},
	}
	for name, text := range files {
		if strings.HasPrefix(name, "utf-16") {
			if _, err := Open(fstest.MapFS{"x.csv": {Data: text}}, nil); err == nil || !strings.Contains(err.Error(), "UTF-16") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		c := opened(t, "x.csv", text)
		for i, w := range want {
			got, err := c.At(i)
			got.Extra = nil // pandas' second index has a name
			if diff := cmp.Diff(w, got); err != nil || diff != "" {
				t.Errorf("%s: %v, %s", name, err, diff)
			}
		}
		more := 0
		if name == "rows of an index" { // and of nothing else, which are samples that lack everything
			more = 2
		}
		if c.Len() != 2+more {
			t.Errorf("%s: %d samples", name, c.Len())
		}
	}
}
