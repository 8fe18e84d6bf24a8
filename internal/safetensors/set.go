package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/egotsr/egotsr/internal/sidefile"
)

// The names that a Hugging Face checkpoint directory gives to its weights, whole or in shards.
const (
	checkpointFile  = "model.safetensors"
	checkpointIndex = "model.safetensors.index.json"
)

// Info describes one tensor. Shape is empty for a scalar.
type Info struct {
	Name  string
	DType DType
	Shape []int

	file           string
	at             io.ReaderAt
	offset, length int64 // bytes, from the start of the file
}

// Bytes is the tensor's length in its file.
func (i Info) Bytes() int64 { return i.length }

// Elements is the number of values, 1 for a scalar.
func (i Info) Elements() int { return int(i.length / int64(i.DType.Size())) }

// Set is the tensors of one checkpoint, from one file or several. Its methods may be called at the same time, except
// that nothing may be read once Close is called.
type Set struct {
	name    string // the file or index that was opened
	files   []fs.File
	tensors map[string]Info
}

// Open opens one file and checks its header. The file system's files must implement [io.ReaderAt], as those of
// [embed.FS] and [os.DirFS] do.
func Open(fsys fs.FS, name string) (*Set, error) {
	s := &Set{name: name, tensors: map[string]Info{}}
	if _, err := s.add(fsys, name); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// OpenCheckpoint opens model.safetensors, or, where that is absent, the shards that model.safetensors.index.json
// names. Index and shards must agree on every tensor. A directory with neither is [fs.ErrNotExist].
func OpenCheckpoint(fsys fs.FS) (*Set, error) {
	s, err := Open(fsys, checkpointFile)
	if !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	where, err := readIndex(fsys)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("safetensors: neither %s nor %s: %w", checkpointFile, checkpointIndex, fs.ErrNotExist)
	}
	if err != nil {
		return nil, err
	}
	var shards []string
	for _, shard := range where {
		shards = append(shards, shard)
	}
	slices.Sort(shards)
	shards = slices.Compact(shards)
	if err := allThere(fsys, shards); err != nil {
		return nil, err
	}
	s = &Set{name: checkpointIndex, tensors: map[string]Info{}}
	for _, shard := range shards {
		var infos []Info
		infos, err = s.add(fsys, shard)
		if err != nil {
			break
		}
		if err = matchIndex(infos, shard, where); err != nil {
			break
		}
	}
	if err == nil {
		for _, name := range slices.Sorted(maps.Keys(where)) {
			if info, ok := s.tensors[name]; !ok || info.file != where[name] {
				err = &FormatError{File: where[name], Tensor: name, Reason: "the index names it here, and it is not"}
				break
			}
		}
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// allThere names every shard that is missing, so that all can be fetched at once.
func allThere(fsys fs.FS, shards []string) error {
	var missing []string
	for _, shard := range shards {
		if _, err := fs.Stat(fsys, shard); errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, shard)
		}
	}
	switch len(missing) {
	case 0:
		return nil
	case 1:
		return &FormatError{File: missing[0], Reason: "the index names this shard, and it is missing"}
	}
	return &FormatError{File: checkpointIndex, Reason: fmt.Sprintf("names %d shards, of which %d are missing: %s",
		len(shards), len(missing), strings.Join(missing, ", "))}
}

// matchIndex refuses a tensor that the index does not place in the shard that holds it.
func matchIndex(infos []Info, shard string, where map[string]string) error {
	for _, info := range infos {
		if where[info.Name] != shard {
			return &FormatError{File: shard, Tensor: info.Name, Reason: "the index does not name it here"}
		}
	}
	return nil
}

// readIndex gives the shard of every tensor.
func readIndex(fsys fs.FS) (map[string]string, error) {
	text, err := sidefile.Read(fsys, checkpointIndex, maxHeader)
	if bad := (*sidefile.Error)(nil); errors.As(err, &bad) {
		return nil, &FormatError{File: bad.File, Reason: bad.Reason}
	}
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	where, err := parseIndex(text)
	if err != nil {
		return nil, &FormatError{File: checkpointIndex, Reason: err.Error()}
	}
	return where, nil
}

func parseIndex(text []byte) (map[string]string, error) {
	if !json.Valid(text) {
		return nil, errors.New("not valid JSON")
	}
	where := map[string]string{}
	dec := json.NewDecoder(bytes.NewReader(text))
	err := eachKey(dec, func(key string) error {
		if key != "weight_map" {
			var skip json.RawMessage
			return dec.Decode(&skip)
		}
		return eachKey(dec, func(name string) error {
			shard, err := scalar[string](dec)
			if err != nil {
				return err
			}
			// Links inside the directory are followed, as the caches of Hugging Face need, but no name may leave it.
			if !fs.ValidPath(shard) || strings.Contains(shard, `\`) {
				return fmt.Errorf("tensor %q: shard name %q leaves the directory", name, shard)
			}
			where[name] = shard
			return nil
		})
	})
	if err == nil && len(where) == 0 {
		err = errors.New("weight_map is missing or empty")
	}
	return where, err
}

// add opens one file and puts its tensors into the set. The file joins s.files first, so that Close finds it.
func (s *Set) add(fsys fs.FS, name string) ([]Info, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	s.files = append(s.files, f)
	st, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	if !st.Mode().IsRegular() {
		return nil, &FormatError{File: name, Reason: "not a regular file"}
	}
	r, ok := f.(io.ReaderAt)
	if !ok {
		return nil, &FormatError{File: name, Reason: fmt.Sprintf("the file system's files (%T) do not implement io.ReaderAt", f)}
	}
	infos, err := readHeader(r, name, st.Size())
	if err != nil {
		return nil, err
	}
	for _, info := range infos {
		if other, ok := s.tensors[info.Name]; ok {
			return nil, &FormatError{File: name, Tensor: info.Name, Reason: "is in " + other.file + " too"}
		}
		s.tensors[info.Name] = info
	}
	return infos, nil
}

// Names lists the tensors in the order of their names.
func (s *Set) Names() []string { return slices.Sorted(maps.Keys(s.tensors)) }

// Info describes the named tensor. The shape is the caller's to keep.
func (s *Set) Info(name string) (Info, bool) {
	info, ok := s.tensors[name]
	info.Shape = slices.Clone(info.Shape)
	return info, ok
}

// Close closes the files.
func (s *Set) Close() error {
	var errs []error
	for _, f := range s.files {
		errs = append(errs, f.Close())
	}
	s.files = nil
	return errors.Join(errs...)
}
