package dataset_test

import (
	"fmt"
	"testing/fstest"

	"github.com/egotsr/egotsr/dataset"
)

func ExampleShort() {
	files := fstest.MapFS{
		"clips/kitchen/7/Pick the cup./9.jpg":   {},
		"clips/kitchen/7/Pick the cup./10.jpg":  {},
		"clips/kitchen/7/Place the cup./14.jpg": {},
		"clips/kitchen/7/Place the cup./15.jpg": {},
	}
	episodes, err := dataset.Short(files)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range episodes {
		fmt.Println(e.Scene, e.ID, e.Task, e.Numbers)
	}
	// Output:
	// kitchen 7 Pick the cup. [9 10]
	// kitchen 7 Place the cup. [14 15]
}
