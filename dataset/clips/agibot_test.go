package clips

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/dataset"
)

// listed is a line for each recording of a folder and a line for each that is skipped.
func listed(t *testing.T, root string) (lines []string) {
	t.Helper()
	recordings, skipped, err := AgiBot(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range recordings {
		source := r.Video
		if r.Images != nil {
			source = r.Images[0]
		}
		rel, err := filepath.Rel(root, source)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprint(r.Scene, "/", r.Episode, "/", r.Camera, " ", len(r.Images), " ", filepath.ToSlash(rel)))
	}
	for _, s := range skipped {
		lines = append(lines, strings.ReplaceAll(s.Error(), root+string(filepath.Separator), ""))
	}
	return lines
}

// TestAgiBotPublished: the layout of AgiBot World, alpha and beta, with all that lies beside the videos.
func TestAgiBotPublished(t *testing.T) {
	root := t.TempDir()
	for _, e := range []string{"648642", "648649"} {
		dir := filepath.Join(root, "observations", "327", e)
		for _, name := range []string{"head_color.mp4", "hand_left_color.mp4", "HEAD_LEFT_FISHEYE_COLOR.MP4"} {
			put(t, filepath.Join(dir, "videos", name), []byte("video"))
		}
		for i := range 3 {
			put(t, filepath.Join(dir, "depth", fmt.Sprintf("head_depth_%06d.png", i)), picture(t, i))
			put(t, filepath.Join(dir, "depth", fmt.Sprintf("hand_left_depth_%06d.png", i)), picture(t, i))
		}
		put(t, filepath.Join(root, "parameters", "327", e, "camera", "head_intrinsic_params.json"), []byte("{}"))
		put(t, filepath.Join(root, "proprio_stats", "327", e, "proprio_stats.h5"), []byte("x"))
	}
	putJSON(t, filepath.Join(root, "task_info", "task_327.json"), []any{info(648642, 40), info(648649, 40)})
	want := []string{
		"327/648642/HEAD_LEFT_FISHEYE_COLOR 0 observations/327/648642/videos/HEAD_LEFT_FISHEYE_COLOR.MP4",
		"327/648642/hand_left_color 0 observations/327/648642/videos/hand_left_color.mp4",
		"327/648642/head_color 0 observations/327/648642/videos/head_color.mp4",
		"327/648649/HEAD_LEFT_FISHEYE_COLOR 0 observations/327/648649/videos/HEAD_LEFT_FISHEYE_COLOR.MP4",
		"327/648649/hand_left_color 0 observations/327/648649/videos/hand_left_color.mp4",
		"327/648649/head_color 0 observations/327/648649/videos/head_color.mp4",
	}
	if diff := cmp.Diff(want, listed(t, root)); diff != "" {
		t.Error(diff)
	}
	moved := t.TempDir() // a scene, an episode and a folder of videos that lie on another disk
	for _, folder := range []string{"observations/327", "observations/327/648642", "observations/327/648649/videos"} {
		to := filepath.Join(moved, filepath.Base(folder))
		if err := os.Rename(filepath.Join(root, folder), to); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, filepath.Join(root, folder)); err != nil {
			t.Skip(err) // not every system lets everybody
		}
	}
	if diff := cmp.Diff(want, listed(t, root)); diff != "" {
		t.Error(diff)
	}
}

// TestAgiBotFolders: whatever an episode's folder holds, depth is no view, and images of several cameras are not one recording.
func TestAgiBotFolders(t *testing.T) {
	root := t.TempDir()
	files := map[string][]string{
		"1": {"videos/head.mov", "videos/head_depth.mkv", "depth/head_depth_0.png"},
		"2": {"head/0.webp", "head/1.webp", "head_depth/0.png", "depth_0.png"},
		"3": {"head_color_0.jpg", "head_color_1.jpg", "head_depth_0.png"},
		"4": {"head_color_0.jpg", "hand_left_color_0.jpg"},
		"5": {"camera/head_color_0.jpg", "camera/hand_left_color_0.jpg", "wrist/10.1.png", "wrist/10.05.png"},
		"6": {"depth/head_depth_0.png"},
		"7": {"videos/head/0.jpg", "videos/head/1.jpg", "videos/wrist/0.jpg"},
		"8": {"a.avi", "b.TS", "c.m4v", "d.webm", "notes.txt"},
	}
	var infos []any
	for e, names := range files {
		for _, name := range names {
			put(t, filepath.Join(root, "observation", "s", e, filepath.FromSlash(name)), picture(t, 1))
		}
		infos = append(infos, info(int(e[0]-'0'), 4))
	}
	putJSON(t, filepath.Join(root, "task_info", "s.json"), infos)
	want := []string{
		"s/1/head 0 observation/s/1/videos/head.mov",
		"s/2/head 2 observation/s/2/head/0.webp",
		"s/3/ 2 observation/s/3/head_color_0.jpg",
		"s/5/wrist 2 observation/s/5/wrist/10.05.png",
		"s/7/head 2 observation/s/7/videos/head/0.jpg",
		"s/7/wrist 1 observation/s/7/videos/wrist/0.jpg",
		"s/8/a 0 observation/s/8/a.avi",
		"s/8/b 0 observation/s/8/b.TS",
		"s/8/c 0 observation/s/8/c.m4v",
		"s/8/d 0 observation/s/8/d.webm",
		`clips: episode s/4: observation/s/4 holds images of several kinds of names, such as "hand_left_color_0.jpg" and "head_color_0.jpg": each camera's frames belong in a folder of their own`,
		`clips: episode s/5, camera camera: observation/s/5/camera holds images of several kinds of names, such as "hand_left_color_0.jpg" and "head_color_0.jpg": each camera's frames belong in a folder of their own`,
		"clips: episode s/6: holds neither videos nor frames",
	}
	if diff := cmp.Diff(want, listed(t, root)); diff != "" {
		t.Error(diff)
	}
}

// TestAgiBotEmpty: nothing to read is an error that says where was looked.
func TestAgiBotEmpty(t *testing.T) {
	for name, files := range map[string][]string{
		"holds no recording":            {"task_info/327.json"},
		"no recording can be used":      {"observations/327/1/depth/depth_0.png"},
		"holds no recording: they are ": {"observations/327/README.md"},
	} {
		root := t.TempDir()
		for _, f := range files {
			put(t, filepath.Join(root, filepath.FromSlash(f)), []byte("[]"))
		}
		if recordings, _, err := AgiBot(root); err == nil || !strings.Contains(err.Error(), name) || recordings != nil {
			t.Errorf("%q: %v", files, err)
		}
	}
}

// TestTruthOfCameras: what a simulator knew belongs to every camera, and where it cannot be read that recording is told of.
func TestTruthOfCameras(t *testing.T) {
	root := t.TempDir()
	for e := range 2 {
		for i := range 4 {
			for _, camera := range []string{"head", "wrist"} {
				put(t, filepath.Join(root, "observation", "s", fmt.Sprint(e), camera, fmt.Sprintf("%d.png", i)), picture(t, i))
			}
		}
		costs := []int{90, 60, 30, 0}
		putJSON(t, filepath.Join(root, "progress", "s", fmt.Sprint(e, ".json")), map[string]any{
			"scene_id": "s", "episode_id": e, "task_name": "tidy", "num_frames": 4, "cost_to_go": costs[e:], "regress": []int{0, 0, 0, 0}, "below_best": []int{0, 0, 0, 0},
		})
	}
	infos := []any{info(0, 4), info(1, 4)}
	for _, i := range infos {
		i.(map[string]any)["subtask_plan"] = []string{"Pick.", "Place."}
	}
	putJSON(t, filepath.Join(root, "task_info", "s.json"), infos)
	recordings, skipped, err := AgiBot(root)
	if err != nil || len(recordings) != 2 || len(skipped) != 2 || skipped[0].Camera != "head" || !strings.Contains(skipped[0].Error(), "4 frames but 3 costs") {
		t.Fatal(len(recordings), skipped, err)
	}
	if strings.Count(skipped[0].Error(), "dataset: ") > 1 {
		t.Errorf("prefixes are doubled: %v", skipped[0])
	}
	for k, camera := range []string{"head", "wrist"} {
		if r := recordings[k]; r.Camera != camera || !slices.Equal(r.Truth.Cost, []float64{90, 60, 30, 0}) {
			t.Errorf("camera %s: %v", r.Camera, r.Truth)
		}
	}
	episodes, _, err := dataset.SimulatedCamera(os.DirFS(root), "wrist")
	if err != nil || len(episodes) != 1 || episodes[0].Camera != "wrist" || episodes[0].Frames[3] != "observation/s/0/wrist/3.png" {
		t.Errorf("%v, %v", episodes, err)
	}
	if _, skipped, err := dataset.SimulatedCamera(os.DirFS(root), "third"); err == nil || len(skipped) != 2 {
		t.Errorf("a camera that is not there: %v, %v", skipped, err)
	}
}
