package dataset

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"maps"
	"os"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// Cost curves of the synthetic episodes. Steady falls by 10 steps a frame; slipped falls, is thrown back at frame 5 and
// recovers; still never moves by the margin.
var (
	steady  = []int{100, 90, 80, 70, 60, 50, 40, 30, 20, 10, 0, 0}
	slipped = []int{100, 85, 70, 55, 40, 90, 80, 70, 60, 50, 40, 30, 20, 10, 0}
	still   = []int{40, 40, 39, 39, 38, 38, 37, 37}
)

// tree writes an episode of every cost curve given, in the layout of Simulated: scene "s<k>" with task "task <k>" for
// the k-th list of curves, episodes numbered from 1.
func tree(t testing.TB, scenes ...[][]int) fstest.MapFS {
	t.Helper()
	picture := jpegBytes(t)
	fsys := fstest.MapFS{}
	for k, curves := range scenes {
		scene, task := fmt.Sprintf("s%d", k), fmt.Sprintf("task %d", k)
		var infos []any
		for n, cost := range curves {
			id := n + 1
			var worse, below []int
			best := cost[0]
			for i, c := range cost {
				worse = append(worse, bit(i > 0 && c > cost[i-1]))
				below = append(below, bit(c > best+3))
				best = min(best, c)
			}
			putJSON(t, fsys, fmt.Sprintf("progress/%s/%d.json", scene, id), map[string]any{
				"scene_id": scene, "episode_id": id, "task_name": task, "seed": 100 + n, "variant": "clean",
				"outcome": "success", "num_frames": len(cost), "cost_to_go": cost, "regress": worse, "below_best": below,
			})
			half := len(cost) / 2
			infos = append(infos, map[string]any{
				"episode_id": id, "task_name": task, "subtask_plan": []string{"Reach.", "Place."},
				"label_info": map[string]any{"action_config": []any{
					map[string]any{"start_frame": 0, "end_frame": half, "plan_index": 0},
					map[string]any{"start_frame": half, "end_frame": len(cost), "plan_index": 1},
				}},
			})
			for i := range cost {
				fsys[fmt.Sprintf("observation/%s/%d/frame_%06d.jpg", scene, id, i)] = &fstest.MapFile{Data: picture}
			}
		}
		putJSON(t, fsys, "task_info/"+scene+".json", infos)
	}
	return fsys
}

// mixed has two tasks: one episode of the first, three of the second.
func mixed(t testing.TB) (fstest.MapFS, []Episode) {
	t.Helper()
	fsys := tree(t, [][]int{steady}, [][]int{slipped, still, steady})
	episodes, skipped, err := Simulated(fsys)
	if err != nil || len(skipped) > 0 {
		t.Fatal(skipped, err)
	}
	return fsys, episodes
}

// change is fsys with one file replaced, or removed where data is empty.
func change(fsys fstest.MapFS, name, data string) fstest.MapFS {
	out := maps.Clone(fsys)
	if delete(out, name); data != "" {
		out[name] = &fstest.MapFile{Data: []byte(data)}
	}
	return out
}

func putJSON(t testing.TB, fsys fstest.MapFS, name string, v any) {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	fsys[name] = &fstest.MapFile{Data: data}
}

func jpegBytes(t testing.TB) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 8, 6))
	img.Set(3, 3, color.White)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// same compares samples, which hold slices.
func same(a, b Sample) bool { return cmp.Equal(a, b) }

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// samplesOf reads a whole source.
func samplesOf(t testing.TB, src Source) []Sample {
	t.Helper()
	out := make([]Sample, src.Len())
	for i := range out {
		s, err := src.At(i)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = s
	}
	return out
}

// recorded reads the recorded episodes that lie beside a developer's checkout, and skips the test without them.
func recorded(t testing.TB, roots ...string) []Episode {
	t.Helper()
	const beside = "../../shared"
	for _, root := range roots {
		if _, err := os.Stat(beside + "/" + root + "/progress"); err != nil {
			t.Skipf("no recorded episodes beside this checkout: %v", err)
		}
	}
	episodes, skipped, err := Simulated(os.DirFS(beside), roots...)
	if err != nil || len(skipped) > 0 {
		t.Fatal(skipped, err)
	}
	return episodes
}
