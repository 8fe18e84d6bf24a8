package lerobot

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const infoFile = "meta/info.json"

// folder is a dataset's folder and the part of its info.json that is used here.
type folder struct {
	dir string

	Version   string             `json:"codebase_version"`
	FPS       float64            `json:"fps"`
	Episodes  int                `json:"total_episodes"`
	ChunkSize int                `json:"chunks_size"` // episodes a chunk, v2 only
	DataPath  string             `json:"data_path"`
	VideoPath string             `json:"video_path"`
	Features  map[string]feature `json:"features"`
}

type feature struct {
	DType string `json:"dtype"`
	Info  struct {
		FPS   *float64 `json:"video.fps"`
		Depth bool     `json:"is_depth_map"`
		Old   bool     `json:"video.is_depth_map"` // its name until lerobot 0.5
	} `json:"info"`
}

// camera is a feature that shows a view, and the name its recordings get.
type camera struct {
	key, name string
	images    bool // kept in the data files, not in videos
}

func readInfo(dir string) (*folder, error) {
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(infoFile)))
	if err != nil {
		return nil, wrap(infoFile, -1, err)
	}
	d := &folder{dir: dir}
	if err := d.parse(data); err != nil {
		return nil, wrap(infoFile, -1, err)
	}
	return d, nil
}

func (d *folder) parse(data []byte) error {
	// The version comes first and alone: what else an older file holds may not even decode.
	var v struct {
		Version string `json:"codebase_version"`
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	switch major, _, _ := strings.Cut(v.Version, "."); major {
	case "v2", "v3":
	case "v1":
		return fmt.Errorf("LeRobotDataset %s is not read, only v2 and v3: convert it with lerobot 0.3.3, `python -m lerobot.datasets.v2.convert_dataset_v1_to_v2`", v.Version)
	default:
		return fmt.Errorf("LeRobotDataset version %q is not known, only v2 and v3", v.Version)
	}
	if err := json.Unmarshal(data, d); err != nil {
		return err
	}
	if !(d.FPS > 0 && d.FPS <= 10000) {
		return fmt.Errorf("%v frames a second", d.FPS)
	}
	if d.old() && (d.ChunkSize < 1 || d.ChunkSize > maxCount) {
		return fmt.Errorf("chunks_size is %d", d.ChunkSize)
	}
	return nil
}

// old tells whether the dataset is v2: a data file and a video for every episode, and JSON lines for metadata.
func (d *folder) old() bool { return strings.HasPrefix(d.Version, "v2") }

// cameras finds the features that the caller asked for, or all.
func (d *folder) cameras(wanted []string) ([]camera, error) {
	var all []string
	short := map[string]int{}
	for _, key := range slices.Sorted(maps.Keys(d.Features)) {
		if f := d.Features[key]; (f.DType == "video" || f.DType == "image") && !f.Info.Depth && !f.Info.Old {
			all = append(all, key)
			short[lastPart(key)]++
		}
	}
	name := func(key string) string {
		if short[lastPart(key)] == 1 {
			return lastPart(key)
		}
		return key
	}
	keys := all
	if len(wanted) > 0 {
		keys = nil
		for _, w := range wanted {
			k := slices.IndexFunc(all, func(key string) bool { return key == w || name(key) == w })
			if k < 0 {
				return nil, fail(infoFile, -1, "no camera %q, only %q", w, all)
			}
			if slices.Contains(keys, all[k]) {
				return nil, fail(infoFile, -1, "camera %q is asked for twice", w)
			}
			keys = append(keys, all[k])
		}
	}
	if len(keys) == 0 {
		return nil, fail(infoFile, -1, "no camera")
	}
	var cameras []camera
	for _, key := range keys {
		f := d.Features[key]
		if f.Info.FPS != nil && *f.Info.FPS != d.FPS {
			return nil, fail(infoFile, -1, "camera %s has %v frames a second, the dataset %v", key, *f.Info.FPS, d.FPS)
		}
		// It becomes a folder's name, here and in what is prepared from it.
		if n := name(key); n == "" || strings.HasPrefix(n, ".") || strings.ContainsAny(key, "/\\\x00") {
			return nil, fail(infoFile, -1, "%q is no name for a camera", key)
		}
		cameras = append(cameras, camera{key: key, name: name(key), images: f.DType == "image"})
	}
	return cameras, nil
}

func lastPart(key string) string { return key[strings.LastIndexByte(key, '.')+1:] }

// field is a replacement field of Python's format, as far as lerobot's paths use it.
var field = regexp.MustCompile(`\{(\w+)(?::0?(\d)d)?\}`)

var errEscapes = errors.New("leads out of the dataset's folder")

// expand fills in a path pattern of info.json such as data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet, or of
// v2, data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet, where file is the episode.
func expand(pattern, key string, chunk, file int) (string, error) {
	var unknown error
	path := field.ReplaceAllStringFunc(pattern, func(match string) string {
		part := field.FindStringSubmatch(match)
		width, _ := strconv.Atoi(part[2])
		switch part[1] {
		case "video_key":
			return key
		case "chunk_index", "episode_chunk":
			return fmt.Sprintf("%0*d", width, chunk)
		case "file_index", "episode_index":
			return fmt.Sprintf("%0*d", width, file)
		}
		unknown = fmt.Errorf("path %q has an unknown field %s", pattern, match)
		return match
	})
	if unknown != nil {
		return "", unknown
	}
	// Both forms are tested, because a name that is harmless here may not be where slashes lean the other way.
	if !filepath.IsLocal(path) || strings.Contains(path, "\\") {
		return "", fmt.Errorf("path %q %w", path, errEscapes)
	}
	return path, nil
}
