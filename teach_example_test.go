package egotsr_test

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"log"
	"testing/fstest"
	"time"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
)

// Three recordings of a lamp that gets brighter, and a second instead of ten minutes.
func ExampleModel_Teach() {
	ctx := context.Background()
	m := open()
	defer m.Close()

	images := fstest.MapFS{} // or os.DirFS("recordings")
	var demos []dataset.Episode
	for k := range 3 {
		demo := dataset.Episode{Task: "Light the lamp"}
		for i := range 8 {
			name := fmt.Sprintf("%d/%d.png", k, i)
			var file bytes.Buffer
			if err := png.Encode(&file, gray(uint8(30*i+5*k))); err != nil {
				log.Fatal(err)
			}
			images[name] = &fstest.MapFile{Data: file.Bytes()}
			demo.Frames = append(demo.Frames, name)
		}
		demos = append(demos, demo)
	}
	taught, err := m.Teach(ctx, images, demos, &egotsr.TeachOptions{Budget: time.Second})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("no worse than before:", taught.After >= taught.Before)
	// Output:
	// no worse than before: true
}
