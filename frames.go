package egotsr

import (
	"container/list"
	"context"
	"fmt"
	"image"
	"log/slog"
	"sync"

	"github.com/egotsr/egotsr/model"
	"github.com/egotsr/egotsr/vision"
)

// frame is an image made ready: its pixels, and the hash of them that stands for it in the cache and in the order of a
// pair. Two images that look the same to the model are the same frame, whatever their Go types.
type frame struct {
	rgb  *vision.RGB
	hash frameHash
}

type frameHash = [32]byte

// prepare checks an image before anything is computed, so that what is wrong with it is told of it and not of a batch.
func (m *Model) prepare(what string, img image.Image) (f *frame, err error) {
	if err := m.check(what, img); err != nil {
		return nil, err
	}
	defer unreadable(what, img, &err)
	rgb := vision.ToRGB(img)
	return &frame{rgb, rgb.Hash()}, nil
}

// check looks at no more than the size of an image.
func (m *Model) check(what string, img image.Image) (err error) {
	if img == nil {
		return &InputError{What: what, Reason: "is nil"}
	}
	defer unreadable(what, img, &err)
	bounds := img.Bounds()
	if _, err := m.images.Grid(bounds.Dx(), bounds.Dy()); err != nil {
		return &InputError{What: what, Err: err}
	}
	if part := m.images.Part(bounds.Dx(), bounds.Dy()); part.Size() != bounds.Size() {
		m.tellCropped(bounds.Size(), part.Size())
	}
	return nil
}

// tellCropped says once of every size how much of such frames the model sees; loudly where that is less than half.
func (m *Model) tellCropped(size, part image.Point) {
	if _, told := m.cropped.LoadOrStore(size, true); told {
		return
	}
	share := float64(part.X*part.Y) / float64(size.X*size.Y)
	level := slog.LevelInfo
	if share < 0.5 {
		level = slog.LevelWarn
	}
	m.log.Log(context.Background(), level, "frames are cut to the shape that the checkpoint learnt from", "size", size, "seen", part, "share", share)
}

// unreadable makes an error of a panic. An image.Image is foreign code: a nil *image.RGBA, or pixels shorter than its bounds, panics
// inside Bounds or At.
func unreadable(what string, img image.Image, err *error) {
	if p := recover(); p != nil {
		*err = &InputError{What: what, Reason: fmt.Sprintf("%T cannot be read: %v", img, p)}
	}
}

// encodeChunk is how many frames are held as patches at once.
const encodeChunk = 16

// features returns the vision features of frames, in order. Each distinct frame is encoded once, however often it is
// listed and however many calls ask for it at the same time; the others wait for the one that came first.
func (m *Model) features(ctx context.Context, frames []*frame) ([]*model.Features, error) {
	entries := make([]*cacheEntry, len(frames))
	for {
		var missing []int
		for i, e := range entries {
			if e == nil {
				missing = append(missing, i)
			}
		}
		if len(missing) == 0 {
			break
		}
		mine := m.frames.claim(frames, entries, missing)
		if err := m.encode(ctx, mine); err != nil {
			return nil, err
		}
		// Waiting comes after our own part is done, so two calls can never wait for each other.
		for _, i := range missing {
			select {
			case <-entries[i].done:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			if entries[i].features == nil {
				entries[i] = nil // the call that had claimed it failed or was cancelled: that is no error of ours
			}
		}
	}
	out := make([]*model.Features, len(frames))
	for i, e := range entries {
		out[i] = e.features
	}
	return out, nil
}

// encode fills the entries this call has claimed; whatever happens, none is left open.
func (m *Model) encode(ctx context.Context, mine []*cacheEntry) (err error) {
	defer func() {
		for _, e := range mine {
			m.frames.settle(e, nil)
		}
	}()
	for len(mine) > 0 {
		chunk := mine[:min(len(mine), encodeChunk)]
		patches := make([]*vision.Patches, len(chunk))
		for i, e := range chunk {
			if err := ctx.Err(); err != nil {
				return err
			}
			if patches[i], err = m.images.RGBPatches(e.rgb); err != nil {
				return err
			}
		}
		features, err := m.net.Encode(ctx, patches)
		if err != nil {
			return err
		}
		for i, e := range chunk {
			m.frames.settle(e, features[i])
		}
		mine = mine[len(chunk):]
	}
	return nil
}

// frameCache keeps the features of the frames used last. The settings of the image processor need no place in the key:
// a Model has one processor for life.
type frameCache struct {
	mu      sync.Mutex
	limit   int
	entries map[frameHash]*cacheEntry // finished ones, and those being encoded now
	recent  *list.List                // finished entries, most recently used first
	encodes int                       // frames encoded in all
}

type cacheEntry struct {
	hash     frameHash
	rgb      *vision.RGB     // until it is encoded
	done     chan struct{}   // closed once features is set, or stays nil for good
	features *model.Features // nil after done: encoding failed
	at       *list.Element
}

func newFrameCache(limit int) *frameCache {
	return &frameCache{limit: limit, entries: map[frameHash]*cacheEntry{}, recent: list.New()}
}

// claim finds the entries of the frames listed in missing, and returns those that the caller must now encode.
func (c *frameCache) claim(frames []*frame, entries []*cacheEntry, missing []int) (mine []*cacheEntry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, i := range missing {
		f := frames[i]
		e := c.entries[f.hash]
		switch {
		case e == nil:
			e = &cacheEntry{hash: f.hash, rgb: f.rgb, done: make(chan struct{})}
			c.entries[f.hash] = e
			mine = append(mine, e)
		case e.at != nil:
			c.recent.MoveToFront(e.at)
		}
		entries[i] = e
	}
	return mine
}

// settle ends the encoding of an entry; nil features mean that it failed and may be tried again.
func (c *frameCache) settle(e *cacheEntry, features *model.Features) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer close(e.done)
	e.rgb = nil
	switch {
	case c.entries[e.hash] != e: // forgotten while it was encoded
	case features == nil || c.limit == 0:
		delete(c.entries, e.hash)
	default:
		e.at = c.recent.PushFront(e)
	}
	if features != nil {
		e.features = features
		c.encodes++
	}
	for c.recent.Len() > c.limit {
		last := c.recent.Remove(c.recent.Back()).(*cacheEntry)
		delete(c.entries, last.hash)
	}
}

// forget drops what is kept, for when the weights have changed. What is being encoded now is not kept either.
func (c *frameCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.entries)
	c.recent.Init()
}
