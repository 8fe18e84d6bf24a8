package main

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func level(img image.Image) int {
	return int(color.GrayModel.Convert(img.At(30, 20)).(color.Gray).Y)
}

// Every frame of a video whose rate varies is there once, in order, as ffmpeg made it.
func TestVideo(t *testing.T) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("no ffmpeg")
	}
	path := filepath.Join(t.TempDir(), "v.MP4")
	graph := "nullsrc=s=64x48:r=25,format=gray,geq=lum='20+N*3',setpts='if(lt(N,45),N*2,90+(N-45)/8)/(50*TB)'" // the last 15 come at once
	out, err := exec.Command(ffmpeg, "-v", "error", "-f", "lavfi", "-i", graph, "-frames:v", "60", "-fps_mode", "passthrough",
		"-c:v", "libx264", "-enc_time_base", "1/1000", "-pix_fmt", "yuv420p", path).CombinedOutput()
	if err != nil {
		t.Fatal(err, string(out))
	}
	for every, want := range map[int]int{1: 60, 7: 9} {
		images, err := load(t.Context(), path, every)
		if err != nil || len(images) != want {
			t.Fatalf("every %d: %d frames, %v", every, len(images), err)
		}
		for i, img := range images {
			if d := level(img) - (20 + 3*i*every); d > 1 || d < -1 {
				t.Errorf("every %d: frame %d has level %d", every, i, level(img))
			}
		}
	}
}

// Frames whose names are clocks come in the order of these.
func TestClocks(t *testing.T) {
	dir := t.TempDir()
	for k, name := range []string{"9.9", "10.05", "10.1", "10.15", "10.2", "11"} {
		img := image.NewGray(image.Rect(0, 0, 64, 48))
		for i := range img.Pix {
			img.Pix[i] = uint8(10 * k)
		}
		f, err := os.Create(filepath.Join(dir, name+".png"))
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, img); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	images, err := load(t.Context(), dir, 1)
	if err != nil || len(images) != 6 {
		t.Fatal(len(images), err)
	}
	for k, img := range images {
		if level(img) != 10*k {
			t.Errorf("frame %d is number %d", k, level(img)/10)
		}
	}
	if _, err := load(t.Context(), t.TempDir(), 1); err == nil {
		t.Error("a folder without frames was read")
	}
}
