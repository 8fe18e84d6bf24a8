package main

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/egotsr/egotsr/dataset/lerobot"
)

// lerobot writes, for every LeRobotDataset whose episodes have all been judged, the file in which lerobot's trainers look for
// progress. It tells of those that go without.
func (g *gathering) lerobot() (notes []string, err error) {
	sets := map[string][]Outcome{} // by folder
	var dirs []string
	for _, o := range g.judged {
		if o.Source.Kind != "lerobot" || g.job.Name == "" {
			continue
		}
		if sets[o.Source.Path] == nil {
			dirs = append(dirs, o.Source.Path)
		}
		sets[o.Source.Path] = append(sets[o.Source.Path], o)
	}
	slices.Sort(dirs)
	for _, dir := range dirs {
		note, err := g.dataset(dir, sets[dir])
		if err != nil {
			return nil, err
		}
		notes = append(notes, dir+": "+note)
	}
	return notes, nil
}

// dataset writes the progress of one dataset.
func (g *gathering) dataset(dir string, judged []Outcome) (note string, err error) {
	camera := judged[0].Camera
	if slices.ContainsFunc(judged, func(o Outcome) bool { return o.Camera != camera }) {
		return "no progress file: it has several cameras, choose one with -camera", nil
	}
	if slices.ContainsFunc(g.dead, func(o Outcome) bool { return o.Source.Path == dir }) {
		return "no progress file: not all episodes could be judged", nil
	}
	p, err := lerobot.OpenProgress(dir, &lerobot.ProgressOptions{
		Name: g.job.Name, Model: fmt.Sprintf("egotsr checkpoint %s, camera %s, every %d, %d frames", g.job.Checkpoint, camera, g.job.Every, g.job.Frames),
	})
	if err != nil {
		return "", err
	}
	defer p.Close()
	missing := p.Missing()
	one := gathering{job: g.job, judged: judged}
	err = one.each(func(o Outcome, a *answers) error {
		episode, err := strconv.Atoi(o.Episode)
		if err != nil || !slices.Contains(missing, episode) {
			return err
		}
		var at []int
		var curve []float64
		for _, point := range a.Curve {
			at, curve = append(at, point.Frame), append(curve, point.Progress)
		}
		all, err := lerobot.Spread(at, curve, p.Frames(episode))
		if err != nil {
			return err
		}
		return p.Add(episode, all, nil)
	})
	if err != nil {
		return "", err
	}
	return g.job.Name + "_progress.parquet", p.Write()
}
