package evaluate

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestShards answers a sheet by shards, one of which breaks and goes on, and merges them: the files are those of one run.
func TestShards(t *testing.T) {
	dir := t.TempDir()
	good, bad := sheet(t, dir, 403)
	if err := fill(t.Context(), brighter{}, "fake", dir, "whole.csv"); err != nil {
		t.Fatal(err)
	}
	on := Sheet{In: filepath.Join(dir, "in.csv"), Images: dir, Out: filepath.Join(dir, "out.csv"), Judge: "fake", Shards: 7}
	refused := func(about string) {
		t.Helper()
		before := files(t, dir)
		if _, err := Merge(on, nil); err == nil || !strings.Contains(err.Error(), about) {
			t.Errorf("merged without what is %q: %v", about, err)
		}
		if diff := cmp.Diff(before, files(t, dir)); diff != "" {
			t.Errorf("%s: %s", about, diff)
		}
	}
	answered := 0
	for on.Shard = range on.Shards {
		refused("shard " + string(rune('0'+on.Shard)) + " of 7")
		if on.Shard == 3 {
			if _, err := Table(t.Context(), brighter{breaks: 30}, on, nil); !errors.Is(err, errDevice) {
				t.Fatal(err)
			}
			refused("shard 3 of 7")
		}
		r, err := Table(t.Context(), brighter{}, on, nil)
		if err != nil {
			t.Fatal(err)
		}
		if answered += r.Answered; r.Answered+r.Skipped != 403*(on.Shard+1)/7-403*on.Shard/7 {
			t.Errorf("shard %d: %+v", on.Shard, r)
		}
	}
	on.Judge = "other"
	refused("shard 0 of 7")
	on.Judge = "fake"
	for range 2 {
		r, err := Merge(on, nil)
		if err != nil || answered != len(good) || r.Answered != len(good) || r.Skipped != len(bad) || r.Report == nil {
			t.Fatalf("%+v, %d, %v", r, answered, err)
		}
		all := files(t, dir)
		for _, end := range []string{"", ".skipped.csv", ".journal.jsonl"} {
			if diff := cmp.Diff(all["whole.csv"+end], all["out.csv"+end]); diff != "" {
				t.Errorf("%q: %s", end, diff)
			}
		}
	}
	done := files(t, dir)
	on.Shard = 2
	if _, err := Table(t.Context(), brighter{breaks: 1}, on, nil); err != nil {
		t.Error("a shard that is done is asked again:", err)
	}
	if diff := cmp.Diff(done, files(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// TestShardsOfFew: a shard may have no rows, and a number beyond the shards is refused.
func TestShardsOfFew(t *testing.T) {
	dir := t.TempDir()
	sheet(t, dir, 2)
	on := Sheet{In: filepath.Join(dir, "in.csv"), Images: dir, Out: filepath.Join(dir, "out.csv"), Shards: 5}
	for on.Shard = range on.Shards {
		if _, err := Table(t.Context(), brighter{}, on, nil); err != nil {
			t.Fatal(err)
		}
	}
	if r, err := Merge(on, nil); err != nil || r.Answered+r.Skipped != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	for _, wrong := range [][2]int{{5, 5}, {-1, 5}, {1, 0}, {0, -1}} {
		on.Shard, on.Shards = wrong[0], wrong[1]
		_, err := Table(t.Context(), brighter{}, on, nil)
		wantInput(t, err, "sheet")
	}
	on.Shard, on.Shards = 0, 0
	_, err := Merge(on, nil)
	wantInput(t, err, "sheet")
}

// files are those of a folder by name.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(data)
	}
	return all
}
