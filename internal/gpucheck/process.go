package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// row is a line of the table: what was measured, or why it was not.
type row struct {
	Part    string  `json:"part"`
	Name    string  `json:"name"`
	Value   float64 `json:"value"`
	Unit    string  `json:"unit"`
	Note    string  `json:"note,omitempty"`
	Skipped string  `json:"skipped,omitempty"` // why it was not tried
	Error   string  `json:"error,omitempty"`   // why it failed
	Took    float64 `json:"took_s"`            // with compiling and warming up
}

func (r row) String() string {
	value := fmt.Sprintf("%10.4g %-8s", r.Value, r.Unit)
	switch {
	case r.Error != "" && r.Value == 0:
		value = fmt.Sprintf("%-19s", "failed")
	case r.Skipped != "":
		value = fmt.Sprintf("%-19s", "left out")
	}
	s := fmt.Sprintf("%-12s %-46s %s", r.Part, r.Name, value)
	for _, more := range []string{r.Note, r.Skipped, r.Error} {
		if more != "" {
			s += " " + more
		}
	}
	return strings.TrimRight(s, " ")
}

// measurement is how a row comes about. A skipped is told of as such.
type measurement struct {
	name, unit string
	run        func(ctx context.Context, w *worker) (value float64, note string, err error)
}

// part is what one process measures, in this order.
type part struct {
	name  string
	needs bool          // the checkpoint of the shape
	limit time.Duration // or less, where less is left
	rows  []measurement
}

// skipped is why something is not tried.
type skipped string

func (s skipped) Error() string { return string(s) }

// measure prints the rows of a part as JSON, one a line, as they come.
func (s settings) measure(ctx context.Context, name string, out io.Writer) {
	w := &worker{settings: s}
	defer w.close()
	for _, p := range append(parts, checkpoint) {
		if p.name != name {
			continue
		}
		for _, m := range p.rows {
			r := row{Part: p.name, Name: m.name, Unit: m.unit}
			start := time.Now()
			value, note, err := w.run(ctx, m)
			r.Took = time.Since(start).Seconds()
			r.Value, r.Note = value, note
			if why := skipped(""); errors.As(err, &why) {
				r.Skipped = string(why)
			} else if err != nil && ctx.Err() != nil {
				r.Skipped = "no time was left"
			} else if err != nil {
				r.Error = firstLines(err.Error())
			}
			json.NewEncoder(out).Encode(r)
		}
	}
}

// run keeps a row that panics from taking the others along.
func (w *worker) run(ctx context.Context, m measurement) (value float64, note string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return m.run(ctx, w)
}

// spawn measures a part in a process of its own, and says of every row of it what became of it.
func (s settings) spawn(ctx context.Context, p part) (rows []row) {
	ctx, cancel := context.WithTimeout(ctx, p.limit)
	defer cancel()
	cmd, err := s.self(ctx, "-worker", p.name)
	var stderr bytes.Buffer
	if err == nil {
		cmd.Stderr = &stderr
		var out io.Reader
		if out, err = cmd.StdoutPipe(); err == nil {
			if err = cmd.Start(); err == nil {
				lines := bufio.NewScanner(out)
				lines.Buffer(nil, 1<<20)
				for lines.Scan() {
					var r row
					if json.Unmarshal(lines.Bytes(), &r) == nil && r.Part == p.name {
						rows = append(rows, r)
					}
				}
				err = cmd.Wait()
			}
		}
	}
	for i, m := range p.rows[min(len(rows), len(p.rows)):] {
		r := row{Part: p.name, Name: m.name, Unit: m.unit}
		switch {
		case ctx.Err() != nil:
			r.Skipped = "no time was left"
		case i == 0:
			r.Error = fmt.Sprintf("the process ended: %v: %s", err, firstLines(tail(stderr.String())))
		default:
			r.Skipped = "the process had ended"
		}
		rows = append(rows, r)
	}
	return rows
}

// self is this program again, with the same settings.
func (s settings) self(ctx context.Context, args ...string) (*exec.Cmd, error) {
	name, err := os.Executable()
	if err != nil {
		return nil, err
	}
	left := time.Hour
	if at, ok := ctx.Deadline(); ok {
		left = time.Until(at)
	}
	args = append(args, "-backend", s.backend, "-shape", s.shape, "-dir", s.dir, "-data", s.data, "-python", s.python, "-script", s.script, "-for", left.String())
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.WaitDelay = 5 * time.Second
	return cmd, nil
}

// firstLines is as much of a message as fits into a table.
func firstLines(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 600 {
		s = s[:600] + " …"
	}
	return s
}

// tail is the end of a log.
func tail(s string) string { return s[max(0, len(s)-600):] }
