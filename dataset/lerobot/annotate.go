package lerobot

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/egotsr/egotsr/dataset/clips"
)

const (
	tasksFile    = "meta/tasks.parquet"
	subtasksFile = "meta/subtasks.parquet"

	subtaskColumn  = "subtask_index"       // lerobot 0.4 and 0.5
	languageColumn = "language_persistent" // lerobot 0.6
)

// annotate reads the data files: every episode's rows are counted and compared with its metadata, and its task and
// actions are filled in.
func (d *folder) annotate(episodes []*episode) error {
	tasks, err := d.tasks()
	if err != nil {
		return err
	}
	byFile := map[string]map[int]*episode{}
	var files []string
	for _, e := range episodes {
		if byFile[e.data] == nil {
			byFile[e.data] = map[int]*episode{}
			files = append(files, e.data)
		}
		byFile[e.data][e.index] = e
	}
	var subtasks map[int]string
	for _, file := range files {
		if err := d.open(file, func(t *table) error {
			if subtasks == nil && !d.old() && t.has(subtaskColumn) {
				if subtasks, err = d.texts(subtasksFile, "subtask"); err != nil {
					return err
				}
			}
			return d.readRows(t, byFile[file], tasks, subtasks)
		}); err != nil {
			return err
		}
		for _, e := range episodes {
			if e.data == file && e.actions == nil {
				return fail(file, e.index, "has no rows")
			}
		}
	}
	return nil
}

// texts reads a table of texts by index. pandas writes the text as the index of the table, which has a name or not.
func (d *folder) texts(file, column string) (map[int]string, error) {
	texts := map[int]string{}
	err := d.open(file, func(t *table) error {
		index, err := t.counts(column + "_index")
		if err != nil {
			return err
		}
		if !t.has(column) {
			column = "__index_level_0__"
		}
		list, err := t.texts(column)
		if err != nil {
			return err
		}
		for k, i := range index {
			if _, twice := texts[i]; twice {
				return fmt.Errorf("index %d is listed twice", i)
			}
			texts[i] = strings.TrimSpace(list[k])
		}
		return nil
	})
	return texts, err
}

// rows are the columns of a data file that are read, one entry a frame.
type rows struct {
	episode, frame, task []int
	subtask              []int // nil where there is no such column
	index                []int // of the frame in the dataset; nil where there is no such column
	time                 []float64
}

func (t *table) rows() (r rows, err error) {
	for _, column := range []struct {
		name string
		into *[]int
	}{{"episode_index", &r.episode}, {"frame_index", &r.frame}, {"task_index", &r.task}} {
		if *column.into, err = t.counts(column.name); err != nil {
			return r, err
		}
	}
	if t.has(subtaskColumn) {
		if r.subtask, err = t.labels(subtaskColumn); err != nil {
			return r, err
		}
	}
	if t.has("index") {
		if r.index, err = t.counts("index"); err != nil {
			return r, err
		}
	}
	r.time, err = t.numbers("timestamp")
	return r, err
}

func (d *folder) readRows(t *table, episodes map[int]*episode, tasks, subtasks map[int]string) error {
	r, err := t.rows()
	if err != nil {
		return err
	}
	for from := 0; from < len(r.episode); {
		to := from + 1
		for to < len(r.episode) && r.episode[to] == r.episode[from] {
			to++
		}
		e := episodes[r.episode[from]]
		switch {
		case e == nil:
			return fail(t.name, r.episode[from], "has rows here, but the metadata does not list it in this file")
		case e.actions != nil:
			return fail(t.name, e.index, "has its rows in two places")
		case to-from != e.length:
			return fail(t.name, e.index, "has %d rows, but a length of %d in %s", to-from, e.length, e.file)
		}
		for i := range e.length {
			if r.frame[from+i] != i {
				return fail(t.name, e.index, "row %d is frame %d", i, r.frame[from+i])
			}
			if r.index != nil && r.index[from+i] != r.index[from]+i {
				return fail(t.name, e.index, "frame %d has index %d, where %d is next", i, r.index[from+i], r.index[from]+i)
			}
			// A row shows the frame at its timestamp, whatever its number; NaN is none.
			if x := r.time[from+i] * d.FPS; !(math.Abs(x-float64(i)) < 0.5) {
				return fail(t.name, e.index, "frame %d is at %v s, which is frame %.1f at %v a second", i, r.time[from+i], x, d.FPS)
			}
		}
		if err := d.actions(t, e, r, from, tasks, subtasks); err != nil {
			return wrap(t.name, e.index, err)
		}
		from = to
	}
	return nil
}

// actions fills in an episode's task and actions from its rows, the first of which is given.
func (d *folder) actions(t *table, e *episode, r rows, first int, tasks, subtasks map[int]string) error {
	e.first, e.global = first, -1
	if r.index != nil {
		e.global = r.index[first]
	}
	for _, v := range e.views {
		if v.images != nil && !t.hasImages(v.images.key) {
			return fmt.Errorf("no images in a column %s", v.images.key)
		}
	}
	perTask, err := stretches(r.task[first:first+e.length], tasks, d.tasksFile())
	if err != nil {
		return err
	}
	var names []string
	for _, a := range perTask {
		if !slices.Contains(names, a.Text) {
			names = append(names, a.Text)
		}
	}
	e.task, e.actions = strings.Join(names, "; "), perTask
	if t.has(languageColumn) {
		spoken, err := d.spoken(t, first, e.length)
		if err != nil {
			return err
		}
		if len(spoken) > 0 {
			e.actions = spoken
			return nil
		}
	}
	if r.subtask == nil || d.old() {
		return nil
	}
	annotated, err := stretches(r.subtask[first:first+e.length], subtasks, subtasksFile)
	if err != nil {
		return err
	}
	if len(annotated) > 0 {
		e.actions = annotated
	}
	return nil
}

// stretches makes an action of every stretch of frames with one label.
func stretches(labels []int, texts map[int]string, file string) (actions []clips.Action, err error) {
	for from := 0; from < len(labels); {
		to := from + 1
		for to < len(labels) && labels[to] == labels[from] {
			to++
		}
		if k := labels[from]; k >= 0 {
			text, ok := texts[k]
			if !ok || text == "" {
				return nil, fmt.Errorf("frame %d: %s has no text for index %d", from, file, k)
			}
			actions = append(actions, clips.Action{Start: from, End: to, Text: text, PlanIndex: len(actions)})
		}
		from = to
	}
	return actions, nil
}

// spoken makes actions of the rows of style "subtask" in language_persistent. Each holds from its time to the next
// one's; one that ends in the frame in which it begins covers none.
func (d *folder) spoken(t *table, row, length int) ([]clips.Action, error) {
	var columns [3][]parquet.Value
	for k, name := range []string{"style", "content", "timestamp"} {
		var err error
		if columns[k], err = t.list(languageColumn, name, row); err != nil {
			return nil, err
		}
		if len(columns[k]) != len(columns[0]) {
			return nil, errors.New("lists in " + languageColumn + " differ in length")
		}
	}
	var actions []clips.Action
	for k, v := range columns[0] {
		style, err := text(v)
		if err != nil {
			return nil, err
		}
		content, err := text(columns[1][k])
		if err != nil {
			return nil, err
		}
		if content = strings.TrimSpace(content); style != "subtask" || content == "" {
			continue
		}
		start, err := d.frame(columns[2][k], length)
		if err != nil {
			return nil, fmt.Errorf("subtask %q: %w", content, err)
		}
		actions = append(actions, clips.Action{Start: start, Text: content})
	}
	slices.SortStableFunc(actions, func(a, b clips.Action) int { return cmp.Compare(a.Start, b.Start) })
	for k := range actions {
		actions[k].End = length
		if k > 0 {
			actions[k-1].End = actions[k].Start
		}
	}
	actions = slices.DeleteFunc(actions, func(a clips.Action) bool { return a.Start == a.End })
	for k := range actions {
		actions[k].PlanIndex = k
	}
	return actions, nil
}

// frame is the frame of an episode at a time within it.
func (d *folder) frame(v parquet.Value, length int) (int, error) {
	var time float64
	switch v.Kind() {
	case parquet.Float: // lerobot's own schema
		time = float64(v.Float())
	case parquet.Double: // what its annotation pipeline writes
		time = v.Double()
	default:
		return 0, errors.New("has no time")
	}
	x := math.Round(time * d.FPS)
	if !(x >= 0 && x < float64(length)) {
		return 0, fmt.Errorf("begins at %v s of an episode of %v s", time, float64(length)/d.FPS)
	}
	return int(x), nil
}
