package main

import (
	"context"
	"errors"
	"image"
	"image/color"
	"path/filepath"
	"sync"
	"testing"

	"go.viam.com/rdk/components/camera"
	"go.viam.com/rdk/data"
	"go.viam.com/rdk/logging"
	"go.viam.com/rdk/resource"
	"go.viam.com/rdk/services/vision"
	"go.viam.com/rdk/utils"
)

// film is a camera that shows frames one after another, and the last for ever.
type film struct {
	camera.Camera
	mu     sync.Mutex
	frames []image.Image
	mime   string
	taken  int
	hold   chan struct{} // where there is one, each frame waits for a send
	busy   int
	most   int // calls at a time
}

func (f *film) Name() resource.Name { return camera.Named("film") }

func (f *film) Images(ctx context.Context, _ []string, extra map[string]any) ([]camera.NamedImage, resource.ResponseMetadata, error) {
	var about resource.ResponseMetadata
	if extra["fail"] != nil {
		return nil, about, errors.New("the lens cap is on")
	}
	f.mu.Lock()
	f.busy++
	f.most = max(f.most, f.busy)
	img := f.frames[min(f.taken, len(f.frames)-1)]
	f.taken++
	f.mu.Unlock()
	defer func() { f.mu.Lock(); f.busy--; f.mu.Unlock() }()
	if f.hold != nil {
		select {
		case <-f.hold:
		case <-ctx.Done():
			return nil, about, ctx.Err()
		}
	}
	named, err := camera.NamedImageFromImage(img, "", f.mime, data.Annotations{})
	return []camera.NamedImage{named}, about, err
}

func picked(seed uint8) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, 56, 56))
	for i := range 56 * 56 {
		x, y := i%56, i/56
		img.Set(x, y, color.NRGBA{uint8(x*3) + seed, uint8(y * 5), seed * 7, 255})
	}
	return img
}

func checkpoint(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs("../../testdata/tiny")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func parse(attributes utils.AttributeMap) (*config, error) {
	return resource.TransformAttributeMap[*config](attributes)
}

// opened is a service as viam-server makes one, by its attributes, on a film.
func opened(t testing.TB, f *film, attributes utils.AttributeMap) (*service, error) {
	t.Helper()
	c, err := parse(attributes)
	if err != nil {
		return nil, err
	}
	conf := resource.Config{Name: "drawer", API: vision.API, Model: model, ConvertedAttributes: c}
	deps := resource.Dependencies{}
	if f != nil {
		deps[f.Name()] = f
	}
	s, err := open(t.Context(), deps, conf, logging.NewTestLogger(t))
	if err != nil {
		return nil, err
	}
	return s.(*service), nil
}

func serving(t testing.TB, f *film) *service {
	t.Helper()
	s, err := opened(t, f, utils.AttributeMap{"task": "Open a drawer", "camera": "film", "checkpoint": checkpoint(t), "backend": "go"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}
