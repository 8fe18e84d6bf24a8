package rosbag

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/dataset/clips"
	"github.com/egotsr/egotsr/dataset/internal/formattest"
)

// The bag was written by the rosbags package, see scripts/formats_fixture.py.
const (
	bag = formattest.Dir + "/rosbag"
	db3 = bag + "/rosbag.db3"
)

var push = &Options{Task: "Push"}

func TestFrames(t *testing.T) {
	golden := formattest.Golden(t)
	for _, path := range []string{bag, db3} {
		recordings, err := Recordings(path, &Options{TaskTopic: "/task", SubtaskTopic: "/subtask"})
		if err != nil {
			t.Fatal(err)
		}
		if len(recordings) != 2 {
			t.Errorf("%s: %d recordings", path, len(recordings))
		}
		for _, r := range recordings {
			formattest.Same(t, path+" "+r.Camera, formattest.Frames(t, r), golden, 0)
			want := []clips.Action{{End: 4, Text: "Reach the window."}, {Start: 4, End: 10, Text: "Push the window open.", PlanIndex: 1}}
			if d := cmp.Diff(want, r.Actions); d != "" || r.Task != "Push and open a window" || r.Episode != "rosbag" {
				t.Errorf("%s: episode %s, task %q %s", path, r.Episode, r.Task, d)
			}
		}
	}
}

func bytesOf(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func put(t testing.TB, name string, data []byte) string {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o777), os.WriteFile(name, data, 0o666)); err != nil {
		t.Fatal(err)
	}
	return name
}

func stored(t testing.TB, r clips.Recording) (frames [][]byte, errs int) {
	t.Helper()
	in, err := r.Stored.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for i := range r.Stored.Len() {
		data, _, err := in.Frame(i)
		if err != nil {
			errs++
		}
		frames = append(frames, data)
	}
	return frames, errs
}

// TestCut: of a file that ends early, the frames that are listed can be read, and are what they were.
func TestCut(t *testing.T) {
	whole := bytesOf(t, db3)
	all, err := Recordings(db3, push)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := stored(t, all[0])
	most := 0
	for n := 0; n < len(whole); n += len(whole) / 60 {
		short := put(t, filepath.Join(t.TempDir(), "short.db3"), whole[:n])
		recordings, err := Recordings(short, push)
		var damage *DamageError
		if err == nil || !errors.As(err, new(*Error)) && !errors.As(err, &damage) {
			t.Errorf("%d bytes: %v", n, err)
		}
		for _, r := range recordings {
			if damage == nil {
				t.Fatalf("%d bytes: %v", n, err)
			}
			got, errs := stored(t, r)
			if errs > 0 || len(got) > len(want) {
				t.Fatalf("%d bytes: %d frames, %d errors", n, len(got), errs)
			}
			if r.Camera == all[0].Camera {
				most = max(most, len(got))
				if !slices.EqualFunc(want[:len(got)], got, bytes.Equal) {
					t.Errorf("%d bytes: the frames are others", n)
				}
			}
		}
	}
	if most < 5 {
		t.Errorf("at most %d frames were had", most)
	}
}

// TestFlips: SQLite has no checksums, so that pixels may be wrong; but nothing panics, and errors are typed.
func TestFlips(t *testing.T) {
	whole, noticed := bytesOf(t, db3), 0
	name := filepath.Join(t.TempDir(), "damaged.db3")
	for at := 0; at < len(whole); at += 1 + at/12 {
		data := bytes.Clone(whole)
		data[at] ^= 0x41
		put(t, name, data)
		recordings, err := Recordings(name, push)
		if err != nil {
			noticed++
			if !errors.As(err, new(*DamageError)) && !errors.As(err, new(*Error)) {
				t.Errorf("byte %d: %v", at, err)
			}
		}
		for _, r := range recordings {
			stored(t, r)
		}
	}
	if noticed < 20 {
		t.Errorf("%d damages were noticed", noticed)
	}
}

// made is a bag that statements make.
func made(t testing.TB, name string, statements ...string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", name)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	for _, s := range append([]string{
		`CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT, type TEXT, serialization_format TEXT)`,
		`CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp INTEGER, data BLOB)`,
		`INSERT INTO topics VALUES (1, '/a', 'sensor_msgs/msg/CompressedImage', 'cdr')`,
	}, statements...) {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(s, err)
		}
	}
	return db
}

// TestLog: rows that a recorder that died has left in SQLite's write-ahead log are there, and the log stays.
func TestLog(t *testing.T) {
	dir := t.TempDir()
	db := made(t, filepath.Join(dir, "live.db3"), `PRAGMA journal_mode = WAL`, `PRAGMA wal_autocheckpoint = 0`)
	defer db.Close()
	source, err := sql.Open("sqlite", db3)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	for i := range 3 {
		var image []byte
		if err := source.QueryRow(`SELECT data FROM messages WHERE topic_id = 1 LIMIT 1 OFFSET ?`, i).Scan(&image); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(`INSERT INTO messages VALUES (?, 1, ?, ?)`, i, i, image); err != nil {
			t.Fatal(err)
		}
	}
	dead := filepath.Join(t.TempDir(), "dead.db3")
	wal := bytesOf(t, filepath.Join(dir, "live.db3-wal"))
	put(t, dead, bytesOf(t, filepath.Join(dir, "live.db3")))
	put(t, dead+"-wal", wal)
	recordings, err := Recordings(dead, push)
	if err != nil {
		t.Fatal(err)
	}
	formattest.Same(t, "from the log", formattest.Frames(t, recordings[0]), formattest.Golden(t)[:3], 0)
	if !bytes.Equal(wal, bytesOf(t, dead+"-wal")) {
		t.Error("the log is another")
	}
}

func TestRefused(t *testing.T) {
	dir := t.TempDir()
	odd := func(name string, statements ...string) string {
		name = filepath.Join(dir, name)
		if err := made(t, name, statements...).Close(); err != nil {
			t.Fatal(err)
		}
		return name
	}
	empty := filepath.Dir(put(t, filepath.Join(dir, "mcap", "a.mcap"), nil))
	packed := filepath.Dir(put(t, filepath.Join(dir, "packed", "metadata.yaml"), []byte("rosbag2_bagfile_information:\n  compression_format: zstd\n  compression_mode: MESSAGE\n")))
	plain, err := sql.Open("sqlite", filepath.Join(dir, "plain.db3"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plain.Exec(`CREATE TABLE x(y)`); err != nil {
		t.Fatal(err)
	}
	plain.Close()
	for what, c := range map[string]struct {
		path   string
		opts   Options
		damage bool
		say    string
	}{
		"no file":       {filepath.Join(dir, "no.db3"), *push, false, "no such file"},
		"mcap":          {empty, *push, false, "holds no .db3 files"},
		"compressed":    {packed, *push, false, "is compressed (compression_mode MESSAGE)"},
		"zstd":          {put(t, filepath.Join(dir, "a.db3.zstd"), nil), *push, false, "zstd -d"},
		"no database":   {put(t, filepath.Join(dir, "text.db3"), bytes.Repeat([]byte("text "), 999)), *push, false, "not a database"},
		"empty":         {put(t, filepath.Join(dir, "empty.db3"), nil), *push, false, "is no rosbag2 file"},
		"another one":   {filepath.Join(dir, "plain.db3"), *push, false, "is no rosbag2 file"},
		"no task":       {bag, Options{}, false, "no task"},
		"no camera":     {bag, Options{Task: "Push", Cameras: []string{"/left"}}, false, "/top/image_raw (sensor_msgs/msg/Image, cdr)"},
		"no images":     {odd("none.db3"), *push, false, "no images on any topic"},
		"null":          {odd("null.db3", `INSERT INTO messages VALUES (1, 1, 1, NULL)`), *push, false, "a message of 0 bytes"},
		"text":          {odd("text2.db3", `INSERT INTO messages VALUES (1, 1, 1, 'x')`), *push, false, "a message of 1 bytes"},
		"time of text":  {odd("time.db3", `INSERT INTO messages VALUES (1, 1, 'soon', x'00')`), *push, true, "timestamp"},
		"unknown topic": {odd("topic.db3", `INSERT INTO messages VALUES (1, 7, 1, x'00')`), *push, true, "topic 7"},
		"encoding":      {odd("cdr.db3", `UPDATE topics SET serialization_format = 'cbor'`, `INSERT INTO messages VALUES (1, 1, 1, x'00')`), *push, false, `"cbor"`},
		"topics":        {odd("topics.db3", `INSERT INTO topics VALUES (2, NULL, 'x', 'cdr')`), *push, false, "NULL"},
		"no column":     {odd("column.db3", `ALTER TABLE topics DROP COLUMN type`), *push, false, "no such column"},
	} {
		got, err := Recordings(c.path, &c.opts)
		if errors.As(err, new(*DamageError)) != c.damage || !errors.As(err, new(*Error)) || !strings.Contains(err.Error(), c.say) || got != nil {
			t.Errorf("%s: %v; want %q", what, err, c.say)
		}
	}
	if _, err := Recordings(filepath.Join(dir, "no.db3"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func FuzzRecordings(f *testing.F) {
	data := bytesOf(f, db3)
	f.Add(data[:60_000])
	f.Add(data[:8192])
	name := filepath.Join(f.TempDir(), "fuzz")
	f.Fuzz(func(t *testing.T, data []byte) {
		name := put(t, fmt.Sprint(name, os.Getpid()), data)
		recordings, err := Recordings(name, push)
		if err != nil && !errors.As(err, new(*Error)) && !errors.As(err, new(*DamageError)) {
			t.Error(err)
		}
		for _, r := range recordings {
			stored(t, r)
		}
	})
}
