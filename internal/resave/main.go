// Resave loads a checkpoint and saves it elsewhere, so that scripts/check_save.py can hold the two against each other.
//
//	go run ./internal/resave FROM TO
package main

import (
	"context"
	"io/fs"
	"log"
	"os"

	"github.com/egotsr/egotsr/model"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: resave FROM TO")
	}
	from := os.DirFS(os.Args[1])
	m, err := model.Load(context.Background(), from, "go", "")
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	calibration, _ := fs.ReadFile(from, model.CalibrationFile) // most checkpoints have none
	if err := m.Save(context.Background(), from, calibration, os.Args[2]); err != nil {
		log.Fatal(err)
	}
}
