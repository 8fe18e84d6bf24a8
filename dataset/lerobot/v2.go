package lerobot

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Where v2 keeps what v3 keeps in Parquet files.
const (
	episodesFile = "meta/episodes.jsonl"
	taskListFile = "meta/tasks.jsonl"
)

// listedEpisodes reads meta/episodes.jsonl of v2, where every episode has a data file and a video of its own.
func (d *folder) listedEpisodes(cameras []camera) (episodes []*episode, err error) {
	err = d.eachLine(episodesFile, func(line []byte) error {
		var row struct {
			Index  *int `json:"episode_index"`
			Length int  `json:"length"`
		}
		if err := json.Unmarshal(line, &row); err != nil {
			return err
		}
		if row.Index == nil || *row.Index < 0 || *row.Index > maxCount {
			return fmt.Errorf("no episode_index in %.80q", line)
		}
		if row.Length < 1 || row.Length > maxCount {
			return fail(episodesFile, *row.Index, "has %d frames", row.Length)
		}
		e := &episode{index: *row.Index, length: row.Length, file: episodesFile}
		chunk := e.index / d.ChunkSize
		if e.data, err = expand(d.DataPath, "", chunk, e.index); err != nil {
			return wrap(infoFile, -1, err)
		}
		for _, c := range cameras {
			if c.images {
				e.views = append(e.views, d.stored(e, c))
				continue
			}
			file, err := expand(d.VideoPath, c.key, chunk, e.index)
			if err != nil {
				return wrap(infoFile, -1, err)
			}
			e.views = append(e.views, view{file: file, to: e.length})
		}
		episodes = append(episodes, e)
		return nil
	})
	return episodes, err
}

func (d *folder) tasksFile() string {
	if d.old() {
		return taskListFile
	}
	return tasksFile
}

// tasks reads the tasks' texts by index.
func (d *folder) tasks() (map[int]string, error) {
	if !d.old() {
		return d.texts(tasksFile, "task")
	}
	texts := map[int]string{}
	err := d.eachLine(taskListFile, func(line []byte) error {
		var row struct {
			Index *int   `json:"task_index"`
			Text  string `json:"task"`
		}
		if err := json.Unmarshal(line, &row); err != nil {
			return err
		}
		if row.Index == nil {
			return fmt.Errorf("no task_index in %.80q", line)
		}
		if _, twice := texts[*row.Index]; twice {
			return fmt.Errorf("index %d is listed twice", *row.Index)
		}
		texts[*row.Index] = strings.TrimSpace(row.Text)
		return nil
	})
	return texts, err
}

// eachLine calls f with every line of a file of JSON lines that is not blank. The files are small: a line an episode.
func (d *folder) eachLine(name string, f func(line []byte) error) error {
	data, err := os.ReadFile(filepath.Join(d.dir, filepath.FromSlash(name)))
	if err != nil {
		return wrap(name, -1, err)
	}
	number := 0
	for line := range bytes.Lines(bytes.TrimPrefix(data, []byte("\ufeff"))) {
		number++
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if err := f(line); err != nil {
			if e, ok := err.(*Error); ok {
				return e
			}
			return fail(name, -1, "line %d: %w", number, err)
		}
	}
	return nil
}
