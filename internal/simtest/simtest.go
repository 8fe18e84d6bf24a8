// Package simtest serves tests: it makes up simulated episodes for those of programs that read them from disk, and says
// which tests only CI has the time for.
package simtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"
)

// Long skips a test that takes minutes, unless EGOTSR_LONG is set, as `make test-long` does.
func Long(t testing.TB) {
	t.Helper()
	if os.Getenv("EGOTSR_LONG") == "" {
		t.Skip("takes long: make test-long runs it")
	}
}

// Pick is how much of something a test does: more of it where EGOTSR_LONG is set.
func Pick(short, long int) int {
	if os.Getenv("EGOTSR_LONG") == "" {
		return short
	}
	return long
}

// Write puts two episodes of every task into dir, in the layout of dataset.Simulated: one that goes well, and one that is
// thrown back in its middle and recovers. Frames are 56x56 and brighten with progress.
func Write(t testing.TB, dir string, tasks ...string) {
	t.Helper()
	put := func(name string, data []byte) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	putJSON := func(name string, value any) {
		data, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		put(name, data)
	}
	for k, task := range tasks {
		scene := fmt.Sprintf("scene%d", k)
		var infos []any
		for id, cost := range [][]int{{100, 90, 80, 70, 60, 50, 40, 30, 20, 10, 0, 0}, {100, 85, 70, 55, 40, 90, 75, 60, 45, 30, 15, 0}} {
			worse, below := make([]int, len(cost)), make([]int, len(cost))
			best := cost[0]
			for i, c := range cost {
				if i > 0 && c > cost[i-1] {
					worse[i] = 1
				}
				if c > best {
					below[i] = 1
				}
				best = min(best, c)
				put(fmt.Sprintf("observation/%s/%d/frame_%06d.jpg", scene, id, i), gray(t, uint8(255-2*c)))
			}
			putJSON(fmt.Sprintf("progress/%s/%d.json", scene, id), map[string]any{
				"scene_id": scene, "episode_id": id, "task_name": task, "num_frames": len(cost), "cost_to_go": cost,
				"variant": []string{"clean", "drop"}[id], "outcome": []string{"success", "recovered"}[id], "regress": worse, "below_best": below,
			})
			infos = append(infos, map[string]any{
				"episode_id": id, "task_name": task, "subtask_plan": []string{"Reach for the cup.", "Lift the cup."},
				"label_info": map[string]any{"action_config": []any{
					map[string]any{"start_frame": 0, "end_frame": 6, "plan_index": 0},
					map[string]any{"start_frame": 6, "end_frame": len(cost), "plan_index": 1},
				}},
			})
		}
		putJSON("task_info/"+scene+".json", infos)
	}
}

func gray(t testing.TB, level uint8) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 56, 56))
	draw.Draw(m, m.Rect, image.NewUniform(color.Gray{Y: level}), image.Point{}, draw.Src)
	var data bytes.Buffer
	if err := jpeg.Encode(&data, m, nil); err != nil {
		t.Fatal(err)
	}
	return data.Bytes()
}
