package main

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"go.viam.com/rdk/components/camera"
	"go.viam.com/rdk/data"
	"go.viam.com/rdk/services/vision"
	"go.viam.com/rdk/utils"
	"go.viam.com/rdk/vision/classification"
	"go.viam.com/rdk/vision/viscapture"

	"github.com/egotsr/egotsr"
)

// due is longer than a period of the tracker's, 200 ms.
const due = 250 * time.Millisecond

type class struct {
	Label string
	Score float64
}

func list(found classification.Classifications) (classes []class) {
	for _, c := range found {
		classes = append(classes, class{c.Label(), c.Score()})
	}
	return classes
}

func TestValidate(t *testing.T) {
	dir := checkpoint(t)
	for name, c := range map[string]struct {
		attributes utils.AttributeMap
		want       string // in the error; empty where there is none
	}{
		"all":              {utils.AttributeMap{"task": "Open a drawer", "camera": "cam", "checkpoint": dir, "backend": "go"}, ""},
		"least":            {utils.AttributeMap{"task": "Open a drawer", "camera": "cam"}, ""},
		"no task":          {utils.AttributeMap{"camera": "cam"}, `"task"`},
		"no camera":        {utils.AttributeMap{"task": "Open a drawer"}, `"camera"`},
		"blank task":       {utils.AttributeMap{"task": " \n", "camera": "cam"}, "task: want"},
		"long task":        {utils.AttributeMap{"task": strings.Repeat("a", 2001), "camera": "cam"}, "task: want"},
		"task no text":     {utils.AttributeMap{"task": "\xff", "camera": "cam"}, "task: want"},
		"task a number":    {utils.AttributeMap{"task": 1.5, "camera": "cam"}, "task"},
		"camera a list":    {utils.AttributeMap{"task": "Open a drawer", "camera": []any{"cam"}}, "camera"},
		"checkpoint empty": {utils.AttributeMap{"task": "Open a drawer", "camera": "cam", "checkpoint": t.TempDir()}, "checkpoint: want a folder"},
		"typo":             {utils.AttributeMap{"task": "Open a drawer", "camera": "cam", "chekpoint": dir}, "chekpoint: there is no such attribute"},
	} {
		t.Run(name, func(t *testing.T) {
			conf, err := parse(c.attributes)
			var required []string
			if err == nil {
				required, _, err = conf.Validate("services.0")
			}
			if c.want == "" {
				if err != nil || len(required) != 1 || required[0] != "rdk:component:camera/cam" {
					t.Error(required, err)
				}
			} else if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v: want %s in it", err, c.want)
			}
		})
	}
}

func TestOpen(t *testing.T) {
	f := &film{frames: []image.Image{picked(1)}}
	for name, c := range map[string]struct {
		film       *film
		attributes utils.AttributeMap
		want       string
	}{
		"no camera":  {nil, utils.AttributeMap{"task": "t", "camera": "film", "checkpoint": checkpoint(t)}, "camera: "},
		"backend":    {f, utils.AttributeMap{"task": "t", "camera": "film", "checkpoint": checkpoint(t), "backend": "abacus"}, "backend: "},
		"checkpoint": {f, utils.AttributeMap{"task": "t", "camera": "film", "checkpoint": t.TempDir()}, "checkpoint: "},
	} {
		if _, err := opened(t, c.film, c.attributes); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFollows compares the service with a tracker that sees the same frames at about the same times.
func TestFollows(t *testing.T) {
	frames := []image.Image{picked(1), picked(2), picked(3)}
	s := serving(t, &film{frames: slices.Concat(frames[:1], frames[:1], frames[1:2], frames[1:2], frames[2:])}) // each is asked for twice
	alone, err := egotsr.Open(t.Context(), os.DirFS(checkpoint(t)), &egotsr.Options{Backend: "go"})
	if err != nil {
		t.Fatal(err)
	}
	defer alone.Close()
	tracker := alone.Track("Open a drawer", nil)
	for i, frame := range frames {
		want, err := tracker.Observe(t.Context(), frame)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.ClassificationsFromCamera(t.Context(), "film", 0, nil)
		if diff := cmp.Diff(list(classes(want)), list(got)); err != nil || diff != "" {
			t.Errorf("frame %d: %v (-want +got):\n%s", i, err, diff)
		}
		if got, err := s.ClassificationsFromCamera(t.Context(), "", 0, nil); err != nil || cmp.Diff(list(classes(want)), list(got)) != "" {
			t.Errorf("a frame that is not due: %v, want %v: %v", list(got), list(classes(want)), err)
		}
		time.Sleep(due)
	}
	if s.current.Load().tracker.State().Trend == egotsr.Unknown {
		t.Error("nothing has been seen")
	}
	given, err := camera.NamedImageFromImage(picked(4), "", utils.MimeTypePNG, data.Annotations{})
	if err != nil {
		t.Fatal(err)
	}
	want, err := tracker.Observe(t.Context(), picked(4))
	if err != nil {
		t.Fatal(err)
	}
	found, err := s.Classifications(t.Context(), &given, 1, nil)
	if top, _ := classes(want).TopN(1); err != nil || cmp.Diff(list(top), list(found)) != "" {
		t.Errorf("%v: %v, want %v", err, list(found), list(top))
	}
}

func TestCapture(t *testing.T) {
	f := &film{frames: []image.Image{picked(1), picked(2), picked(3), picked(4)}}
	s := serving(t, f)
	all := viscapture.CaptureOptions{ReturnImage: true, ReturnClassifications: true, ReturnDetections: true, ReturnObject: true}
	for i, c := range []struct {
		opts            viscapture.CaptureOptions
		image           image.Image
		classifications int
		taken           int
	}{
		{all, picked(1), 2, 1},
		{viscapture.CaptureOptions{ReturnImage: true}, picked(2), 0, 2},
		{viscapture.CaptureOptions{ReturnClassifications: true}, nil, 2, 3},
		{viscapture.CaptureOptions{}, nil, 0, 3},
	} {
		got, err := s.CaptureAllFromCamera(t.Context(), "", c.opts, nil)
		if err != nil {
			t.Fatal(err)
		}
		var img image.Image
		if got.Image != nil {
			if img, err = got.Image.Image(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(c.image, img); diff != "" || len(got.Classifications) != c.classifications || got.Detections != nil || got.Objects != nil || f.taken != c.taken {
			t.Errorf("%d: %v after %d frames\n%s", i, got, f.taken, diff)
		}
	}
}

func TestUnsupported(t *testing.T) {
	s := serving(t, &film{frames: []image.Image{picked(1)}})
	p, err := s.GetProperties(t.Context(), nil)
	name := "film"
	if diff := cmp.Diff(&vision.Properties{ClassificationSupported: true, DefaultCamera: &name}, p); err != nil || diff != "" {
		t.Error(err, diff)
	}
	_, err1 := s.DetectionsFromCamera(t.Context(), "", nil)
	_, err2 := s.Detections(t.Context(), nil, nil)
	_, err3 := s.GetObjectPointClouds(t.Context(), "", nil)
	for _, err := range []error{err1, err2, err3} {
		if status.Code(err) != codes.Unimplemented || !strings.Contains(err.Error(), "not supported") {
			t.Error(err)
		}
	}
}

// TestRefused: what cannot be looked at says whose fault it is, and leaves the tracker as it was.
func TestRefused(t *testing.T) {
	f := &film{frames: []image.Image{picked(1)}}
	s := serving(t, f)
	ask := func(name string, extra map[string]any) error {
		_, err := s.ClassificationsFromCamera(t.Context(), name, 0, extra)
		return err
	}
	given := func(data []byte, mime string) error {
		img, err := camera.NamedImageFromBytes(data, "", mime, annotations)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Classifications(t.Context(), &img, 0, nil)
		return err
	}
	_, none := s.Classifications(t.Context(), nil, 0, nil)
	f.mime = utils.MimeTypeRawDepth
	depth := ask("", nil)
	f.mime = ""
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"other camera": {ask("another", nil), `camera: is "another": drawer follows "film"`},
		"failing":      {ask("", map[string]any{"fail": true}), "camera film: the lens cap is on"},
		"depth":        {depth, "camera film: has no colour image"},
		"nil":          {none, "image: is nil"},
		"no image":     {given([]byte("hello"), utils.MimeTypePNG), "image: "},
		"huge":         {given(header(1<<20, 1<<20), utils.MimeTypePNG), "image: is 1048576 by 1048576"},
		"tall":         {given(header(1, 1000), utils.MimeTypePNG), "image: "},
	} {
		if c.err == nil || !strings.HasPrefix(c.err.Error(), c.want) {
			t.Errorf("%s: %v", name, c.err)
		}
	}
	if got := s.current.Load().tracker.State(); got.Trend != egotsr.Unknown || got.Progress != 0 {
		t.Error(got)
	}
	if err := ask("film", nil); err != nil {
		t.Error(err)
	}
}

var annotations data.Annotations

// header is a PNG that says how large it is and holds no more.
func header(w, h uint32) []byte {
	chunk := append([]byte("IHDR"), binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)...)
	chunk = append(chunk, 8, 2, 0, 0, 0)
	data := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	return binary.BigEndian.AppendUint32(append(data, chunk...), crc32.ChecksumIEEE(chunk))
}

// TestTurns: of calls at a time one looks, and the others take a frame only when it is their turn.
func TestTurns(t *testing.T) {
	f := &film{frames: []image.Image{picked(1), picked(2)}, hold: make(chan struct{})}
	s := serving(t, f)
	var calls sync.WaitGroup
	for range 8 {
		calls.Go(func() {
			if _, err := s.ClassificationsFromCamera(t.Context(), "", 0, nil); err != nil {
				t.Error(err)
			}
		})
	}
	for i := range 8 {
		f.hold <- struct{}{}
		if i == 0 {
			if _, err := s.DoCommand(t.Context(), map[string]any{"state": true}); err != nil { // waits for nobody
				t.Error(err)
			}
		}
	}
	calls.Wait()
	if f.most != 1 || f.taken != 8 {
		t.Errorf("%d frames, %d at a time", f.taken, f.most)
	}
	impatient, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.ClassificationsFromCamera(impatient, "", 0, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// TestClose ends a call that hangs in the camera and others that wait for their turn, and leaves nothing running.
func TestClose(t *testing.T) {
	running := goleak.IgnoreCurrent()
	f := &film{frames: []image.Image{picked(1)}, hold: make(chan struct{})}
	s := serving(t, f)
	errs := make(chan error)
	for range 3 {
		go func() {
			_, err := s.ClassificationsFromCamera(context.Background(), "", 0, nil)
			errs <- err
		}()
	}
	for taken := 0; taken == 0; time.Sleep(time.Millisecond) {
		f.mu.Lock()
		taken = f.taken
		f.mu.Unlock()
	}
	for range 2 {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
	for range 3 {
		if err := <-errs; !errors.Is(err, egotsr.ErrClosed) {
			t.Error(err)
		}
	}
	_, err1 := s.ClassificationsFromCamera(t.Context(), "", 0, nil)
	_, err2 := s.DoCommand(t.Context(), map[string]any{"reset": true})
	_, err3 := s.DoCommand(t.Context(), map[string]any{"plan": true})
	for _, err := range []error{err1, err2, err3} {
		if !errors.Is(err, egotsr.ErrClosed) {
			t.Error(err)
		}
	}
	goleak.VerifyNone(t, running)
}
