// Package topics makes recordings of what a robot's logs hold, whatever file they lie in: each topic of images is a
// camera, and topics of texts tell the task and its subtasks.
package topics

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/egotsr/egotsr/dataset/clips"
)

// Options say what of a log is wanted. Packages mcap and rosbag have the same, with their words on it.
type Options struct {
	Cameras      []string
	Task         string
	TaskTopic    string
	SubtaskTopic string
}

// Error is about one topic, or about the whole log where Topic is "".
type Error struct {
	Topic string
	Err   error
}

func (e *Error) Error() string {
	if e.Topic == "" {
		return e.Err.Error()
	}
	return fmt.Sprintf("topic %s: %v", e.Topic, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

func fail(topic, format string, args ...any) error {
	return &Error{Topic: topic, Err: fmt.Errorf(format, args...)}
}

// Source is where a log's messages lie.
type Source interface {
	Files() []string
	Open() (Reader, error)
}

// Reader reads messages by the numbers that Log.Add was given. It is for one goroutine.
type Reader interface {
	Message(ref int) ([]byte, error)
	Close() error
}

// Log is a list of a log's messages by topic: 16 bytes for each image. The zero value is empty.
type Log struct {
	Options  Options
	channels []*Channel
}

// Channel is a topic as one writer wrote to it.
type Channel struct {
	Topic, Schema, Encoding string // such as /front/image_raw, sensor_msgs/msg/Image, cdr

	kind    kind
	wanted  bool // its texts are
	refused error
	depth   bool
	entries []entry
	texts   []text
}

type entry struct {
	time int64
	ref  int
}

type text struct {
	time int64
	text string
}

// Channel makes a channel of the log.
func (l *Log) Channel(topic, schema, encoding string) *Channel {
	c := &Channel{Topic: topic, Schema: schema, Encoding: encoding, kind: kindOf(schema, encoding)}
	c.wanted = topic != "" && (topic == l.Options.TaskTopic || topic == l.Options.SubtaskTopic)
	l.channels = append(l.channels, c)
	return c
}

// Wanted tells whether the log has to be told of a channel's messages.
func (c *Channel) Wanted() bool { return c.wanted || c.kind != other }

// Add lists a message of a channel: its time in nanoseconds and its number for Reader. data is asked for only where the
// content matters now: of texts, and of each camera's first image.
func (c *Channel) Add(time int64, ref int, data func() ([]byte, error)) error {
	if c.wanted {
		b, err := data()
		if err != nil {
			return err
		}
		s, err := decodeText(c.Encoding, c.Schema, b)
		if err != nil {
			return &Error{c.Topic, err}
		}
		c.texts = append(c.texts, text{time, strings.TrimSpace(s)})
		return nil
	}
	if len(c.entries) == 0 {
		b, err := data()
		if err != nil {
			return err
		}
		f, err := decode(c.kind, c.Encoding, b)
		if err == nil && f.depth() {
			c.depth = true
		} else if err == nil {
			_, _, err = f.file()
		}
		c.refused = err
	}
	c.entries = append(c.entries, entry{time, ref})
	return nil
}

// Keep takes back the images of a channel that ok says no to.
func (c *Channel) Keep(ok func(ref int) bool) {
	c.entries = slices.DeleteFunc(c.entries, func(e entry) bool { return !ok(e.ref) })
}

// Recordings are the cameras of the log, in the order of their topics or that of Options.Cameras.
func (l *Log) Recordings(src Source, scene, episode string) ([]clips.Recording, error) {
	cameras, err := l.cameras()
	if err != nil {
		return nil, err
	}
	tasks, err := l.texts(l.Options.TaskTopic)
	if err != nil {
		return nil, err
	}
	subtasks, err := l.texts(l.Options.SubtaskTopic)
	if err != nil {
		return nil, err
	}
	task := l.Options.Task
	if task == "" {
		var names []string
		for _, t := range tasks {
			if t.text != "" && !slices.Contains(names, t.text) {
				names = append(names, t.text)
			}
		}
		task = strings.Join(names, "; ")
	}
	if task == "" {
		return nil, fail(l.Options.TaskTopic, "no task: give its name in Options.Task, or in Options.TaskTopic the topic that tells it, of %s", l.list(texty))
	}
	if len(subtasks) == 0 {
		subtasks = []text{{time: minTime, text: task}}
		if l.Options.Task == "" && len(tasks) > 1 {
			subtasks = tasks
		}
	}
	var recordings []clips.Recording
	names := map[string]string{}
	for _, c := range cameras {
		name := cameraName(c.Topic)
		if before, ok := names[name]; ok {
			return nil, fail(c.Topic, "and %s would both be camera %s", before, name)
		}
		names[name] = c.Topic
		slices.SortStableFunc(c.entries, func(a, b entry) int { return cmp.Compare(a.time, b.time) })
		recordings = append(recordings, clips.Recording{
			Scene: scene, Episode: episode, Camera: name, Task: task, Stored: &stored{src, c}, Actions: actions(subtasks, c.entries),
		})
	}
	return recordings, nil
}

// minTime is before all messages.
const minTime = -1 << 63

// actions makes an action of every stretch of a camera's frames in which one text holds. It holds until another comes;
// an empty one ends it.
func actions(texts []text, frames []entry) (list []clips.Action) {
	for k, t := range texts {
		if k > 0 && t.text == texts[k-1].text || t.text == "" {
			continue // said again
		}
		end := len(frames)
		for _, next := range texts[k+1:] {
			if next.text != t.text {
				end = firstAt(frames, next.time)
				break
			}
		}
		if start := firstAt(frames, t.time); start < end {
			list = append(list, clips.Action{Start: start, End: end, Text: t.text, PlanIndex: len(list)})
		}
	}
	return list
}

// firstAt is the first frame that is no earlier than a time.
func firstAt(frames []entry, time int64) int {
	i, _ := slices.BinarySearchFunc(frames, time, func(e entry, t int64) int { return cmp.Compare(e.time, t) })
	return i
}

// cameras are the channels wanted. Several writers of one topic are one camera.
func (l *Log) cameras() (list []*Channel, err error) {
	byTopic := map[string]*Channel{}
	var topics []string
	for _, c := range l.channels {
		if c.kind == other || c.wanted || len(c.entries) == 0 {
			continue
		}
		first := byTopic[c.Topic]
		if first == nil {
			byTopic[c.Topic] = c
			topics = append(topics, c.Topic)
			continue
		}
		if first.Schema != c.Schema || first.Encoding != c.Encoding {
			return nil, fail(c.Topic, "holds %s (%s) and %s (%s)", first.Schema, first.Encoding, c.Schema, c.Encoding)
		}
		first.entries = append(first.entries, c.entries...)
		first.refused, first.depth = cmp.Or(first.refused, c.refused), first.depth || c.depth
	}
	slices.Sort(topics)
	asked := len(l.Options.Cameras) > 0
	if asked {
		topics = l.Options.Cameras
	}
	for k, topic := range topics {
		c := byTopic[topic]
		switch {
		case slices.Contains(topics[:k], topic):
			return nil, fail(topic, "is asked for twice")
		case c == nil:
			return nil, fail(topic, "is no topic of images; there are %s", l.list(func(c *Channel) bool { return c.kind != other }))
		case c.depth && !asked:
			continue
		case c.depth:
			return nil, fail(topic, "holds depth, not what a camera sees")
		case c.refused != nil && !asked:
			return nil, fail(topic, "%w; name the cameras wanted in Options.Cameras to do without it", c.refused)
		case c.refused != nil:
			return nil, fail(topic, "%w", c.refused)
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		return nil, fail("", "no images on any topic; there are %s", l.list(func(*Channel) bool { return true }))
	}
	return list, nil
}

// texts are what was said on a topic, in order of time; nil for no topic.
func (l *Log) texts(topic string) (texts []text, err error) {
	if topic == "" {
		return nil, nil
	}
	for _, c := range l.channels {
		if c.Topic == topic {
			texts = append(texts, c.texts...)
		}
	}
	if len(texts) == 0 {
		return nil, fail(topic, "nothing was said on it; texts are on %s", l.list(texty))
	}
	slices.SortStableFunc(texts, func(a, b text) int { return cmp.Compare(a.time, b.time) })
	return texts, nil
}

func texty(c *Channel) bool {
	return c.wanted || strings.HasSuffix(c.Schema, "String") || strings.HasSuffix(c.Schema, "StringValue")
}

// list names some of the log's topics, with what they hold.
func (l *Log) list(which func(*Channel) bool) string {
	const most = 20
	var names []string
	for _, c := range l.channels {
		if name := fmt.Sprintf("%s (%s, %s)", c.Topic, c.Schema, c.Encoding); which(c) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	switch {
	case len(names) == 0:
		return "none"
	case len(names) > most:
		names = append(names[:most], "…")
	}
	return strings.Join(names, ", ")
}

// cameraName is a topic as the name of a folder. Topics have no dots.
func cameraName(topic string) string {
	return strings.ReplaceAll(strings.Trim(topic, "/"), "/", ".")
}
