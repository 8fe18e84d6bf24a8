package dataset

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// bareTree has an episode without cameras and one with two.
func bareTree() fstest.MapFS {
	fsys := fstest.MapFS{}
	for _, name := range []string{
		"kitchen/7/Pick the cup./2.jpg", "kitchen/7/Pick the cup./10.png", "kitchen/7/Pick the cup./00009.JPG",
		"kitchen/7/Place the cup./11.jpg", "kitchen/7/Place the cup./12.jpg",
		"kitchen/8/head/Pick the cup./0.jpg", "kitchen/8/head/Pick the cup./1.jpg",
		"kitchen/8/wrist/Pick the cup./0.jpg", "kitchen/8/wrist/Pick the cup./1.jpg",
	} {
		fsys["clips/"+name] = &fstest.MapFile{Data: []byte("image")}
	}
	return fsys
}

// preparedTree has an episode with its own file.
func preparedTree(t testing.TB) fstest.MapFS {
	t.Helper()
	fsys := fstest.MapFS{}
	for _, name := range []string{"Open./0.jpg", "Open./1.jpg", "Shut./2.jpg", "Shut./3.jpg"} {
		fsys["clips/office/1/"+name] = &fstest.MapFile{Data: []byte("image")}
	}
	putJSON(t, fsys, "episodes/office/1.json", prepared())
	return fsys
}

func prepared() Episode {
	return Episode{
		Scene: "office", ID: "1", Task: "Air the drawer",
		Frames:  []string{"clips/office/1/Open./0.jpg", "clips/office/1/Open./1.jpg", "clips/office/1/Shut./2.jpg"},
		Subtask: []int{0, 0, 1}, Plan: []string{"Open.", "Shut."}, Cost: []float64{30, 20, 0},
	}
}

func TestShort(t *testing.T) {
	episodes, err := Short(bareTree())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range episodes {
		if err := e.Validate(); err != nil {
			t.Error(err)
		}
		got = append(got, fmt.Sprint(e.Scene, "/", e.ID, "/", e.Camera, " ", e.Task, e.Plan, e.Numbers, e.Subtask))
	}
	want := []string{
		"kitchen/7/ Pick the cup.[Pick the cup.] [2 9 10] [0 0 0]",
		"kitchen/7/ Place the cup.[Place the cup.] [11 12] [0 0]",
		"kitchen/8/head Pick the cup.[Pick the cup.] [0 1] [0 0]",
		"kitchen/8/wrist Pick the cup.[Pick the cup.] [0 1] [0 0]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if f := episodes[0].Frames; !slices.Equal(f, []string{"clips/kitchen/7/Pick the cup./2.jpg", "clips/kitchen/7/Pick the cup./00009.JPG", "clips/kitchen/7/Pick the cup./10.png"}) {
		t.Error(f)
	}
}

func TestShortPrepared(t *testing.T) {
	episodes, err := Short(preparedTree(t))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Episode{prepared()}, episodes); diff != "" {
		t.Error(diff)
	}
}

// Names may be clocks, in seconds, and frames WebP.
func TestShortClocks(t *testing.T) {
	fsys := fstest.MapFS{}
	for _, name := range []string{"Reach./10.05.webp", "Reach./10.1.webp", "Reach./10.15.webp", "Grasp./9.WEBP", "Grasp./9.9.webp", "Lift./11.webp"} {
		fsys["clips/s/1/"+name] = &fstest.MapFile{}
	}
	episodes, err := Short(fsys)
	if err != nil || len(episodes) != 3 {
		t.Fatal(episodes, err)
	}
	var got []string
	for _, e := range episodes {
		for k, f := range e.Frames {
			got = append(got, fmt.Sprint(e.Numbers[k], " ", strings.TrimPrefix(f, "clips/s/1/")))
		}
	}
	want := []string{"0 Grasp./9.WEBP", "1 Grasp./9.9.webp", "2 Reach./10.05.webp", "3 Reach./10.1.webp", "4 Reach./10.15.webp", "5 Lift./11.webp"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Actions follow each other by their frames, whatever their names are.
func TestShortOrder(t *testing.T) {
	fsys := fstest.MapFS{}
	for k, action := range []string{"Reach.", "Grasp.", "Lift."} {
		for i := range 3 {
			fsys[fmt.Sprintf("clips/s/1/%s/%d.jpg", action, 3*k+i+8)] = &fstest.MapFile{}
		}
	}
	episodes, err := Short(fsys)
	if err != nil || len(episodes) != 3 || episodes[0].Task != "Reach." || episodes[1].Task != "Grasp." || episodes[2].Task != "Lift." {
		t.Errorf("%+v, %v", episodes, err)
	}
}

func TestShortRoots(t *testing.T) {
	fsys := fstest.MapFS{}
	for name, f := range bareTree() {
		fsys["a/"+name] = f
	}
	for name, f := range preparedTree(t) {
		fsys["b/"+name] = f
	}
	episodes, err := Short(fsys, "b", "a")
	if err != nil || len(episodes) != 5 {
		t.Fatalf("%d episodes, %v", len(episodes), err)
	}
	if e := episodes[0]; e.Frames[2] != "b/clips/office/1/Shut./2.jpg" || episodes[4].Frames[0] != "a/clips/kitchen/8/wrist/Pick the cup./0.jpg" {
		t.Errorf("%v, %v", e.Frames, episodes[4].Frames)
	}
}

// What is hidden, empty or no image is no episode and no error.
func TestShortClutter(t *testing.T) {
	for want, fsys := range map[int]fstest.MapFS{4: bareTree(), 1: preparedTree(t)} {
		for _, name := range []string{
			".git/x", "clips/.tmp-3/1/Open./0.jpg", "clips/office/.7/x.jpg", "clips/office/1/.part/0.jpg", "clips/kitchen/7/Pick the cup./.3.jpg",
			"clips/README.md", "clips/kitchen/7/notes.txt", "clips/kitchen/7/Pick the cup./Thumbs.db",
		} {
			fsys[name] = &fstest.MapFile{Data: []byte("x")}
		}
		fsys["clips/kitchen/8/head/Lost its frames."] = &fstest.MapFile{Mode: fs.ModeDir}
		fsys["clips/kitchen/9"] = &fstest.MapFile{Mode: fs.ModeDir}
		if want == 1 {
			for _, name := range []string{"README.md", "office/.1.json", "office/1.txt", "office/old.json/x"} {
				fsys["episodes/"+name] = &fstest.MapFile{Data: []byte("x")}
			}
		}
		if episodes, err := Short(fsys); err != nil || len(episodes) != want {
			t.Errorf("%d episodes, %v", len(episodes), err)
		}
	}
}

func TestShortErrors(t *testing.T) {
	bare, good := bareTree(), preparedTree(t)
	const file = "episodes/office/1.json"
	with := func(name string) fstest.MapFS { return change(bare, name, "x") }
	edit := func(edit func(*Episode)) fstest.MapFS {
		e := prepared()
		edit(&e)
		data, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		return change(good, file, string(data))
	}
	for what, c := range map[string]struct {
		fsys fstest.MapFS
		file string
		say  string
	}{
		"no clips":         {fstest.MapFS{"x": {}}, "clips", "not exist"},
		"nothing in clips": {fstest.MapFS{"clips/README.md": {}}, "clips", "no action with a frame"},
		"empty actions":    {fstest.MapFS{"clips/s/1/Pick.": {Mode: fs.ModeDir}}, "clips", "no action with a frame"},
		"nothing at all":   {fstest.MapFS{"clips/x.txt": {}, "episodes/x.txt": {}}, "clips", "no action with a frame"},
		"other images":     {change(bare, "clips/kitchen/7/Wave./1.bmp", "x"), "clips/kitchen/7/Wave./1.bmp", "is no frame"},
		"twice, clock":     {change(with("clips/kitchen/7/Wave./1.50.jpg"), "clips/kitchen/7/Wave./1.5.jpg", "x"), "clips/kitchen/7/Wave./1.50.jpg", "is frame 1.5, as 1.5.jpg"},
		"overlap, clocks":  {change(with("clips/kitchen/7/Wave./9.5.jpg"), "clips/kitchen/7/Wave./9.7.jpg", "x"), "clips/kitchen/7/Wave.", "begins with frame 9.5"},
		"not a number":     {with("clips/kitchen/7/Pick the cup./cup.jpg"), "clips/kitchen/7/Pick the cup./cup.jpg", "not a frame number"},
		"negative":         {with("clips/kitchen/7/Pick the cup./-1.jpg"), "clips/kitchen/7/Pick the cup./-1.jpg", "not a frame number"},
		"huge number":      {with("clips/kitchen/7/Pick the cup./9999999999.jpg"), "clips/kitchen/7/Pick the cup./9999999999.jpg", "not a frame number"},
		"twice, type":      {with("clips/kitchen/7/Place the cup./12.png"), "clips/kitchen/7/Place the cup./12.png", "is frame 12, as 12.jpg"},
		"twice, zeros":     {with("clips/kitchen/7/Place the cup./012.jpg"), "clips/kitchen/7/Place the cup./12.jpg", "is frame 12, as 012.jpg"},
		"twice, actions":   {with("clips/kitchen/7/Place the cup./2.jpg"), "clips/kitchen/7/Place the cup.", `begins with frame 2, but "Pick the cup." goes on to 10`},
		"overlap":          {with("clips/kitchen/7/Place the cup./10.jpg"), "clips/kitchen/7/Place the cup.", "begins with frame 10"},
		"merged attempts":  {with("clips/kitchen/7/Pick the cup./20.jpg"), "clips/kitchen/7/Place the cup.", "goes on to 20"},
		"overlap, camera":  {with("clips/kitchen/8/head/Place the cup./1.jpg"), "clips/kitchen/8/head/Place the cup.", "begins with frame 1"},
		"not grouped":      {with("clips/kitchen/7/0.jpg"), "clips/kitchen/7/0.jpg", "no action's folder"},
		"image at the top": {with("clips/0.jpg"), "clips/0.jpg", "no action's folder"},
		"folder in action": {with("clips/kitchen/7/Pick the cup./more/0.jpg"), "clips/kitchen/7/Pick the cup./more", "among images"},
		"too deep":         {with("clips/kitchen/8/head/left/Place./0.jpg"), "clips/kitchen/8/head/left", "holds folders"},
		"camera beside":    {with("clips/kitchen/8/Place./5.jpg"), "clips/kitchen/8", "side by side"},

		"not JSON":      {change(good, file, "{"), file, "unexpected end"},
		"null cost":     {change(good, file, strings.Replace(string(good[file].Data), "[30,20,0]", "[30,20,null]", 1)), file, "cost is null"},
		"no subtasks":   {edit(func(e *Episode) { e.Subtask = nil }), file, "0 subtasks"},
		"another scene": {edit(func(e *Episode) { e.Scene = "kitchen" }), file, "holds kitchen/1.json"},
		"another ID":    {edit(func(e *Episode) { e.ID = "2" }), file, "holds office/2.json"},
		"has a camera":  {edit(func(e *Episode) { e.Camera = "head" }), file, "holds office/1.head.json"},
		"escapes":       {edit(func(e *Episode) { e.Frames[0] = "../0.jpg" }), file, "no path within"},
		"absolute":      {edit(func(e *Episode) { e.Frames[0] = "/etc/0.jpg" }), file, "no path within"},
		"interrupted":   {change(good, "clips/office/2/Open./0.jpg", "x"), "clips/office/2", "did not end"},
		"no episode":    {change(change(good, file, ""), "episodes/README.md", "x"), "clips/office/1", "did not end"},
		"frame missing": {edit(func(e *Episode) { e.Frames[2] = "clips/office/1/Shut./5.jpg" }), "clips/office/1/Shut./5.jpg", "not exist"},
		"frame folder":  {edit(func(e *Episode) { e.Frames[2] = "clips/office/1/Shut." }), "clips/office/1/Shut.", "not exist"},
		"clip missing":  {edit(func(e *Episode) { e.Frames[2] = "clips/office/1/Wave./5.jpg" }), "clips/office/1/Wave./5.jpg", "not exist"},
	} {
		episodes, err := Short(c.fsys)
		var fe *FileError
		if !errors.As(err, &fe) || fe.Path != c.file || !strings.Contains(err.Error(), c.say) || episodes != nil {
			t.Errorf("%s: %v; want %q about %s", what, err, c.say, c.file)
		}
	}
}

func FuzzPreparedEpisode(f *testing.F) {
	good := preparedTree(f)
	f.Add(good["episodes/office/1.json"].Data)
	f.Add([]byte(`{"scene":"office","episode":"1","frames":["clips/office/1/Open./0.jpg"],"subtask":[-1],"cost":[1e999]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		episodes, err := Short(change(good, "episodes/office/1.json", string(data)))
		if err != nil {
			if fe := (*FileError)(nil); !errors.As(err, &fe) {
				t.Error(err)
			}
			return
		}
		for k := range episodes {
			if err := episodes[k].Validate(); err != nil {
				t.Error(err)
			}
		}
		ValidationPairs(good, episodes, ValidationOptions{})
	})
}
