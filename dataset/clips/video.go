package clips

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// ErrNoFFmpeg means that a recording is a video and there is no ffmpeg on PATH to read it.
var ErrNoFFmpeg = errors.New("clips: videos are read by ffmpeg, which is not on PATH")

// VideoError tells what ffmpeg had against a video.
type VideoError struct {
	Path, Message string // Message is the end of ffmpeg's own
	Err           error
}

func (e *VideoError) Error() string {
	return fmt.Sprintf("clips: video %s: %v: %s", e.Path, e.Err, e.Message)
}

func (e *VideoError) Unwrap() error { return e.Err }

// videoFrames calls yield with every every-th frame of a video from frame `from` on, and its number after subsampling,
// up to frame `to` (0 = the end). A file with several recordings is decoded from its beginning for each of them: seeking is
// not exact in every format. ffmpeg hands over each frame it decodes once, in the order of presentation, whatever
// the timestamps say: they are replaced by even ones, so that none is dropped or doubled to keep a rate. The options that
// say so, -fps_mode and -vsync, are each unknown to some of the versions people have.
func videoFrames(ctx context.Context, path string, from, to, every int, yield func(i int, img image.Image) error) (frames int, err error) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		return 0, ErrNoFFmpeg
	}
	// An absolute path never begins with "-".
	abs, err := filepath.Abs(path)
	if err != nil {
		return 0, err
	}
	decoding, stop := context.WithCancel(ctx)
	defer stop()
	filter := fmt.Sprintf("select=gte(n\\,%d)*not(mod(n-%d\\,%d)),settb=1/25,setpts=N", from, from, every)
	args := []string{"-v", "error", "-nostdin", "-i", "file:" + abs, "-map", "0:v:0", "-vf", filter, "-r", "25"}
	if to > 0 {
		args = append(args, "-frames:v", strconv.Itoa((to-from+every-1)/every)) // and read no further
	}
	cmd := exec.CommandContext(decoding, ffmpeg, append(args, "-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "-")...)
	var complaint tail
	cmd.Stderr = &complaint
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	r := bufio.NewReaderSize(pipe, 1<<20)
	read := func() error {
		for {
			img, err := readPPM(r)
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if err := yield(frames, img); err != nil {
				return err
			}
			frames++
		}
	}
	err = read()
	if err != nil {
		stop() // ffmpeg would wait for ever for somebody to read on
	}
	failed := cmd.Wait()
	ended := err == nil || errors.Is(err, io.ErrUnexpectedEOF) // by ffmpeg, in the middle of a picture perhaps
	switch {
	case ended && ctx.Err() != nil:
		return frames, ctx.Err()
	case ended && failed != nil:
		return frames, &VideoError{path, complaint.String(), failed}
	case err == nil && complaint.Len() > 0:
		// ffmpeg goes on past damage, and leaves out frames: those after it would not be where the annotation says.
		return frames, &VideoError{path, complaint.String(), errors.New("is damaged")}
	case err == nil && to > 0 && frames < (to-from+every-1)/every:
		return frames, &VideoError{path, fmt.Sprintf("%d frames from %d on, one in %d", frames, from, every), fmt.Errorf("ends before frame %d", to)}
	}
	return frames, err
}

// readPPM reads one picture of a stream of binary PPM files, as ffmpeg writes them.
func readPPM(r *bufio.Reader) (image.Image, error) {
	var size [2]int
	magic, err := r.ReadString('\n')
	if err != nil {
		if magic == "" {
			return nil, err
		}
		return nil, io.ErrUnexpectedEOF
	}
	line, err := r.ReadString('\n')
	if err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	for i, field := range strings.Fields(line) {
		if i < 2 {
			size[i], _ = strconv.Atoi(field)
		}
	}
	depth, err := r.ReadString('\n')
	if err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	const most = 1 << 15 // pixels a side: more is no camera's
	if magic != "P6\n" || depth != "255\n" || size[0] < 1 || size[1] < 1 || size[0] > most || size[1] > most {
		return nil, fmt.Errorf("clips: ffmpeg gave a picture %q %q %q", magic, line, depth)
	}
	img := image.NewRGBA(image.Rect(0, 0, size[0], size[1]))
	row := make([]byte, 3*size[0])
	for y := range size[1] {
		if _, err := io.ReadFull(r, row); err != nil {
			return nil, io.ErrUnexpectedEOF
		}
		out := img.Pix[y*img.Stride:]
		for x := range size[0] {
			copy(out[4*x:4*x+3], row[3*x:3*x+3])
			out[4*x+3] = 255
		}
	}
	return img, nil
}

// encode is a frame as a file: the same bytes for the same pixels.
func encode(img image.Image, ext string) ([]byte, error) {
	var b bytes.Buffer
	if ext == ".png" {
		err := png.Encode(&b, img)
		return b.Bytes(), err
	}
	err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95})
	return b.Bytes(), err
}

// tail keeps the end of what is written to it.
type tail struct{ bytes.Buffer }

func (t *tail) Write(p []byte) (int, error) {
	const most = 2000
	t.Buffer.Write(p)
	if over := t.Len() - most; over > 0 {
		t.Next(over)
	}
	return len(p), nil
}
