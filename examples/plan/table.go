package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/decompose"
)

// table prints a Markdown row for each task in a file: its steps, or the words that are not understood, and how many there are
// of each at the end.
func table(ctx context.Context, name string) error {
	var in io.Reader = os.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	fmt.Println("| task | planned | assumed, or why it is refused |\n|---|---|---|")
	planned, assumed, refused := 0, 0, 0
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		task := strings.TrimSpace(lines.Text())
		if task == "" || strings.HasPrefix(task, "#") {
			continue
		}
		p, err := egotsr.Decompose(ctx, task, nil)
		if err != nil {
			refused++
			fmt.Printf("| %s | no | %s |\n", cell(task), cell(why(err)))
			continue
		}
		if planned++; len(p.Assumed) > 0 {
			assumed++
		}
		var steps []string
		for _, s := range p.Subtasks {
			steps = append(steps, s.String())
		}
		fmt.Printf("| %s | %s | %s |\n", cell(task), cell(strings.Join(steps, "; ")), cell(strings.Join(p.Assumed, "; ")))
	}
	fmt.Printf("\n%d planned, %d of them on assumptions; %d refused\n", planned, assumed, refused)
	return lines.Err()
}

// why is an error's reason, with the words that it is about.
func why(err error) string {
	var unplaced *decompose.UnplacedError
	if !errors.As(err, &unplaced) || len(unplaced.Words) == 0 {
		return err.Error()
	}
	words := make([]string, len(unplaced.Words))
	for i, w := range unplaced.Words {
		words[i] = w.Text
	}
	return "“" + strings.Join(words, " ") + "”: " + unplaced.Reason
}

// cell keeps a text inside its column.
func cell(text string) string { return strings.ReplaceAll(text, "|", "\\|") }
