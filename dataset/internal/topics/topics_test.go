package topics

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/dataset/clips"
)

// TestActions: a text holds until another comes, however often it is said; an empty one ends it.
func TestActions(t *testing.T) {
	frames := []entry{{time: 10}, {time: 20}, {time: 30}, {time: 40}, {time: 50}}
	for what, c := range map[string]struct {
		texts []text
		want  []clips.Action
	}{
		"one":           {[]text{{0, "a"}}, []clips.Action{{End: 5, Text: "a"}}},
		"late":          {[]text{{11, "a"}}, []clips.Action{{Start: 1, End: 5, Text: "a"}}},
		"on a frame":    {[]text{{0, "a"}, {30, "b"}}, []clips.Action{{End: 2, Text: "a"}, {Start: 2, End: 5, Text: "b", PlanIndex: 1}}},
		"said again":    {[]text{{0, "a"}, {15, "a"}, {25, "a"}, {45, "b"}}, []clips.Action{{End: 4, Text: "a"}, {Start: 4, End: 5, Text: "b", PlanIndex: 1}}},
		"ended":         {[]text{{0, "a"}, {25, ""}, {35, "a"}}, []clips.Action{{End: 2, Text: "a"}, {Start: 3, End: 5, Text: "a", PlanIndex: 1}}},
		"no frame":      {[]text{{0, "a"}, {21, "b"}, {22, "c"}}, []clips.Action{{End: 2, Text: "a"}, {Start: 2, End: 5, Text: "c", PlanIndex: 1}}},
		"after the end": {[]text{{0, "a"}, {51, "b"}}, []clips.Action{{End: 5, Text: "a"}}},
		"never":         {[]text{{0, ""}}, nil},
	} {
		if d := cmp.Diff(c.want, actions(c.texts, frames)); d != "" {
			t.Errorf("%s: %s", what, d)
		}
	}
}

func TestText(t *testing.T) {
	for what, c := range map[string]struct {
		encoding, schema, data, want string
		bad                          bool
	}{
		"cdr":             {"cdr", "std_msgs/msg/String", "\x00\x01\x00\x00\x03\x00\x00\x00hi\x00", "hi", false},
		"big-endian":      {"cdr", "std_msgs/String", "\x00\x00\x00\x00\x00\x00\x00\x03hi\x00", "hi", false},
		"too long":        {"cdr", "std_msgs/msg/String", "\x00\x01\x00\x00\xff\xff\xff\xffhi\x00", "", true},
		"another":         {"cdr", "std_msgs/msg/Int32", "\x00\x01\x00\x00\x03\x00\x00\x00", "", true},
		"JSON":            {"json", "", `"hi"`, "hi", false},
		"JSON's object":   {"json", "x", `{"data":"hi"}`, "hi", false},
		"JSON without":    {"json", "x", `{"text":"hi"}`, "", true},
		"JSON's number":   {"json", "x", `{"data":7}`, "", true},
		"protobuf":        {"protobuf", "google.protobuf.StringValue", "\x0a\x02hi", "hi", false},
		"protobuf, empty": {"protobuf", "google.protobuf.StringValue", "", "", false},
		"protobuf, short": {"protobuf", "google.protobuf.StringValue", "\x0a\x09hi", "", true},
		"protobuf, other": {"protobuf", "foxglove.Log", "\x0a\x02hi", "", true},
		"ros1":            {"ros1", "std_msgs/String", "\x02\x00\x00\x00hi", "", true},
	} {
		got, err := decodeText(c.encoding, c.schema, []byte(c.data))
		if got != c.want || (err != nil) != c.bad {
			t.Errorf("%s: %q, %v", what, got, err)
		}
	}
}

// FuzzDecode: no message panics, and what is decoded lies within it.
func FuzzDecode(f *testing.F) {
	f.Add("\x00\x01\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00a\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x06\x00\x00\x00mono8\x00\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00xy")
	f.Add("\x12\x02xy\x1a\x03png")
	f.Add(`{"encoding":"mono8","width":1,"height":1,"step":1,"data":"eA=="}`)
	f.Fuzz(func(t *testing.T, message string) {
		for _, encoding := range []string{"cdr", "protobuf", "json", ""} {
			for _, k := range []kind{compressed, raw} {
				image, err := decode(k, encoding, []byte(message))
				if err != nil {
					continue
				}
				if len(image.data) > len(message) {
					t.Errorf("%s: %d bytes of %d", encoding, len(image.data), len(message))
				}
				image.depth()
				image.file()
			}
			decodeText(encoding, "std_msgs/String", []byte(message))
			decodeText(encoding, "google.protobuf.StringValue", []byte(message))
		}
	})
}
