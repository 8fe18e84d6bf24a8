package evaluate

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/internal/simtest"
)

// brighter thinks the brighter frame closer to completion, refuses one task, and breaks after a number of pairs.
type brighter struct {
	slow   time.Duration
	breaks int // 0: never
}

var errDevice = errors.New("the device is gone")

func (brighter) Judge(context.Context, egotsr.Pair, *egotsr.JudgeOptions) (egotsr.Judgement, error) {
	return egotsr.Judgement{}, errors.New("not asked as many")
}

func (b brighter) JudgeAll(ctx context.Context, pairs iter.Seq[egotsr.Pair], _ *egotsr.JudgeOptions) iter.Seq2[egotsr.Judgement, error] {
	return func(yield func(egotsr.Judgement, error) bool) {
		n := 0
		for p := range pairs {
			light := func(img image.Image) float64 { return float64(img.At(0, 0).(color.Gray).Y) }
			j, err := egotsr.Judgement{PImg1: 0.5 + (light(p.Img1)-light(p.Img2))/600}, error(nil)
			if p.Task == "refused" {
				j, err = egotsr.Judgement{}, &egotsr.InputError{What: "task", Reason: "cannot be judged"}
			}
			if b.breaks > 0 && n >= b.breaks {
				j, err = egotsr.Judgement{}, fmt.Errorf("egotsr: %w", errDevice)
			}
			if n++; b.slow > 0 && n%100 == 0 {
				time.Sleep(b.slow)
			}
			if ctx.Err() != nil || !yield(j, err) {
				return
			}
		}
	}
}

func TestMain(m *testing.M) {
	if dir := os.Getenv("EGOTSR_EVALUATE_IN"); dir != "" {
		err := fill(context.Background(), brighter{slow: 3 * time.Millisecond}, "fake", dir, "killed.csv")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// fill has the table that sheet made answered.
func fill(ctx context.Context, j Judger, who, dir, out string) error {
	_, err := Table(ctx, j, Sheet{In: filepath.Join(dir, "in.csv"), Images: dir, Out: filepath.Join(dir, out), Judge: who}, nil)
	return err
}

// sheet writes a table with images, and gives the rows that can be answered and the numbers of those that cannot.
func sheet(t *testing.T, dir string, rows int) (good [][]string, bad []string) {
	t.Helper()
	for _, light := range []uint8{10, 90, 200} {
		img := image.NewGray(image.Rect(0, 0, 8, 8))
		for i := range img.Pix {
			img.Pix[i] = light
		}
		var b bytes.Buffer
		if err := errors.Join(png.Encode(&b, img), os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.png", light)), b.Bytes(), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "broken.png"), []byte("no image"), 0o644); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("\ufeffvideo_path1,video_path2,task_name,target\r\n")
	faults := []string{
		"missing.png,90.png,Light the lamp,\n", "broken.png,90.png,Light the lamp,\n", "10.png,90.png\n", "10.png,90.png,\xff,\n",
		"\"10.png,90.png,Light the lamp,\n", "10.png,90.png,refused,img1\n", "10.png,90.png,Light the lamp,both\n", "10.png,,Light the lamp,\n",
	}
	r := rand.New(rand.NewPCG(3, 4))
	for i := range rows {
		if r.IntN(100) == 0 {
			b.WriteString(faults[len(bad)%len(faults)])
			bad = append(bad, fmt.Sprint(i+1))
			continue
		}
		lights := []int{10, 90, 200}
		one, two := lights[r.IntN(3)], lights[r.IntN(3)]
		task := fmt.Sprintf("Light \"lamp\", %d", i)
		target := "img2"
		if one > two {
			target = "img1"
		}
		fmt.Fprintf(&b, "%d.png,%d.png,\"%s\",%s\n", one, two, strings.ReplaceAll(task, `"`, `""`), target)
		good = append(good, []string{fmt.Sprintf("%d.png", one), fmt.Sprintf("%d.png", two), task, target})
	}
	if err := os.WriteFile(filepath.Join(dir, "in.csv"), []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return good, bad
}

func read(t *testing.T, path string) [][]string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

// A run of many rows, one in a hundred of them broken, is killed five times, and once its last line is torn.
func TestKilled(t *testing.T) {
	dir, rows := t.TempDir(), simtest.Pick(10_000, 100_000)
	good, bad := sheet(t, dir, rows)
	kills := 0
	for {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), "EGOTSR_EVALUATE_IN="+dir)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- c.Wait() }()
		if kills == 5 {
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
			break
		}
		before := size(dir)
		for deadline := time.Now().Add(20 * time.Second); size(dir) < before+int64(rows)*5 && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err == nil {
			t.Fatal("the run ended before it was killed")
		}
		if kills++; kills == 3 {
			if err := os.Truncate(filepath.Join(dir, "killed.csv.journal.jsonl"), size(dir)-7); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := os.Stat(filepath.Join(dir, "killed.csv")); err == nil {
			t.Fatal("there is an output before all rows are answered")
		}
	}
	if diff := cmp.Diff(good, read(t, filepath.Join(dir, "killed.csv"))); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	var skipped []string
	for _, r := range read(t, filepath.Join(dir, "killed.csv.skipped.csv")) {
		skipped = append(skipped, r[0])
	}
	if diff := cmp.Diff(bad, skipped); diff != "" {
		t.Errorf("skipped: -want +got\n%s", diff)
	}
	run := func(out string) {
		if err := fill(t.Context(), brighter{}, "fake", dir, out); err != nil {
			t.Fatal(err)
		}
	}
	run("whole.csv")
	run("killed.csv") // again, which changes nothing
	for _, ext := range []string{"", ".skipped.csv", ".journal.jsonl"} {
		a, err1 := os.ReadFile(filepath.Join(dir, "killed.csv"+ext))
		b, err2 := os.ReadFile(filepath.Join(dir, "whole.csv"+ext))
		if err := errors.Join(err1, err2); err != nil || !bytes.Equal(a, b) {
			t.Errorf("killed.csv%s is not what an undisturbed run gives, %v", ext, err)
		}
	}
}

func size(dir string) int64 {
	info, err := os.Stat(filepath.Join(dir, "killed.csv.journal.jsonl"))
	if err != nil {
		return 0
	}
	return info.Size()
}

// A device that fails is no row's fault: the run ends, what was answered stays, and the next run answers the rest.
func TestDeviceFails(t *testing.T) {
	dir := t.TempDir()
	good, bad := sheet(t, dir, 300)
	out := filepath.Join(dir, "out.csv")
	if err := fill(t.Context(), brighter{breaks: 201}, "fake", dir, "out.csv"); !errors.Is(err, errDevice) {
		t.Fatal(err)
	}
	if err := fill(t.Context(), brighter{breaks: 1}, "fake", dir, "out.csv"); !errors.Is(err, errDevice) {
		t.Fatal(err) // between the two orders of a row, as before
	}
	journal, err := os.ReadFile(out + ".journal.jsonl")
	if n := bytes.Count(journal, []byte("\n")) - 1; err != nil || n < 100 || n > 110 || bytes.Contains(journal, []byte("device")) {
		t.Errorf("%d entries, %v", n, err)
	}
	if err := fill(t.Context(), brighter{}, "fake", dir, "out.csv"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(good, read(t, out)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if skipped := read(t, out+".skipped.csv"); len(skipped) != len(bad) {
		t.Errorf("%d skipped, want %d", len(skipped), len(bad))
	}
}

// What is no file, or too large a one, is not waited for.
func TestNoFile(t *testing.T) {
	dir := t.TempDir()
	huge := filepath.Join(dir, "huge.png")
	if err := errors.Join(os.WriteFile(huge, nil, 0o644), os.Truncate(huge, 1<<30+1)); err != nil { // a hole, which takes no disk
		t.Fatal(err)
	}
	names := []string{huge, dir, os.DevNull}
	if _, err := os.Stat("/dev/zero"); err == nil {
		names = append(names, "/dev/zero")
	}
	if mkfifo, err := exec.LookPath("mkfifo"); err == nil {
		pipe := filepath.Join(dir, "pipe")
		if err := exec.Command(mkfifo, pipe).Run(); err != nil {
			t.Fatal(err)
		}
		names = append(names, pipe)
	}
	for _, name := range names {
		ended := make(chan error, 1)
		go func() { ended <- load(row{img1: name, img2: name, task: "t"}, dir).err }()
		select {
		case err := <-ended:
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s: %v", name, err)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s is waited for", name)
		}
	}
}

// Every entry is in the file once it is added, and two runs do not write one file.
func TestJournalShared(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j, err := openJournal(path, header{Input: "a"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.add(entry{Row: 1, Asked: 0.5}); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || bytes.Count(text, []byte("\n")) != 2 {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := openJournal(path, header{Input: "a"}, 0); err == nil || !strings.Contains(err.Error(), "another run") {
		t.Error(err)
	}
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	for _, other := range []header{{Input: "b"}, {Input: "a", Images: "elsewhere"}} {
		if _, err := openJournal(path, other, 0); err == nil {
			t.Errorf("%+v goes on with answers to others", other)
		}
	}
}

func TestJournalOfAnother(t *testing.T) {
	dir := t.TempDir()
	sheet(t, dir, 10)
	out := filepath.Join(dir, "out.csv")
	if err := fill(t.Context(), brighter{}, "fake", dir, "out.csv"); err != nil {
		t.Fatal(err)
	}
	if err := fill(t.Context(), brighter{}, "other", dir, "out.csv"); err == nil || !strings.Contains(err.Error(), "another table, folder of images, prompt or model") {
		t.Error(err)
	}
	if err := os.WriteFile(out+".journal.jsonl", []byte("{}\n{}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := fill(t.Context(), brighter{}, "fake", dir, "out.csv"); err == nil {
		t.Error("a journal of something else was gone on with")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := fill(ended, brighter{}, "fake", dir, "out.csv2"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestRowsOfOthers: tables as pandas and spreadsheets write them, and those that are refused as a whole.
func TestRowsOfOthers(t *testing.T) {
	for name, text := range map[string]string{
		"semicolons":    "video_path1;video_path2;task_name\na;b;c, d\n",
		"tabs":          "\ufeffvideo_path1\tvideo_path2\ttask_name\r\na\tb\tc, d\r\n",
		"pandas":        ",Unnamed: 0,video_path1,video_path2,task_name\n0,0,a,b,\"c, d\"\n",
		"empty columns": "video_path1,video_path2,task_name,,\na,b,\"c, d\",,\n",
		"empty cells":   "video_path1,video_path2,task_name\na,b,\"c, d\",,\n,,\n , ,\n",
	} {
		r, err := newReader(strings.NewReader(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := r.next()
		if err != nil || got.err != nil || got.img1 != "a" || got.img2 != "b" || got.task != "c, d" {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		if got, err := r.next(); err != io.EOF {
			t.Errorf("%s: after the last %v, %v", name, got, err)
		}
	}
	for text, say := range map[string]string{
		"\xff\xfev\x00i\x00": "UTF-16", "v\x00i\x00d\x00": "UTF-16", "video_path1|video_path2|task_name\n": "semicolons or tabs",
	} {
		if _, err := newReader(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%q: %v", text, err)
		}
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "frames"), 0o755); err != nil {
		t.Fatal(err)
	}
	sheet(t, filepath.Join(dir, "frames"), 1)
	if l := load(row{img1: `frames\10.png`, img2: `.\frames\10.png`, task: "t"}, dir); l.err != nil {
		t.Errorf("backslashes: %v", l.err)
	}
}

// TestTableLeavesOthersAlone: what a run did not write stays as it is, wherever it is in its way; a run again is one with the same files.
func TestTableLeavesOthersAlone(t *testing.T) {
	dir := t.TempDir()
	sheet(t, dir, 10)
	files := func() map[string]string {
		all := map[string]string{}
		for _, name := range []string{"in.csv", "out.csv", "out.csv.skipped.csv", "out.csv.journal.jsonl"} {
			if data, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
				all[name] = string(data)
			}
		}
		return all
	}
	refused := func(what, out string) {
		t.Helper()
		before := files()
		if err := fill(t.Context(), brighter{}, "fake", dir, out); err == nil {
			t.Errorf("%s: was written over", what)
		}
		if diff := cmp.Diff(before, files()); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	put := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	refused("the sheet itself", "in.csv")
	for _, name := range []string{"out.csv", "out.csv.skipped.csv"} {
		put(name, "another table\n")
		refused(name, "out.csv")
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range []string{"a note", `{"mine":true}`, `{"mine":true}` + "\n", "\x00"} {
		put("out.csv.journal.jsonl", text)
		refused("a journal "+text, "out.csv")
	}
	put("out.csv.journal.jsonl", `{"input":"`) // half a first line, as a kill may leave it
	if err := fill(t.Context(), brighter{}, "fake", dir, "out.csv"); err != nil {
		t.Fatal(err)
	}
	done := files()
	if err := fill(t.Context(), brighter{}, "fake", dir, "out.csv"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(done, files()); diff != "" || len(done) != 4 {
		t.Error(diff)
	}
	for _, name := range []string{"out.csv", "out.csv.skipped.csv"} {
		for _, text := range []string{done[name] + "and a note\n", done[name][1:], done[name][:10], ""} {
			put(name, text)
			refused(name+" of answers, changed", "out.csv")
		}
		put(name, done[name])
	}
}

func TestRows(t *testing.T) {
	r, err := newReader(strings.NewReader("task_name,video_path2,extra,video_path1\n" +
		"a,2.jpg,x,1.jpg\n\n" +
		"\"two\nlines\",2.jpg,,1.jpg\r\n" +
		"\"open,2.jpg,,1.jpg\n" +
		"b,2.jpg,\"q\"\"\",1.jpg\n" +
		"c,2.jpg,q,1.jpg,more\n" +
		"d,2.jpg,,1.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for {
		row, err := r.next()
		if err != nil {
			break
		}
		got = append(got, fmt.Sprintf("%d %q %v", row.number, row.task, row.err == nil))
	}
	want := []string{`1 "a" true`, `2 "two\nlines" true`, `3 "" false`, `4 "b" true`, `5 "" false`, `6 "d" true`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for _, bad := range []string{"", "a,b,c\n", "video_path1,video_path2\n"} {
		if _, err := newReader(strings.NewReader(bad)); err == nil {
			t.Errorf("%q was taken for a table", bad)
		}
	}
	s := (&row{img1: "e/frame_0012.jpg", img2: "e/frame_0004.jpg", target: "img2"}).sample()
	if s.Frame1 != 12 || s.Window != 8 || s.Kind != "regression" || s.Episode != "e" {
		t.Errorf("%+v", s)
	}
}

// A judge that answers one pair at a time is asked in both orders too; its rows are told of as they come, and those with a target are reported.
func TestTableReport(t *testing.T) {
	dir := t.TempDir()
	good, bad := sheet(t, dir, 200)
	var rows, skipped int
	on := Sheet{In: filepath.Join(dir, "in.csv"), Images: dir, Out: filepath.Join(dir, "out.csv")}
	r, err := Table(t.Context(), oneByOne{}, on, &Options{Name: "one by one", Row: func(row, total int, reason string) {
		if rows++; row != rows || total != 200 {
			t.Errorf("row %d of %d comes at %d", row, total, rows)
		}
		if reason != "" {
			skipped++
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	all, _ := r.Report.Systems[0].Group(GroupAll)
	if rows != 200 || skipped != len(bad) || r.Skipped != len(bad) || r.Answered != len(good) || len(r.Reasons) != min(len(bad), shownReasons) || all.Pairs != len(good) || all.Gap != 0 {
		t.Errorf("%+v, %d rows, %d skipped, %+v", r, rows, skipped, all)
	}
	for _, wrong := range []Sheet{{}, {In: on.In}, {Out: on.Out}} {
		_, err := Table(t.Context(), oneByOne{}, wrong, nil)
		wantInput(t, err, "sheet")
	}
	on.Out += "2"
	if _, err := Table(t.Context(), odd{}, on, nil); err == nil || !strings.Contains(err.Error(), "row 1: probability 2") {
		t.Error(err)
	}
}

type oneByOne struct{}

func (oneByOne) Judge(ctx context.Context, p egotsr.Pair, o *egotsr.JudgeOptions) (egotsr.Judgement, error) {
	for j, err := range (brighter{}).JudgeAll(ctx, func(yield func(egotsr.Pair) bool) { yield(p) }, o) {
		return j, err
	}
	return egotsr.Judgement{}, ctx.Err()
}

type odd struct{}

func (odd) Judge(context.Context, egotsr.Pair, *egotsr.JudgeOptions) (egotsr.Judgement, error) {
	return egotsr.Judgement{PImg1: 2}, nil
}
