package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

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
		"-vf", fmt.Sprintf(`select=not(mod(n\,%d))`, every), "-fps_mode", "vfr", "-q:v", "2", filepath.Join(dir, "%06d.jpg"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("ffmpeg: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return nil
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
