package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/egotsr/egotsr/dataset"
)

// digits stand in the sample that generate copies, where its number goes.
const digits = "00000000"

// generate writes samples that differ in their number. It fills in one that dataset's own writer has made: the writer
// itself would take most of an hour for 46 million.
func generate(w io.Writer, samples int) error {
	var line bytes.Buffer
	maker := dataset.NewWriter(&line, dataset.JSONL)
	err := maker.Write(dataset.Sample{
		Img1: "327/" + digits + "/00012.jpg", Img2: "327/" + digits + "/00040.jpg", Closer: dataset.Img2,
		Prompt: "Which is closer to completion of task " + digits + "?",
	})
	if err := errors.Join(err, maker.Close()); err != nil {
		return err
	}
	var places []int
	for at := 0; ; at += len(digits) {
		n := bytes.Index(line.Bytes()[at:], []byte(digits))
		if n < 0 {
			break
		}
		at += n
		places = append(places, at)
	}
	out := bufio.NewWriterSize(w, 1<<20)
	text := line.Bytes()
	for i := range samples {
		number := fmt.Appendf(text[places[0]:places[0]:places[0]+len(digits)], "%0*d", len(digits), i)
		for _, at := range places[1:] {
			copy(text[at:], number)
		}
		if _, err := out.Write(text); err != nil {
			return err
		}
	}
	return out.Flush()
}

// is tells whether s is the sample that generate writes as number i.
func is(s dataset.Sample, i int) bool {
	number := fmt.Sprintf("%0*d", len(digits), i)
	return s.Img1 == "327/"+number+"/00012.jpg" && s.Closer == dataset.Img2 && strings.Contains(string(s.Prompt), number)
}

// measure does one thing with the file and says what it cost.
func measure(what, file string) (f figures, err error) {
	info, err := os.Stat(file)
	if err != nil {
		return f, err
	}
	f.Bytes = info.Size()
	start := time.Now()
	if what == "read" {
		err = readAll(file)
	} else {
		err = f.use(what, file)
	}
	if f.Seconds == 0 {
		f.Seconds = time.Since(start).Seconds()
	}
	if err == nil {
		f.RSS, err = peakMB()
	}
	return f, err
}

// readAll reads with one buffer, and no more than that: the most a single reader gets from the disk.
func readAll(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	for buf := make([]byte, 1<<20); ; {
		if _, err := f.Read(buf); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func (f *figures) use(what, file string) error {
	c, err := dataset.Open(os.DirFS(filepath.Dir(file)), nil, filepath.Base(file))
	if err != nil {
		return err
	}
	defer c.Close()
	const n = 100_000
	o := dataset.Order{Seed: 1, Len: c.Len()}
	switch what {
	case "open":
		return f.read(c, 64, o.At)
	case "random":
		return f.read(c, n, o.At)
	case "sequential":
		return f.read(c, n, func(p uint64) int { return int(p) % c.Len() })
	case "verify":
		return c.Verify(context.Background())
	}
	return nil // "build": Open has done it
}

// read times n calls of At. The time of the first few includes opening, as long as f has none.
func (f *figures) read(c *dataset.Corpus, n int, at func(uint64) int) error {
	times := make([]time.Duration, n)
	begin := time.Now()
	for p := range times {
		i := at(uint64(p))
		start := time.Now()
		s, err := c.At(i)
		if times[p] = time.Since(start); err != nil {
			return err
		}
		if !is(s, i) {
			return fmt.Errorf("sample %d is %+v", i, s)
		}
	}
	if f.Samples = n; n > 64 {
		f.Seconds = time.Since(begin).Seconds()
	}
	slices.Sort(times)
	f.P50, f.P99 = float64(times[n/2])/1e3, float64(times[n*99/100])/1e3
	return nil
}

// peakMB reads the process's largest resident set from the kernel.
func peakMB() (float64, error) {
	data, err := os.ReadFile(filepath.Join("/proc", "self", "status"))
	if err != nil {
		return 0, err
	}
	_, rest, ok := bytes.Cut(data, []byte("VmHWM:"))
	if !ok {
		return 0, errors.New("no VmHWM in /proc/self/status")
	}
	kb, err := strconv.ParseFloat(strings.Fields(string(rest))[0], 64)
	return kb / 1024, err
}
