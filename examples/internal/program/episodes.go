package program

import (
	"io/fs"
	"log"
	"strings"

	"github.com/egotsr/egotsr/dataset"
)

// Episodes finds simulated episodes, as [dataset.Simulated] does, and tells of what is left out.
func Episodes(disk fs.FS, roots ...string) ([]dataset.Episode, error) {
	episodes, skipped, err := dataset.Simulated(disk, roots...)
	for _, s := range skipped {
		log.Println("left out:", s)
	}
	return episodes, err
}

// Tasks are the names in a list with semicolons: names may have commas.
func Tasks(list string) (names []string) {
	for name := range strings.SplitSeq(list, ";") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}
