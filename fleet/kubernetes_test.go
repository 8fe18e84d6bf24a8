package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// manifest reads one of examples/evaluate/kubernetes. What the API's types do not know is an error.
func manifest(t *testing.T, name string) (job batch.Job, container core.Container) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../examples/evaluate/kubernetes", name))
	if err == nil {
		err = yaml.UnmarshalStrict(text, &job)
	}
	if err != nil {
		t.Fatal(err)
	}
	pod := job.Spec.Template.Spec
	if job.APIVersion != "batch/v1" || job.Kind != "Job" || len(pod.Containers) != 1 || pod.RestartPolicy != core.RestartPolicyNever {
		t.Fatalf("%s is no Job of one container that is never restarted in place", name)
	}
	container = pod.Containers[0]
	mounted := func(m core.VolumeMount) bool {
		return slices.ContainsFunc(pod.Volumes, func(v core.Volume) bool { return v.Name == m.Name && v.PersistentVolumeClaim != nil })
	}
	for _, m := range container.VolumeMounts {
		if !mounted(m) || m.MountPath != volume {
			t.Errorf("%s: %+v is no claim, or lies elsewhere", name, m)
		}
	}
	if len(container.VolumeMounts) != 1 || !strings.HasPrefix(container.Command[0], volume+"/") {
		t.Errorf("%s: the binary does not lie in the one volume", name)
	}
	return job, container
}

const volume = "/data"

// arguments are a container's as Kubernetes expands them for an index, with another folder for the volume.
func arguments(c core.Container, index int, dir string) []string {
	args := slices.Clone(c.Args)
	for k := range args {
		for _, e := range c.Env {
			value := e.Value
			if e.ValueFrom != nil && e.ValueFrom.FieldRef.FieldPath == "metadata.annotations['"+batch.JobCompletionIndexAnnotation+"']" {
				value = fmt.Sprint(index)
			}
			args[k] = strings.ReplaceAll(args[k], "$("+e.Name+")", value)
		}
		args[k] = strings.ReplaceAll(args[k], volume, dir)
	}
	return args
}

// TestManifests runs what the manifests' pods would run: each index by itself, one of which is started again, then the merge.
func TestManifests(t *testing.T) {
	job, judge := manifest(t, "judge.yaml")
	_, merge := manifest(t, "merge.yaml")
	if job.Spec.CompletionMode == nil || *job.Spec.CompletionMode != batch.IndexedCompletion || job.Spec.Completions == nil || job.Spec.BackoffLimitPerIndex == nil {
		t.Fatalf("%+v is not indexed, or gives up at the first failure", job.Spec)
	}
	n := int(*job.Spec.Completions)
	dir := t.TempDir()
	evaluate := filepath.Join(dir, "evaluate")
	build := exec.Command("go", "build", "-o", evaluate, "./examples/evaluate")
	build.Dir, build.Env = "..", append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	frames, err := filepath.Glob("../examples/judge/frames/*.jpg")
	if err != nil || len(frames) < 2 {
		t.Fatal(frames, err)
	}
	table := "video_path1,video_path2,task_name\n"
	for k := range n + 3 { // some shards have two rows
		table += fmt.Sprintf("%s,%s,Open a door\n", filepath.Base(frames[k%len(frames)]), filepath.Base(frames[(k+1)%len(frames)]))
	}
	if err := errors.Join(os.CopyFS(dir, os.DirFS("../examples/judge/frames")), os.WriteFile(filepath.Join(dir, "pairs.csv"), []byte(table), 0o644)); err != nil {
		t.Fatal(err)
	}
	tiny, err := filepath.Abs("../testdata/tiny")
	if err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) error {
		cmd := exec.Command(evaluate, append(args, "-model="+tiny, "-backend=go")...)
		text, err := cmd.CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%q: %w: %s", args, err, text)
		}
		return err
	}
	if err := run(arguments(merge, 0, dir)...); err == nil {
		t.Error("nothing was merged")
	}
	for _, index := range append([]int{n - 1}, intsTo(n)...) {
		if err := run(arguments(judge, index, dir)...); err != nil {
			t.Fatal(err)
		}
	}
	if err := run(arguments(merge, 0, dir)...); err != nil {
		t.Fatal(err)
	}
	whole := []string{"-in=" + filepath.Join(dir, "pairs.csv"), "-images=" + dir, "-out=" + filepath.Join(dir, "whole.csv")}
	if err := run(whole...); err != nil {
		t.Fatal(err)
	}
	got, err1 := os.ReadFile(filepath.Join(dir, "answers.csv"))
	want, err2 := os.ReadFile(filepath.Join(dir, "whole.csv"))
	if diff := cmp.Diff(string(want), string(got)); err1 != nil || err2 != nil || diff != "" || strings.Count(string(got), "\n") != n+4 {
		t.Error(err1, err2, diff)
	}
}

func intsTo(n int) (all []int) {
	for i := range n {
		all = append(all, i)
	}
	return all
}
