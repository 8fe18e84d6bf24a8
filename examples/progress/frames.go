package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"

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
	dir, err := os.MkdirTemp("", "progress")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := split(ctx, source, dir, every); err != nil {
		return nil, err
	}
	return folder(os.DirFS(dir), ".", 1)
}

// split has ffmpeg write every n-th frame of a video into dir.
func split(ctx context.Context, video, dir string, every int) error {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		return fmt.Errorf("%s is not a folder, and reading a video needs the program ffmpeg on PATH: %w", video, err)
	}
	// The file: protocol keeps ffmpeg from taking a name such as "concat:a" for an instruction.
	cmd := exec.CommandContext(ctx, ffmpeg, "-nostdin", "-loglevel", "error", "-i", "file:"+video,
		"-vf", fmt.Sprintf(`select=not(mod(n\,%d))`, every), "-fps_mode", "vfr", "-q:v", "2", path.Join(dir, "%06d.jpg"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("ffmpeg: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return nil
}

// folder decodes every n-th image of a directory, in the order of the numbers in their names.
func folder(fsys fs.FS, dir string, every int) ([]image.Image, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		switch strings.ToLower(path.Ext(e.Name())) {
		case ".jpg", ".jpeg", ".png":
			names = append(names, e.Name())
		}
	}
	if len(names) == 0 {
		return nil, errors.New("no .jpg or .png frames to read")
	}
	// Shorter names first puts 9.jpg before 10.jpg.
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	var images []image.Image
	for i := 0; i < len(names); i += every {
		img, err := vision.Read(fsys, path.Join(dir, names[i]))
		if err != nil {
			return nil, err
		}
		images = append(images, img)
	}
	return images, nil
}
