package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/internal/optim"
)

// lengths are the steps that two stages are to take.
type lengths [2]int

func (l lengths) stages() []curriculum.Stage {
	r := curriculum.Recipe{LR: 1e-3, MaxGradNorm: 1, MaxSteps: l[0], Batch: 2, Warmup: 2}
	next := r
	next.MaxSteps, next.Warmup = l[1], 0
	return []curriculum.Stage{asks("first", white, "{task_name}?", r), asks("next", white, "{task_name}", next)}
}

// take goes on with a run in dir for up to n steps; n < 0 is to its end.
func take(t testing.TB, dir string, l lengths, n int) (all []curriculum.Step, hash string) {
	t.Helper()
	m, e := tiny(t)
	all = steps(t, trainer(t, m, e, curriculum.Options{Dir: dir, Seed: 3}, l.stages()...), n)
	return all, hashOf(t, m)
}

// TestLonger: a run goes on with more steps or fewer than it began with. What was done stays, the rate goes on from where it was and falls
// to zero over the steps that are left; the same changes give the same weights, and interruptions without a change do not count.
func TestLonger(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		was, now lengths
		after    int // steps of the run
	}{{lengths{6, 3}, lengths{12, 3}, 4}, {lengths{12, 3}, lengths{6, 5}, 4}, {lengths{6, 3}, lengths{6, 8}, 7}, {lengths{6, 3}, lengths{9, 3}, 1}, {lengths{6, 3}, lengths{4, 3}, 4}} {
		whole, _ := take(t, t.TempDir(), c.was, -1)
		run := func(interrupted bool) (all []curriculum.Step, hash, dir string) {
			dir = t.TempDir()
			all, _ = take(t, dir, c.was, c.after)
			if interrupted {
				more, _ := take(t, dir, c.now, 1)
				all = append(all, more...)
			}
			more, hash := take(t, dir, c.now, -1)
			return append(all, more...), hash, dir
		}
		all, hash, dir := run(false)
		rates := func(steps []curriculum.Step) (rates []float64) {
			for _, s := range steps {
				rates = append(rates, s.LR)
			}
			return rates
		}
		if diff := cmp.Diff(losses(whole[:c.after]), losses(all[:c.after])); diff != "" || len(all) != c.now[0]+c.now[1] {
			t.Errorf("%+v: %d steps, the first ones %s", c, len(all), diff)
		}
		done := min(c.after, c.was[0])
		first := optim.NewSchedule(2, c.was[0])
		if c.was[0] != c.now[0] {
			first = first.Until(done, c.now[0])
		}
		for i, s := range all[:c.now[0]] {
			if s.Stage != "first" || s.Total != map[bool]int{true: c.was[0], false: c.now[0]}[i < c.after] || s.LR != first.Rate(1e-3, i+1) {
				t.Errorf("%+v: step %d: %+v", c, i+1, s)
			}
		}
		again, same, _ := run(false)
		if diff := cmp.Diff(rates(all), rates(again)); diff != "" || same != hash {
			t.Errorf("%+v: made again it is another run: %s", c, diff)
		}
		between, same, _ := run(true)
		if diff := cmp.Diff(losses(all), losses(between)); diff != "" || same != hash {
			t.Errorf("%+v: interrupted once more it is another run: %s", c, diff)
		}
		text, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("%s%08d", checkpointPrefix, len(all)), filepath.FromSlash(stateFile)))
		if changed := c.was[0] != c.now[0]; err != nil || strings.Contains(string(text), fmt.Sprintf(`"from": %d`, done)) != changed {
			t.Errorf("%+v: the state says %s, %v", c, text, err)
		}
	}
}

// TestStretch: a run that is stretched between loops is the one that was interrupted and planned anew, and one that has ended stays.
func TestStretch(t *testing.T) {
	t.Parallel()
	was, now := lengths{6, 3}, lengths{9, 3}
	dir := t.TempDir()
	all, _ := take(t, dir, was, 4)
	more, want := take(t, dir, now, -1)
	all = append(all, more...)

	m, e := tiny(t)
	run := trainer(t, m, e, curriculum.Options{Dir: t.TempDir(), Seed: 3}, was.stages()...)
	var got []curriculum.Step
	loop := func(n int) {
		for s, err := range run.Steps(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, s); len(got) == n {
				break
			}
		}
	}
	loop(4)
	run.Stretch(now[0])
	loop(-1)
	run.Stretch(100)
	loop(-1)
	if diff := cmp.Diff(losses(all), losses(got)); diff != "" || hashOf(t, m) != want {
		t.Error(diff)
	}
	if err := run.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestNotLonger: what has ended, or come to its last step, where the rate is zero, does not become another.
func TestNotLonger(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		was, now lengths
		after    int
		stage    string
	}{
		"a stage that has ended":        {lengths{6, 3}, lengths{9, 3}, 7, "first"},
		"a stage at its last step":      {lengths{6, 3}, lengths{9, 3}, 6, "first"},
		"fewer steps than were done":    {lengths{6, 3}, lengths{4, 3}, 5, "first"},
		"a run that has come to an end": {lengths{6, 3}, lengths{6, 9}, -1, "next"},
	} {
		dir := t.TempDir()
		take(t, dir, c.was, c.after)
		m, e := tiny(t)
		_, err := New(context.Background(), m, e, os.DirFS(checkpoint), c.now.stages(), curriculum.Options{Dir: dir, Seed: 3})
		var changed *curriculum.ChangedError
		if !errors.As(err, &changed) || changed.Field != "MaxSteps" || changed.Stage != c.stage {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestOlderState: a state from before a run could become longer has no schedule, and goes on, also as a longer one.
func TestOlderState(t *testing.T) {
	t.Parallel()
	whole, want := take(t, t.TempDir(), lengths{6, 3}, -1)
	for _, now := range []lengths{{6, 3}, {8, 3}} {
		dir := t.TempDir()
		take(t, dir, lengths{6, 3}, 4)
		path := filepath.Join(dir, checkpointPrefix+"00000004", filepath.FromSlash(stateFile))
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var s map[string]any
		if err := json.Unmarshal(text, &s); err != nil {
			t.Fatal(err)
		}
		for i, stage := range s["stages"].([]any) {
			stage := stage.(map[string]any)
			delete(stage, "schedule")
			recipe := stage["recipe"].(map[string]any)
			recipe["MaxSteps"], recipe["Warmup"] = stage["steps"], []int{2, 100}[i]
		}
		if text, err = json.Marshal(s); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		all, hash := take(t, dir, now, -1)
		if len(all) != now[0]+now[1]-4 || (hash == want) != (now == lengths{6, 3}) || all[0].LR != whole[4].LR {
			t.Errorf("%v: %d steps, the first %+v", now, len(all), all[0])
		}
	}
}
