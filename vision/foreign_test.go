package vision

import (
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestForeign: what is not read is told by its own name, whatever the file is called. The images are Pillow's.
func TestForeign(t *testing.T) {
	var files map[string][]byte
	if err := json.Unmarshal(read(t, "testdata/foreign.json"), &files); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"AVIF": "AVIF: is not read", "HEIF": "HEIC: is not read", "JPEG2000": "JPEG 2000: is not read", "ICO": "ICO: ", "PPM": "PPM: ", "PDF": "PDF: "} {
		if files[name] == nil {
			t.Errorf("no file of %s", name)
		}
		files[want], files[name] = files[name], nil
	}
	files["Git LFS pointer: stands for a file that has not been fetched"] = []byte("version https://git-lfs.example/spec/v1\noid sha256:4d7a\nsize 12345\n")
	files["HTML page: "] = []byte("\n<!DOCTYPE html><html><head><title>404</title>")
	files["image: the file is empty"] = []byte{}
	files["image: image: unknown format"] = []byte("\x00\x01\x02 a note")
	for want, data := range files {
		if data == nil {
			continue
		}
		_, err := Decode(data)
		var format *FormatError
		if !errors.As(err, &format) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestVideos: a video is none either, as ffmpeg writes them.
func TestVideos(t *testing.T) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("no ffmpeg")
	}
	for ext, want := range map[string]string{".mp4": "MP4 or QuickTime video: is no image", ".mov": "MP4 or QuickTime video", ".mkv": "Matroska or WebM video", ".avi": "AVI video"} {
		path := filepath.Join(t.TempDir(), "v"+ext)
		if out, err := exec.Command(ffmpeg, "-v", "error", "-f", "lavfi", "-i", "color=red:s=64x48:d=0.2", "-c:v", "mpeg4", path).CombinedOutput(); err != nil {
			t.Fatal(err, string(out))
		}
		if _, err := ReadFile(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", ext, err)
		}
	}
}
