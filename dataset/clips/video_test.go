package clips

import (
	"context"
	"encoding/json"
	"errors"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// video makes one of n frames with B-frames, whose brightness is 3 times their number, with a filter of ffmpeg's.
func video(t testing.TB, n, filter string) string {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("no ffmpeg")
	}
	path := filepath.Join(t.TempDir(), "v.mp4")
	graph := "nullsrc=s=64x48:r=25,format=gray,geq=lum='20+N*3'" + filter
	out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", graph, "-frames:v", n, "-fps_mode", "passthrough",
		"-c:v", "libx264", "-bf", "3", "-g", "25", "-pix_fmt", "yuv420p", "-y", path).CombinedOutput()
	if err != nil {
		t.Fatal(err, string(out))
	}
	return path
}

func brightness(img image.Image) int {
	_, g, _, _ := img.At(30, 20).RGBA()
	return int(g >> 8)
}

// TestVideoFrames: every frame once and in order, whatever the order of coding and the timestamps; the wanted part alone.
func TestVideoFrames(t *testing.T) {
	for name, filter := range map[string]string{
		"constant rate": "",
		"variable rate": ",setpts='if(lt(N,20),N,20+(N-20)*3+random(0))/(25*TB)'",
	} {
		everyFrame(t, name, video(t, "60", filter))
	}
}

// everyFrame reads parts of a video of 60 frames.
func everyFrame(t *testing.T, name, path string) {
	t.Helper()
	for _, c := range []struct{ from, to, every, frames int }{{0, 0, 1, 60}, {0, 0, 10, 6}, {0, 0, 7, 9}, {15, 40, 1, 25}, {15, 40, 10, 3}, {55, 0, 1, 5}, {15, 60, 10, 5}} {
		next, off := 0, 0
		n, err := videoFrames(context.Background(), path, c.from, c.to, c.every, func(i int, img image.Image) error {
			// Levels are three apart: no frame passes for its neighbour.
			if d := brightness(img) - (20 + 3*(c.from+i*c.every)); d > 1 || d < -1 || i != next {
				off++
			}
			next++
			return nil
		})
		if err != nil || n != c.frames || off > 0 || next != n {
			t.Errorf("%s, [%d, %d) of every %d: %d frames, want %d; %d wrong; %v", name, c.from, c.to, c.every, n, c.frames, off, err)
		}
	}
}

// TestFFmpegVersions: no option is used that some version lacks, whatever a video is kept in and whatever its clock says.
// Other versions, whose paths EGOTSR_FFMPEG lists, read the same frames.
func TestFFmpegVersions(t *testing.T) {
	usual, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("no ffmpeg")
	}
	const slow = ",setpts='if(lt(N,20),N,20+(N-20)*3+random(0))/(25*TB)'"
	dir := t.TempDir()
	videos := map[string]string{"late.mp4": video(t, "60", ",setpts=(N+500)/(25*TB)"), "slow.mp4": video(t, "60", slow)}
	for _, ext := range []string{".mkv", ".ts", ".avi", ".mov", ".m4v"} {
		videos["slow"+ext] = filepath.Join(dir, "slow"+ext)
		if out, err := exec.Command(usual, "-v", "error", "-i", videos["slow.mp4"], "-c", "copy", videos["slow"+ext]).CombinedOutput(); err != nil {
			t.Fatal(ext, err, string(out))
		}
	}
	refuses := filepath.Join(t.TempDir(), "ffmpeg")
	script := "#!/bin/sh\ncase \" $* \" in *\" -fps_mode \"*|*\" -vsync \"*) echo \"Unrecognized option\" >&2; exit 1;; esac\nexec '" + usual + "' \"$@\"\n"
	if err := os.WriteFile(refuses, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, ffmpeg := range append(filepath.SplitList(os.Getenv("EGOTSR_FFMPEG")), refuses) {
		bin := t.TempDir()
		if err := os.Symlink(ffmpeg, filepath.Join(bin, "ffmpeg")); err != nil {
			t.Fatal(err)
		}
		t.Setenv("PATH", bin+":/bin:/usr/bin")
		for name, path := range videos {
			if ffmpeg != refuses && filepath.Ext(name) == ".ts" {
				continue // static builds crash on the names of its services, whatever is asked of them
			}
			everyFrame(t, ffmpeg+", "+name, path)
		}
	}
}

func TestVideoErrors(t *testing.T) {
	path := video(t, "60", "")
	stop := errors.New("enough")
	if _, err := videoFrames(context.Background(), path, 0, 0, 1, func(i int, _ image.Image) error {
		if i == 3 {
			return stop
		}
		return nil
	}); !errors.Is(err, stop) {
		t.Errorf("stopped: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := videoFrames(ctx, path, 0, 0, 1, func(int, image.Image) error { cancel(); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	hurt := slices.Clone(data)
	clear(hurt[len(hurt)/2 : len(hurt)/2+len(hurt)/8])
	for name, content := range map[string][]byte{"damaged": hurt, "truncated": data[:len(data)/3], "empty": nil, "text": []byte("hello")} {
		bad := filepath.Join(t.TempDir(), "-i.mp4") // no option
		put(t, bad, content)
		var ve *VideoError
		if _, err := videoFrames(context.Background(), bad, 0, 0, 1, func(int, image.Image) error { return nil }); !errors.As(err, &ve) || ve.Message == "" || !strings.Contains(err.Error(), "-i.mp4") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestVideoTooShort(t *testing.T) {
	path := video(t, "60", "")
	var ve *VideoError
	if _, err := videoFrames(context.Background(), path, 50, 100, 1, func(int, image.Image) error { return nil }); !errors.As(err, &ve) || !strings.Contains(err.Error(), "ends before frame 100") {
		t.Errorf("%v", err)
	}
}

// TestPrepareVideo: two recordings in one file, each with its own frames.
func TestPrepareVideo(t *testing.T) {
	path, out := video(t, "60", ""), t.TempDir()
	var recordings []Recording
	for k, id := range []string{"a", "b"} {
		recordings = append(recordings, Recording{Scene: "s", Episode: id, Camera: "head", Video: path, From: 30 * k, To: 30*k + 30, Actions: []Action{{End: 30, Text: "Go."}}})
	}
	for _, png := range []bool{false, true} {
		if r, err := Prepare(context.Background(), recordings, out, &Options{Every: 5, PNG: png}); err != nil || r.Frames != 12 {
			t.Fatal(r, err)
		}
		ext := map[bool]string{false: ".jpg", true: ".png"}[png]
		f, err := os.Open(filepath.Join(out, "clips", "s", "b", "head", "Go.", "00002"+ext))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		img, _, err := image.Decode(f)
		if err != nil {
			t.Fatal(err)
		}
		if got := brightness(img); got < 138 || got > 142 { // 20 + 3*40
			t.Errorf("frame 2 of the second recording has level %v", got)
		}
	}
}

// TestOpenCV compares with OpenCV's decoder, where EGOTSR_OPENCV names a Python that has it: the same frames in the same
// order, and pixels apart by the rounding of two conversions to RGB.
func TestOpenCV(t *testing.T) {
	python := os.Getenv("EGOTSR_OPENCV")
	if python == "" {
		t.Skip("EGOTSR_OPENCV is not set")
	}
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("no ffmpeg")
	}
	for name, codec := range map[string][]string{
		"h264": {"-c:v", "libx264", "-bf", "3", "-g", "30"}, "mpeg4": {"-c:v", "mpeg4", "-q:v", "3"}, "vp9": {"-c:v", "libvpx-vp9", "-b:v", "1M"},
	} {
		for _, every := range []int{1, 10} {
			dir := t.TempDir()
			path := filepath.Join(dir, "v.mp4")
			args := append([]string{"-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x240:r=30:d=3"}, codec...)
			if out, err := exec.Command("ffmpeg", append(args, "-pix_fmt", "yuv420p", path)...).CombinedOutput(); err != nil {
				t.Fatal(err, string(out))
			}
			r := Recording{Scene: "s", Episode: "e", Video: path, Actions: []Action{{End: 90, Text: "Go."}}}
			if report, err := Prepare(context.Background(), []Recording{r}, dir, &Options{Every: every, PNG: true, Drop: -1}); err != nil || report.Frames != 90/every {
				t.Fatal(report, err)
			}
			out, err := exec.Command(python, "../../scripts/check_video.py", path, filepath.Join(dir, "clips", "s", "e", "Go."), strconv.Itoa(every)).Output()
			if err != nil {
				t.Fatalf("%s: %v %s", name, err, out)
			}
			var got struct {
				Max, Mean float64
				Order     bool
			}
			if err := json.Unmarshal(out, &got); err != nil || !got.Order || got.Mean > 1.5 {
				t.Errorf("%s, every %d: %s", name, every, out)
			}
			t.Logf("%s, every %d: %s", name, every, out)
		}
	}
}

// TestDecode: a recording's frames, whatever they are kept in.
func TestDecode(t *testing.T) {
	root := source(t, 1, 1, 12)
	recordings, _, err := AgiBot(root)
	if err != nil {
		t.Fatal(err)
	}
	path := video(t, "60", "")
	for name, c := range map[string]struct {
		r    Recording
		want []int
	}{
		"images": {recordings[0], []int{0, 5, 10}},
		"video":  {Recording{Video: path, From: 10, To: 22}, []int{0, 5, 10}},
	} {
		var got []int
		err := c.r.Decode(t.Context(), 5, func(i int, img image.Image) error {
			if name == "video" && brightness(img) < 20+3*(10+i)-1 {
				t.Errorf("frame %d has level %d", i, brightness(img))
			}
			got = append(got, i)
			return nil
		})
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if err := recordings[0].Decode(t.Context(), 0, nil); err == nil {
		t.Error("every 0 frames were read")
	}
	recordings[0].Images[1] = filepath.Join(root, "none.png")
	if err := recordings[0].Decode(t.Context(), 1, func(int, image.Image) error { return nil }); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing frame: %v", err)
	}
}
