package lerobot

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/egotsr/egotsr/dataset/clips"
)

// set is a small dataset that a test can make inconsistent: two episodes of three and two frames at 10 a second.
type set struct {
	info     string
	episodes []metaRow
	rows     []dataRow
	tasks    []taskRow
	subtasks []subtaskRow // no file where nil
}

type metaRow struct {
	Index      int64   `parquet:"episode_index"`
	Length     int64   `parquet:"length"`
	DataChunk  int64   `parquet:"data/chunk_index"`
	DataFile   int64   `parquet:"data/file_index"`
	VideoChunk int64   `parquet:"videos/observation.images.top/chunk_index"`
	VideoFile  float64 `parquet:"videos/observation.images.top/file_index"` // as pandas leaves it after a join
	From       float64 `parquet:"videos/observation.images.top/from_timestamp"`
	To         float64 `parquet:"videos/observation.images.top/to_timestamp"`
}

type dataRow struct {
	Index    int64    `parquet:"index"`
	Episode  int64    `parquet:"episode_index,dict"`
	Frame    int32    `parquet:"frame_index"`
	Time     float32  `parquet:"timestamp"`
	Task     int64    `parquet:"task_index"`
	Subtask  *int64   `parquet:"subtask_index,optional"`
	Language []spoken `parquet:"language_persistent,list"`
}

type spoken struct {
	Role      string   `parquet:"role"`
	Content   *string  `parquet:"content,optional"`
	Style     *string  `parquet:"style,optional,dict"`
	Timestamp *float64 `parquet:"timestamp,optional"`
}

type taskRow struct {
	Index int64  `parquet:"task_index"`
	Text  string `parquet:"__index_level_0__"` // as lerobot 0.4 leaves it
}

type subtaskRow struct {
	Index int64  `parquet:"subtask_index"`
	Text  string `parquet:"subtask"`
}

const goodInfo = `{"codebase_version": "v3.0", "fps": 10, "total_episodes": 2,
	"data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
	"video_path": "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4",
	"features": {"observation.images.top": {"dtype": "video", "info": {"video.fps": 10.0}},
		"observation.images.depth": {"dtype": "video", "info": {"is_depth_map": true}}}}`

func good() set {
	s := set{
		info: goodInfo,
		episodes: []metaRow{
			{Index: 0, Length: 3, From: 0, To: 0.30000000000000004},
			{Index: 1, Length: 2, From: 0.30000000000000004, To: 0.5},
		},
		tasks:    []taskRow{{0, "Open the drawer"}, {1, "Shut the drawer"}},
		subtasks: []subtaskRow{{0, "Reach."}, {1, "Pull."}},
	}
	for _, e := range s.episodes {
		for i := range e.Length {
			s.rows = append(s.rows, dataRow{Index: int64(len(s.rows)), Episode: e.Index, Frame: int32(i), Time: float32(i) / 10})
		}
	}
	return s
}

const (
	top  = "videos/observation.images.top/chunk-000/file-000.mp4"
	meta = "meta/episodes/chunk-000/file-000.parquet"
	data = "data/chunk-000/file-000.parquet"
)

// write puts a dataset into a new folder named "set".
func (s set) write(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "set")
	put(t, dir, infoFile, []byte(s.info))
	put(t, dir, top, []byte("video"))
	putTable(t, dir, meta, s.episodes)
	putTable(t, dir, data, s.rows)
	putTable(t, dir, tasksFile, s.tasks)
	if s.subtasks != nil {
		putTable(t, dir, subtasksFile, s.subtasks)
	}
	return dir
}

func put(t testing.TB, dir, name string, data []byte) {
	t.Helper()
	name = filepath.Join(dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o777), os.WriteFile(name, data, 0o666)); err != nil {
		t.Fatal(err)
	}
}

// putTable writes rows with one compressed row group for every two, so that reading has to go over their bounds.
func putTable[T any](t testing.TB, dir, name string, rows []T) {
	t.Helper()
	put(t, dir, name, nil)
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	w := parquet.NewGenericWriter[T](f, parquet.Compression(&zstd.Codec{}), parquet.MaxRowsPerRowGroup(2))
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

func ptr[T any](v T) *T { return &v }

func TestActions(t *testing.T) {
	say := func(style, content string, time float64) spoken {
		return spoken{Role: "assistant", Content: &content, Style: &style, Timestamp: &time}
	}
	for what, c := range map[string]struct {
		edit func(*set)
		task string
		want []clips.Action // of episode 1, two frames
	}{
		"nothing": {func(s *set) {}, "Open the drawer", []clips.Action{{End: 2, Text: "Open the drawer"}}},
		"another task": {func(s *set) { s.rows[3].Task, s.rows[4].Task = 1, 1 }, "Shut the drawer",
			[]clips.Action{{End: 2, Text: "Shut the drawer"}}},
		"two tasks": {func(s *set) { s.rows[4].Task = 1 }, "Open the drawer; Shut the drawer",
			[]clips.Action{{End: 1, Text: "Open the drawer"}, {Start: 1, End: 2, Text: "Shut the drawer", PlanIndex: 1}}},
		"subtasks": {func(s *set) { s.rows[3].Subtask, s.rows[4].Subtask = ptr(int64(0)), ptr(int64(1)) }, "Open the drawer",
			[]clips.Action{{End: 1, Text: "Reach."}, {Start: 1, End: 2, Text: "Pull.", PlanIndex: 1}}},
		"a subtask in part": {func(s *set) { s.rows[4].Subtask = ptr(int64(1)) }, "Open the drawer", []clips.Action{{Start: 1, End: 2, Text: "Pull."}}},
		"subtask -1":        {func(s *set) { s.rows[3].Subtask = ptr(int64(-1)) }, "Open the drawer", []clips.Action{{End: 2, Text: "Open the drawer"}}},
		"spoken": {func(s *set) {
			s.rows[3].Subtask = ptr(int64(0))
			s.rows[3].Language = []spoken{say("plan", "1. x", 0), {Role: "user"}, say("subtask", "Lift.", 0.1), say("subtask", "Grasp.", 0)}
		}, "Open the drawer", []clips.Action{{End: 1, Text: "Grasp."}, {Start: 1, End: 2, Text: "Lift.", PlanIndex: 1}}},
		"spoken at once": {func(s *set) {
			s.rows[3].Language = []spoken{say("subtask", "Lift.", 0.1), say("subtask", "Turn.", 0.11), say("subtask", " ", 0)}
		}, "Open the drawer", []clips.Action{{Start: 1, End: 2, Text: "Turn."}}},
		"only a plan": {func(s *set) { s.rows[3].Language = []spoken{say("plan", "1. x", 0)} }, "Open the drawer",
			[]clips.Action{{End: 2, Text: "Open the drawer"}}},
	} {
		s := good()
		c.edit(&s)
		got, err := Recordings(s.write(t))
		if err != nil || len(got) != 2 {
			t.Errorf("%s: %d recordings, %v", what, len(got), err)
			continue
		}
		want := clips.Recording{Scene: "set", Episode: "1", Camera: "top", From: 3, To: 5, Task: c.task, Actions: c.want, Video: got[1].Video}
		if diff := cmp.Diff(want, got[1]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
}

// Files need not be in the order of the episodes, nor videos.
func TestTwoFiles(t *testing.T) {
	s := good()
	s.episodes[0].DataFile, s.episodes[1].From, s.episodes[1].To = 1, 0, 0.2
	s.episodes[0].VideoChunk, s.episodes[0].VideoFile = 1, 12
	first, rest, episodes := s.rows[:3], s.rows[3:], s.episodes
	s.episodes, s.rows = episodes[1:], rest
	dir := s.write(t)
	putTable(t, dir, "meta/episodes/chunk-001/file-000.parquet", episodes[:1])
	putTable(t, dir, "data/chunk-000/file-001.parquet", first)
	other := "videos/observation.images.top/chunk-001/file-012.mp4"
	put(t, dir, other, []byte("video"))
	got, err := Recordings(dir)
	if err != nil || len(got) != 2 || got[0].Episode != "0" || got[0].Video != filepath.Join(dir, other) || got[1].From != 0 || got[1].To != 2 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestErrors(t *testing.T) {
	info := func(old, new string) func(*set) {
		return func(s *set) {
			if !strings.Contains(s.info, old) {
				t.Fatalf("no %s in info.json", old)
			}
			s.info = strings.Replace(s.info, old, new, 1)
		}
	}
	for what, c := range map[string]struct {
		edit    func(*set)
		file    string
		episode int
		say     string
	}{
		"v1.6":             {info("v3.0", "v1.6"), infoFile, -1, "convert"},
		"v1.6, all else":   {info(goodInfo, `{"codebase_version": "v1.6", "fps": "many"}`), infoFile, -1, "v1.6 is not read"},
		"v2.1":             {info("v3.0", "v2.1"), infoFile, -1, "chunks_size"},
		"v4":               {info("v3.0", "v4.0"), infoFile, -1, "not known"},
		"no version":       {info(goodInfo, `{}`), infoFile, -1, `version ""`},
		"not JSON":         {info(goodInfo, `{`), infoFile, -1, "unexpected end"},
		"no fps":           {info(`"fps": 10`, `"fps": 0`), infoFile, -1, "0 frames a second"},
		"other fps":        {info(`"video.fps": 10.0`, `"video.fps": 30`), infoFile, -1, "30 frames a second"},
		"images":           {info(`"video", "info": {"video`, `"image", "info": {"video`), data, 0, "no images in a column observation.images.top"},
		"no camera":        {info(`observation.images.top": {"dtype": "video"`, `x": {"dtype": "float32"`), infoFile, -1, "no camera"},
		"camera's name":    {info(`observation.images.top`, `observation/top`), infoFile, -1, "no name for a camera"},
		"no name":          {info(`observation.images.top`, `observation.`), infoFile, -1, "no name for a camera"},
		"escaping data":    {info("data/chunk", "../data/chunk"), infoFile, -1, "leads out"},
		"absolute video":   {info("videos/{", "/videos/{"), infoFile, -1, "leads out"},
		"unknown field":    {info("{file_index", "{file_name"), infoFile, -1, "unknown field"},
		"more episodes":    {info(`episodes": 2`, `episodes": 3`), infoFile, -1, "total_episodes is 3"},
		"no column":        {info(`observation.images.top`, `observation.images.side`), meta, -1, "no column videos/observation.images.side/chunk_index"},
		"episode twice":    {func(s *set) { s.episodes[1].Index = 0 }, meta, 0, "listed twice"},
		"negative episode": {func(s *set) { s.episodes[1].Index = -1 }, meta, -1, "episode_index is -1"},
		"no frames":        {func(s *set) { s.episodes[1].Length = 0 }, meta, 1, "no frames"},
		"huge length":      {func(s *set) { s.episodes[1].Length = 1 << 40 }, meta, -1, "row 1: length"},
		"half a file":      {func(s *set) { s.episodes[1].VideoFile = 0.5 }, meta, -1, "file_index is 0.5"},
		"wrong length":     {func(s *set) { s.episodes[1].Length = 3 }, meta, 1, "are 2 frames, the episode has 3"},
		"short video":      {func(s *set) { s.episodes[1].To = 0.4 }, meta, 1, "are 1 frames"},
		"between frames":   {func(s *set) { s.episodes[1].From = 0.34 }, meta, 1, "no span of frames"},
		"NaN":              {func(s *set) { s.episodes[1].To = math.NaN() }, meta, 1, "no span of frames"},
		"before the start": {func(s *set) { s.episodes[0].From, s.episodes[0].To = -0.3, 0 }, meta, 0, "no span of frames"},
		"overlap":          {func(s *set) { s.episodes[1].From, s.episodes[1].To = 0.2, 0.4 }, meta, 1, "episode 0 has not ended"},
		"other video":      {func(s *set) { s.episodes[1].VideoFile = 7 }, strings.Replace(top, "file-000", "file-007", 1), 1, "no such file"},
		"other data":       {func(s *set) { s.episodes[1].DataFile = 7 }, data, 1, "does not list it in this file"},
		"rows missing":     {func(s *set) { s.rows = s.rows[:4] }, data, 1, "has 1 rows"},
		"no rows":          {func(s *set) { s.rows = s.rows[:3] }, data, 1, "has no rows"},
		"rows too many":    {func(s *set) { s.rows = append(s.rows, s.rows[4]) }, data, 1, "has 3 rows"},
		"unknown rows":     {func(s *set) { s.rows[4].Episode = 9 }, data, 1, "has 1 rows"},
		"apart":            {func(s *set) { s.rows = append(s.rows, s.rows[0]) }, data, 0, "in two places"},
		"frames swapped":   {func(s *set) { s.rows[3].Frame = 1 }, data, 1, "row 0 is frame 1"},
		"late frame":       {func(s *set) { s.rows[4].Time = 0.2 }, data, 1, "frame 1 is at 0.2"},
		"no task":          {func(s *set) { s.rows[3].Task = 5 }, data, 1, "no text for index 5"},
		"task without":     {func(s *set) { s.tasks[0].Text = " " }, data, 0, "no text for index 0"},
		"task twice":       {func(s *set) { s.tasks[1].Index = 0 }, tasksFile, -1, "listed twice"},
		"no subtask":       {func(s *set) { s.rows[3].Subtask = ptr(int64(5)) }, data, 1, "meta/subtasks.parquet has no text for index 5"},
		"no subtasks":      {func(s *set) { s.subtasks = nil }, subtasksFile, -1, "no such file"},
		"spoken too late": {func(s *set) {
			s.rows[3].Language = []spoken{{Style: ptr("subtask"), Content: ptr("Lift."), Timestamp: ptr(0.2)}}
		}, data, 1, "begins at 0.2 s"},
		"spoken without time": {func(s *set) {
			s.rows[3].Language = []spoken{{Style: ptr("subtask"), Content: ptr("Lift.")}}
		}, data, 1, "has no time"},
	} {
		s := good()
		c.edit(&s)
		got, err := Recordings(s.write(t))
		var e *Error
		if !errors.As(err, &e) || e.File != c.file || e.Episode != c.episode || !strings.Contains(err.Error(), c.say) || got != nil {
			t.Errorf("%s: %v; want %q about %s, episode %d", what, err, c.say, c.file, c.episode)
		}
		if err != nil && strings.Count(err.Error(), c.file) != 1 {
			t.Errorf("%s: the file should be named once: %v", what, err)
		}
	}
}

func TestMissingFiles(t *testing.T) {
	for _, name := range []string{infoFile, tasksFile, data, top} {
		dir := good().write(t)
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		_, err := Recordings(dir)
		if e := (*Error)(nil); !errors.As(err, &e) || e.File != name || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	dir := good().write(t)
	put(t, dir, top, nil)
	if _, err := Recordings(dir); err == nil || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("empty video: %v", err)
	}
}

// TestDamage cuts every Parquet file short and flips bytes all over it. Whatever comes of that, it is a result or an
// *Error, not a panic.
func TestDamage(t *testing.T) {
	s := good()
	s.rows[3].Language = []spoken{{Style: ptr("subtask"), Content: ptr("Lift."), Timestamp: ptr(0.1)}}
	dir := s.write(t)
	refused := 0
	for _, name := range []string{meta, data, tasksFile, subtasksFile} {
		whole, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		try := func(bytes []byte) {
			put(t, dir, name, bytes)
			_, err := Recordings(dir)
			if e := (*Error)(nil); err != nil && !errors.As(err, &e) {
				t.Errorf("%s: %v", name, err)
			}
			if err != nil {
				refused++
			}
		}
		for n := 0; n < len(whole); n += len(whole)/40 + 1 {
			try(whole[:n])
		}
		for at := 0; at < len(whole); at += len(whole)/400 + 1 {
			damaged := append([]byte(nil), whole...)
			damaged[at] ^= 0x55
			try(damaged)
		}
		put(t, dir, name, whole)
	}
	if refused < 500 {
		t.Errorf("only %d damaged files were refused", refused)
	}
}

func FuzzInfo(f *testing.F) {
	f.Add([]byte(goodInfo), "data/chunk-{chunk_index:03d}/{video_key}/{file_index}", 3)
	f.Add([]byte(`{"codebase_version":"v3.1","fps":1e-9,"features":{"a":{"dtype":"video"}}}`), "{file_index:9d}{", -1)
	f.Fuzz(func(t *testing.T, data []byte, pattern string, index int) {
		d := &folder{}
		if d.parse(data) == nil {
			cameras, err := d.cameras(nil)
			for _, c := range cameras {
				if !filepath.IsLocal(c.name) || strings.ContainsAny(c.name, `/\`) {
					t.Errorf("camera %q", c.name)
				}
			}
			if (err == nil) != (len(cameras) > 0) {
				t.Errorf("%d cameras, %v", len(cameras), err)
			}
		}
		if p, err := expand(pattern, "key", index, index); err == nil && !filepath.IsLocal(p) {
			t.Errorf("%q leads to %q", pattern, p)
		}
	})
}
