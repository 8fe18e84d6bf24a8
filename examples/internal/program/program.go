// Package program is what the examples share: how they begin and end, open a checkpoint, find frames, write words into pictures
// and show how far they are. What an example is about is in the example.
package program

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/model/nano"
)

// Main reads the command line and runs a program. The context ends at an interrupt; a second one ends the program at once. An error
// is printed after the program's name, and the exit status is 1.
func Main(run func(context.Context) error) {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop)
	if err := run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", filepath.Base(os.Args[0]), err)
		os.Exit(1)
	}
}

// Checkpoint says which model is used, and how it is run. The zero value is the embedded one on the best backend present.
type Checkpoint struct{ Dir, Backend string }

// Flags adds -backend, and -model or what else the directory is called, to the command line. It is called before [Main].
func (c *Checkpoint) Flags(name string) {
	flag.StringVar(&c.Dir, name, "", "checkpoint `directory` in Hugging Face layout; empty: the embedded nano model")
	flag.StringVar(&c.Backend, "backend", "", "go, xla:cpu, xla:cuda; empty: the best one present")
}

// FS has the checkpoint's files.
func (c *Checkpoint) FS() fs.FS {
	if c.Dir == "" {
		return nano.FS()
	}
	return os.DirFS(c.Dir)
}

// Open opens it on its backend, whatever the options say of that.
func (c *Checkpoint) Open(ctx context.Context, o egotsr.Options) (*egotsr.Model, error) {
	o.Backend = c.Backend
	return egotsr.Open(ctx, c.FS(), &o)
}

// Prompt finds a published prompt by its name: tag, long or cot.
func Prompt(name string) (dataset.Prompt, error) {
	switch name {
	case "tag":
		return dataset.Tag, nil
	case "long":
		return dataset.Long, nil
	case "cot":
		return dataset.CoT, nil
	}
	return "", fmt.Errorf("-prompt %s: want tag, long or cot", name)
}
