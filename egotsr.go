package egotsr

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/egotsr/egotsr/internal/ask"
	"github.com/egotsr/egotsr/model"
	"github.com/egotsr/egotsr/tokenizer"
	"github.com/egotsr/egotsr/vision"
)

// Options says how a checkpoint is run. Nil, or the zero value, is right for most programs.
type Options struct {
	// Backend is "go" (pure Go, always there), "xla:cpu" or "xla:cuda". Empty means $GOMLX_BACKEND, and where that is
	// unset the best one that this program and machine have. Judging in batches and training use all devices of it; a
	// CPU is one device, or as many as "xla:cpu,devices=4" makes of it to try that out. A GPU takes options, such as
	// "xla:cuda,memory_fraction=0.5,visible_devices=0;1"; [model.Load] lists them, and where plugins are looked for.
	Backend string

	// Weights is the type that weights are held and multiplied in: "f32", "bf16", "int8", or empty for the type they
	// are stored in.
	Weights string

	// MinPixels and MaxPixels bound the area of an image, in pixels, after it has been resized to whole patches.
	// Zero takes the bound from the checkpoint's image settings.
	MinPixels, MaxPixels int

	// Whole shows the model frames as they are, whatever their shape. Otherwise those of another shape than the checkpoint learnt from
	// (its recordings.json says which; nano: squares) are cut to the largest part in the middle that has it, which for nano keeps a
	// setback in a 640x480 frame as visible as in a square one. Nothing is stretched.
	Whole bool

	// MaxBatch is how many judgements share one graph run in JudgeAll and Progress, at most 4096. All devices share it. Zero means
	// 8 on each.
	MaxBatch int

	// FrameCache is how many frames have their vision features kept for the next call: 4·tokens·hidden bytes each,
	// which for a 7B checkpoint and a 640x480 frame is 5.6 MB. Zero means 64, a negative number none. Where any are, a Tracker keeps the
	// keys and values of at most 7 frames too, 8·tokens·layers·kvHeads·headDim bytes each: for that checkpoint and frame 47 MB.
	FrameCache int

	// Meter is told how long frames, graph runs and compilations take, and how long runs wait for each other. Nil means nobody.
	Meter Meter

	// Logger hears of loading, warming up and saving, at level Info. Nil means silence.
	Logger *slog.Logger
}

// Meter is told how long things take: what OpenTelemetry or Prometheus make histograms of.
type Meter = model.Meter

// Model is a checkpoint ready to judge. It is safe for concurrent use: calls take turns at the backend, which uses
// every core by itself, and share one cache of encoded frames.
//
// Every method that takes a context returns its error soon after it ends, within the time of one image's preparation;
// a graph that was already running finishes unobserved. No method panics on bad input.
type Model struct {
	net     *model.Model
	tok     *tokenizer.Tokenizer
	asker   *ask.Asker
	images  vision.Processor
	every   time.Duration // between the frames of the recordings that the checkpoint learnt from
	cropped sync.Map      // sizes of frames that are not shown whole, told of once
	fsys    fs.FS         // the checkpoint's other files, which Save copies
	frames  *frameCache
	log     *slog.Logger

	opened       Options                // as Open was given them
	fitted       atomic.Pointer[fitted] // never nil, and what it points to never changes
	teaching     chan struct{}          // full while the model is being taught
	maxBatch     int
	detailsLimit int // tokens of a description; less than the constant only in tests

	mu     sync.Mutex
	closed bool
	calls  sync.WaitGroup // those under way
}

// Open loads a checkpoint in Hugging Face layout (config.json, preprocessor_config.json or, by transformers 5,
// processor_config.json, tokenizer.json, and model.safetensors or its sharded index) from os.DirFS(dir), an embed.FS such
// as nano.FS(), or any fs.FS whose files implement io.ReaderAt. Its chat template gives the system turn; one that renders a
// question about images otherwise than Qwen2.5-VL's is refused. Every tensor is checked by name and shape before any
// compute; those that no judge needs, such as a value head, are passed over and logged. Options may be nil.
//
// The file system is kept for Save, which copies the small files from it; weights are read only here.
func Open(ctx context.Context, fsys fs.FS, opts *Options) (*Model, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	start := time.Now()
	m, err := open(ctx, fsys, &o)
	if err != nil {
		return nil, failed("open: ", err)
	}
	if names := m.net.PassedOver; len(names) > 0 {
		o.Logger.Info("tensors passed over: the model has no use for them", "names", names)
	}
	o.Logger.Info("checkpoint loaded", "layers", m.net.Config.Layers, "hidden", m.net.Config.HiddenSize,
		"backend", m.net.Backend(), "seconds", time.Since(start).Seconds())
	return m, nil
}

// maxBatch is the most judgements in one graph run: far more than any device has memory for, few enough to be listed.
const maxBatch = 4096

func open(ctx context.Context, fsys fs.FS, o *Options) (m *Model, err error) {
	if fsys == nil {
		return nil, &InputError{What: "file system", Reason: "is nil"}
	}
	if o.MaxBatch < 0 || o.MaxBatch > maxBatch {
		return nil, &InputError{What: "Options.MaxBatch", Reason: fmt.Sprintf("is %d: want 1 to %d, or 0 for 8 on each device", o.MaxBatch, maxBatch)}
	}
	m = &Model{fsys: fsys, opened: *o, log: o.Logger, detailsLimit: detailsLimit, frames: newFrameCache(64), teaching: make(chan struct{}, 1)}
	if o.FrameCache != 0 {
		m.frames = newFrameCache(max(o.FrameCache, 0))
	}
	if _, err := fs.Stat(fsys, "config.json"); errors.Is(err, fs.ErrNotExist) { // rather a wrong folder than a lost file
		return nil, fmt.Errorf("no checkpoint in Hugging Face layout is there: %w", err)
	}
	if m.images, err = vision.Load(fsys); err != nil {
		return nil, err
	}
	m.images.MinPixels = cmp.Or(o.MinPixels, m.images.MinPixels)
	m.images.MaxPixels = cmp.Or(o.MaxPixels, m.images.MaxPixels)
	if err := m.images.Validate(); err != nil { // the checkpoint's own are sound
		return nil, &InputError{What: "Options.MinPixels, MaxPixels", Reason: fmt.Sprintf("are, with the checkpoint's for a zero, %d and %d: "+
			"want at least 1, MinPixels not above MaxPixels, and at most 100 megapixels", m.images.MinPixels, m.images.MaxPixels)}
	}
	if m.tok, err = tokenizer.Load(fsys); err != nil {
		return nil, err
	}
	if m.every, m.images.Aspect, err = loadRecordings(fsys); err != nil {
		return nil, err
	}
	if o.Whole {
		m.images.Aspect = 0
	}
	f, err := loadFitted(fsys)
	if err != nil {
		return nil, err
	}
	m.fitted.Store(&f)
	if m.net, err = model.Load(ctx, fsys, o.Backend, o.Weights); err != nil {
		return nil, err
	}
	m.net.Meter = o.Meter
	m.maxBatch = cmp.Or(o.MaxBatch, 8*m.net.Devices())
	if m.asker, err = ask.New(m.net, m.tok); err != nil {
		m.net.Close()
		return nil, err
	}
	return m, nil
}

// Close waits for calls under way, then frees the weights and the backend. Later calls return ErrClosed; closing again
// is no error. A range over JudgeAll counts as under way only while it computes, so its loop body may close the model.
func (m *Model) Close() error {
	if m == nil || m.net == nil {
		return nil
	}
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.calls.Wait()
	return m.net.Close()
}

// enter begins a call that Close must wait for; m.calls.Done ends it.
func (m *Model) enter() error {
	if m == nil || m.net == nil {
		return ErrClosed // the zero Model never was open
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	m.calls.Add(1)
	return nil
}

// Save writes the checkpoint to dir in Hugging Face layout: weights and calibration as they are now, the other files as
// they were opened. It takes effect as a whole or not at all, and transformers loads the result unchanged.
//
// dir may be absent, empty, or what Save has written before, which is then replaced: .written.json in it lists what that was.
// Where anything else lies there, or a file has been changed since, nothing is touched, and an *InputError names it.
func (m *Model) Save(ctx context.Context, dir string) error {
	if err := m.enter(); err != nil {
		return err
	}
	defer m.calls.Done()
	if dir == "" {
		return &InputError{What: "directory", Reason: "is empty"}
	}
	if err := m.net.Save(ctx, m.fsys, m.calibrationText(), dir); err != nil {
		return failed("save to "+dir+": ", err)
	}
	m.log.Info("checkpoint saved", "dir", dir)
	return nil
}

// Adapt merges a low-rank adapter into the weights: adapter_config.json and adapter_model.safetensors as Hugging Face's
// peft writes them, and as lie in the folder adapter/ of checkpoints that NewTrainer makes within a stage with LoRA. Save
// then writes an ordinary checkpoint. Whole tensors in the file, of peft's modules_to_save, replace those of the checkpoint.
// Every tensor is checked by name and shape, and every option that peft would compute otherwise is refused, before a weight
// changes.
func (m *Model) Adapt(ctx context.Context, fsys fs.FS) error {
	if err := m.enter(); err != nil {
		return err
	}
	defer m.calls.Done()
	if fsys == nil {
		return &InputError{What: "file system", Reason: "is nil"}
	}
	if err := m.net.Adapt(ctx, fsys); err != nil {
		return failed("adapt: ", err)
	}
	m.frames.forget()
	return nil
}
