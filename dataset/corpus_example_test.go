package dataset_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing/fstest"

	"github.com/egotsr/egotsr/dataset"
)

// lines is a file of two samples and one line that is none.
func lines() fstest.MapFS {
	var text bytes.Buffer
	w := dataset.NewWriter(&text, dataset.JSONL)
	for _, s := range []dataset.Sample{
		{Task: "Open a drawer", Img1: "0.jpg", Img2: "9.jpg", Closer: dataset.Img2},
		{Task: "Fold a towel", Img1: "7.jpg", Img2: "3.jpg", Closer: dataset.Img1},
	} {
		if err := w.Write(s); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	text.WriteString("{\"messages\":[\n")
	return fstest.MapFS{"pairs.jsonl": {Data: text.Bytes()}}
}

func ExampleOpen() {
	c, err := dataset.Open(lines(), os.DirFS("frames"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	s, _ := c.At(1)
	fmt.Println(c.Len(), s.Task, s.Closer)
	_, err = c.At(2)
	fmt.Println(err)
	// Output:
	// 3 Fold a towel img1
	// dataset: pairs.jsonl: sample 2 at byte 939: byte 13 of the sample: unexpected end of JSON input
}

func ExampleCorpus_Verify() {
	c, err := dataset.Open(lines(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	fmt.Println(c.Verify(context.Background()))
	// Output: <nil>
}

func ExampleNewWriter() {
	w := dataset.NewWriter(os.Stdout, dataset.JSONL)
	s := dataset.Sample{Img1: "a/0.jpg", Img2: "a/9.jpg", Closer: dataset.Img2, Prompt: "Which?", Scene: "kitchen", Frame2: 9}
	if err := errors.Join(w.Write(s), w.Close()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// {"messages":[{"role":"user","content":[{"type":"image","image":"a/0.jpg","image_id":"img1"},{"type":"image","image":"a/9.jpg","image_id":"img2"},{"type":"text","text":"Which?"}]}],"target":{"closer to completion":"img2"},"scene":"kitchen","frames":[0,9]}
}

func ExampleOrder_At() {
	o := dataset.Order{Seed: 1, Len: 5}
	for position := range uint64(10) { // two epochs
		fmt.Print(o.At(position), " ")
	}
	// Output: 1 0 3 2 4 1 4 2 0 3
}

// A run with two ranks stops after the second batch; with four ranks it goes on where it was.
func ExampleOrder_Batches() {
	o := dataset.Order{Seed: 1, Len: 1000}
	var position uint64 // all that a checkpoint holds
	for next, part := range o.Batches(position, 4, 0, 2) {
		fmt.Println("rank 0 of 2 takes", len(part))
		if position = next; position == 8 {
			break
		}
	}
	for next, part := range o.Batches(position, 4, 3, 4) {
		fmt.Println("rank 3 of 4 takes", len(part), "then", next)
		break
	}
	// Output:
	// rank 0 of 2 takes 2
	// rank 0 of 2 takes 2
	// rank 3 of 4 takes 1 then 12
}

func ExampleOpenQuarantine() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	c, err := dataset.Open(lines(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	q, err := dataset.OpenQuarantine(filepath.Join(dir, "bad.jsonl"), 0.01, 1000)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer q.Close()
	for i := range c.Len() {
		s, err := c.At(i)
		if stop := q.Add(i, err); stop != nil {
			fmt.Println(stop)
			return
		}
		if err == nil {
			fmt.Println(s.Task)
		}
	}
	list, err := os.ReadFile(filepath.Join(dir, "bad.jsonl"))
	fmt.Print(string(list), err)
	// Output:
	// Open a drawer
	// Fold a towel
	// {"file":"pairs.jsonl","offset":939,"index":2,"reason":"byte 13 of the sample: unexpected end of JSON input"}
	// <nil>
}
