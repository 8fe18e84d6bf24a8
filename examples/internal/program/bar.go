package program

import (
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Terminal tells whether somebody may be looking: /dev/null is a character device too, and no terminal.
func Terminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// Bar gives a hook that shows on f how far something is: on a terminal as a bar, elsewhere as a line for every tenth. A hook is told
// how many of how many are done, and what may be of interest beside that; it begins again where the total changes. Several
// goroutines may call it.
func Bar(f *os.File, what string) func(done, total int, note string) {
	return hook(f, what, Terminal(f))
}

func hook(w io.Writer, what string, terminal bool) func(done, total int, note string) {
	var mu sync.Mutex
	var bar *progressbar.ProgressBar
	shown := [2]int{-1, -1} // the tenths told of, of which total
	return func(done, total int, note string) {
		mu.Lock()
		defer mu.Unlock()
		text := what
		if note != "" {
			text += ", " + note
		}
		if !terminal {
			if now := [2]int{done * 10 / max(total, 1), total}; now != shown {
				shown = now
				fmt.Fprintf(w, "%d of %d %s\n", done, total, text)
			}
			return
		}
		done = min(done, total)
		if bar == nil || bar.GetMax() != total || bar.IsFinished() && done < total {
			bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(w), progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true),
				progressbar.OptionOnCompletion(func() { fmt.Fprintln(w) }))
		}
		bar.Describe(text)
		_ = bar.Set(done) // what cannot be written to a terminal is no reason to end
	}
}
