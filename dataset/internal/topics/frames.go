package topics

import (
	"errors"

	"github.com/egotsr/egotsr/dataset/clips"
)

// stored are a camera's frames. It is a clips.Stored.
type stored struct {
	src     Source
	channel *Channel
}

func (s *stored) Len() int        { return len(s.channel.entries) }
func (s *stored) Files() []string { return s.src.Files() }

func (s *stored) Open() (clips.FrameReader, error) {
	r, err := s.src.Open()
	if err != nil {
		return nil, err
	}
	return &frames{r, s.channel}, nil
}

type frames struct {
	Reader
	channel *Channel
}

func (f *frames) Frame(i int) ([]byte, string, error) {
	if i < 0 || i >= len(f.channel.entries) {
		return nil, "", fail(f.channel.Topic, "no frame %d of %d", i, len(f.channel.entries))
	}
	data, err := f.Message(f.channel.entries[i].ref)
	if err != nil {
		return nil, "", fail(f.channel.Topic, "frame %d: %w", i, err)
	}
	image, err := decode(f.channel.kind, f.channel.Encoding, data)
	if err == nil && image.depth() {
		err = errors.New("holds depth, not what a camera sees")
	}
	if err != nil {
		return nil, "", fail(f.channel.Topic, "frame %d: %w", i, err)
	}
	file, ext, err := image.file()
	if err != nil {
		return nil, "", fail(f.channel.Topic, "frame %d: %w", i, err)
	}
	return file, ext, nil
}
