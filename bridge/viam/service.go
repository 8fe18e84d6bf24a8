package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"go.viam.com/rdk/components/camera"
	"go.viam.com/rdk/logging"
	"go.viam.com/rdk/resource"
	"go.viam.com/rdk/services/vision"
	"go.viam.com/rdk/utils"
	viz "go.viam.com/rdk/vision"
	"go.viam.com/rdk/vision/classification"
	"go.viam.com/rdk/vision/objectdetection"
	"go.viam.com/rdk/vision/viscapture"

	"github.com/egotsr/egotsr"
)

var model = resource.NewModel("egotsr", "vision", "tracker")

// service follows a task by the frames that it is asked about: nothing is looked at between calls. Calls take turns, and one whose turn
// it is takes the camera's newest frame then, so that no answer is older than it need be.
type service struct {
	resource.Named
	model      *egotsr.Model
	cameraName string
	camera     camera.Camera

	life    context.Context // ends with Close
	end     context.CancelFunc
	turn    chan struct{} // full while a frame is taken and looked at
	current atomic.Pointer[attempt]
}

// attempt is a task and what has been seen of it since the last reset.
type attempt struct {
	task    string
	tracker *egotsr.Tracker
}

// open is how viam-server makes a service, and makes it anew when its configuration changes.
func open(ctx context.Context, deps resource.Dependencies, conf resource.Config, logger logging.Logger) (vision.Service, error) {
	c, err := resource.NativeConfig[*config](conf)
	if err != nil {
		return nil, err
	}
	cam, err := camera.FromProvider(deps, c.Camera)
	if err != nil {
		return nil, fmt.Errorf("camera: %w", err)
	}
	model, err := egotsr.Open(ctx, c.files(), &egotsr.Options{Backend: c.Backend, Logger: slog.New(handler{logger})})
	var wrong *egotsr.InputError
	if errors.As(err, &wrong) && wrong.What == "Options.Backend" {
		return nil, fmt.Errorf("backend: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	s := &service{Named: conf.ResourceName().AsNamed(), model: model, cameraName: c.Camera, camera: cam, turn: make(chan struct{}, 1)}
	s.life, s.end = context.WithCancel(context.Background())
	s.begin(c.Task)
	return s, nil
}

// begin follows a task from the next frame on. A frame under way still counts for the attempt that it was taken for.
func (s *service) begin(task string) *attempt {
	a := &attempt{task, s.model.Track(task, nil)}
	s.current.Store(a)
	return a
}

// Close ends the calls under way, waits for them, and frees the model.
func (s *service) Close(context.Context) error {
	s.end()
	return s.model.Close()
}

// within gives a context that also ends with the service.
func (s *service) within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.life, cancel)
	return ctx, func() { stop(); cancel() }
}

// failed says that the service was closed, where that is why a call fails.
func (s *service) failed(err error) error {
	if s.life.Err() != nil {
		return fmt.Errorf("%s: closed: %w", s.Name().Name, egotsr.ErrClosed)
	}
	return err
}

// newest takes a frame from the camera: the first that is no depth map.
func (s *service) newest(ctx context.Context, extra map[string]any) (*camera.NamedImage, error) {
	images, _, err := s.camera.Images(ctx, nil, extra)
	if err != nil {
		return nil, fmt.Errorf("camera %s: %w", s.cameraName, err)
	}
	for i := range images {
		if images[i].MimeType() != utils.MimeTypeRawDepth {
			return &images[i], nil
		}
	}
	return nil, fmt.Errorf("camera %s: has no colour image among %d", s.cameraName, len(images))
}

// maxPixels is far more than any camera gives, and few enough to be held.
const maxPixels = 64 << 20

// picture decodes a frame, unless its header says that it is too large.
func picture(ctx context.Context, frame *camera.NamedImage) (image.Image, error) {
	size, err := frame.Bounds()
	if err != nil {
		return nil, fmt.Errorf("image: %w", err)
	}
	if w, h := size.Dx(), size.Dy(); w <= 0 || h <= 0 || w > maxPixels/h {
		return nil, fmt.Errorf("image: is %d by %d: at most %d pixels are taken", w, h, maxPixels)
	}
	img, err := frame.Image(ctx)
	if err != nil {
		return nil, fmt.Errorf("image: %w", err)
	}
	return img, nil
}

// judge takes the frame that next gives when its turn has come, and says how the task is going after it.
func (s *service) judge(ctx context.Context, next func(context.Context) (*camera.NamedImage, error)) (*camera.NamedImage, classification.Classifications, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	current := s.current.Load()
	frame, err := next(ctx)
	if err != nil {
		return nil, nil, err
	}
	at := time.Now()
	img, err := picture(ctx, frame)
	if err != nil {
		return nil, nil, err
	}
	state, err := current.tracker.ObserveAt(ctx, at, img)
	if err != nil {
		return nil, nil, err
	}
	return frame, classes(state), nil
}

// classes are the trend, as sure as it is, and the progress, which is a share and no probability.
func classes(s egotsr.State) classification.Classifications {
	return classification.Classifications{
		classification.NewClassification(s.Confidence, s.Trend.String()),
		classification.NewClassification(s.Progress, "progress"),
	}
}

// check refuses other cameras than the service's: frames of two would be taken for those of one.
func (s *service) check(cameraName string) error {
	if cameraName != "" && cameraName != s.cameraName {
		return fmt.Errorf("camera: is %.40q: %s follows %q, as its attribute camera says", cameraName, s.Name().Name, s.cameraName)
	}
	return nil
}

func (s *service) ClassificationsFromCamera(ctx context.Context, cameraName string, n int, extra map[string]any) (classification.Classifications, error) {
	capture, err := s.CaptureAllFromCamera(ctx, cameraName, viscapture.CaptureOptions{ReturnClassifications: true}, extra)
	if err != nil {
		return nil, err
	}
	return capture.Classifications.TopN(n)
}

// Classifications takes an image for a frame of the camera that has just been taken.
func (s *service) Classifications(ctx context.Context, img *camera.NamedImage, n int, _ map[string]any) (classification.Classifications, error) {
	if img == nil {
		return nil, errors.New("image: is nil")
	}
	ctx, done := s.within(ctx)
	defer done()
	_, found, err := s.judge(ctx, func(context.Context) (*camera.NamedImage, error) { return img, nil })
	if err != nil {
		return nil, s.failed(err)
	}
	return found.TopN(n)
}

// CaptureAllFromCamera gives the frame that was classified. Detections and objects are left out, as other vision services leave out what
// they have not: viam-server's data capture always asks for detections.
func (s *service) CaptureAllFromCamera(ctx context.Context, cameraName string, opts viscapture.CaptureOptions, extra map[string]any) (viscapture.VisCapture, error) {
	if err := s.check(cameraName); err != nil {
		return viscapture.VisCapture{}, err
	}
	ctx, done := s.within(ctx)
	defer done()
	newest := func(ctx context.Context) (*camera.NamedImage, error) { return s.newest(ctx, extra) }
	var capture viscapture.VisCapture
	var err error
	if opts.ReturnClassifications {
		capture.Image, capture.Classifications, err = s.judge(ctx, newest)
	} else if opts.ReturnImage {
		capture.Image, err = newest(ctx)
	}
	if err != nil {
		return viscapture.VisCapture{}, s.failed(err)
	}
	if !opts.ReturnImage {
		capture.Image = nil
	}
	return capture, nil
}

// GetProperties names the camera too.
func (s *service) GetProperties(context.Context, map[string]any) (*vision.Properties, error) {
	return &vision.Properties{ClassificationSupported: true, DefaultCamera: &s.cameraName}, nil
}

func (s *service) unsupported(what string) error {
	return status.Errorf(codes.Unimplemented, "%s: %s are not supported: the service says how a task is going, by classifications", s.Name().Name, what)
}

func (s *service) DetectionsFromCamera(context.Context, string, map[string]any) ([]objectdetection.Detection, error) {
	return nil, s.unsupported("detections")
}

func (s *service) Detections(context.Context, *camera.NamedImage, map[string]any) ([]objectdetection.Detection, error) {
	return nil, s.unsupported("detections")
}

func (s *service) GetObjectPointClouds(context.Context, string, map[string]any) ([]*viz.Object, error) {
	return nil, s.unsupported("object point clouds")
}
