package lerobot

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/parquet-go/parquet-go"

	"github.com/egotsr/egotsr/dataset/clips"
	"github.com/egotsr/egotsr/dataset/internal/picture"
)

// images are the frames of an episode that are kept as image files within a data file, in a column of structs {bytes,
// path}. It is a clips.Stored.
type images struct {
	d             *folder
	episode       int
	file, key     string
	first, length int // rows
}

// imageReader reads them some at a time. It is a clips.FrameReader.
type imageReader struct {
	*images
	from  int // row that batch begins with
	batch [][]byte
}

func (d *folder) stored(e *episode, c camera) view {
	return view{images: &images{d: d, episode: e.index, file: e.data, key: c.key, length: e.length}}
}

func (s *images) Len() int { return s.length }

func (s *images) Files() []string {
	return []string{filepath.Join(s.d.dir, filepath.FromSlash(s.file))}
}

func (s *images) Open() (clips.FrameReader, error) { return &imageReader{images: s}, nil }

func (s *imageReader) Close() error { return nil }

// batchBytes is how much is read ahead: opening a file and finding a row in it takes longer than reading some frames.
const batchBytes = 8 << 20

func (s *imageReader) Frame(i int) (data []byte, ext string, err error) {
	if i < 0 || i >= s.length {
		return nil, "", fail(s.file, s.episode, "no frame %d of %d", i, s.length)
	}
	row := s.first + i
	if row < s.from || row >= s.from+len(s.batch) {
		s.from, s.batch = row, nil
		err := s.d.open(s.file, func(t *table) (err error) {
			s.batch, err = t.blobs(s.key, row, s.first+s.length-row)
			return err
		})
		if err != nil {
			return nil, "", err
		}
	}
	data = s.batch[row-s.from]
	if ext, err = picture.Ext(data); err != nil {
		return nil, "", fail(s.file, s.episode, "camera %s: frame %d %w", s.key, i, err)
	}
	return data, ext, nil
}

// imageLeaf is the column that holds the bytes of a camera's images.
func (t *table) imageLeaf(key string) (column int, ok bool) {
	leaf, ok := t.file.Schema().Lookup(key, "bytes")
	return leaf.ColumnIndex, ok && leaf.MaxRepetitionLevel == 0 && leaf.Node.Type().Kind() == parquet.ByteArray
}

func (t *table) hasImages(key string) bool {
	_, ok := t.imageLeaf(key)
	return ok
}

// blobs reads up to most images of a camera from a row on, and no more than batchBytes after the first.
func (t *table) blobs(key string, row, most int) (batch [][]byte, err error) {
	leaf, ok := t.imageLeaf(key)
	if !ok {
		return nil, fmt.Errorf("no images in a column %s", key)
	}
	total := 0
	for _, group := range t.file.RowGroups() {
		if n := int(group.NumRows()); row >= n {
			row -= n
			continue
		}
		err := walk(group.ColumnChunks()[leaf], row, func(v parquet.Value) error {
			if len(batch) == most || len(batch) > 0 && total > batchBytes {
				return errStop
			}
			data := slices.Clone(v.ByteArray()) // nil of a null
			batch, total = append(batch, data), total+len(data)
			return nil
		})
		if err == errStop || len(batch) == most {
			return batch, nil
		}
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", key, err)
		}
		row = 0
	}
	if len(batch) == 0 {
		return nil, fmt.Errorf("column %s ends too early", key)
	}
	return batch, nil
}
