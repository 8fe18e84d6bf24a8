package main

import (
	"context"
	"fmt"
	"image"
	"io/fs"
	"os"

	"github.com/egotsr/egotsr/dataset/clips"
	"github.com/egotsr/egotsr/examples/internal/program"
	"github.com/egotsr/egotsr/vision"
)

// load reads every n-th frame of a folder or a video; of the embedded episode where source is empty.
func load(ctx context.Context, source string, every int) ([]image.Image, error) {
	if source == "" {
		return folder(frames, "frames", every)
	}
	info, err := os.Stat(source)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return folder(os.DirFS(source), ".", every)
	}
	var images []image.Image
	video := clips.Recording{Video: source}
	err = video.Decode(ctx, every, func(_ int, img image.Image) error {
		images = append(images, img)
		return nil
	})
	if err == nil && len(images) == 0 {
		err = fmt.Errorf("%s holds no frame", source)
	}
	return images, err
}

// folder decodes every n-th frame of a directory.
func folder(fsys fs.FS, dir string, every int) (images []image.Image, err error) {
	names, err := program.Frames(fsys, dir)
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(names); i += every {
		img, err := vision.Read(fsys, names[i])
		if err != nil {
			return nil, err
		}
		images = append(images, img)
	}
	return images, nil
}
