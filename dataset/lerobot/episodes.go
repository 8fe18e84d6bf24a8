package lerobot

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
)

const episodesFolder = "meta/episodes"

// episodes reads what the metadata lists. The result is in the order of the episodes' indexes.
func (d *folder) episodes(cameras []camera) (episodes []*episode, err error) {
	source := episodesFolder
	if d.old() {
		source = episodesFile
		episodes, err = d.listedEpisodes(cameras)
	} else {
		episodes, err = d.tableEpisodes(cameras)
	}
	if err != nil {
		return nil, err
	}
	// The files are what counts; info.json is only asked whether it agrees.
	if len(episodes) != d.Episodes {
		return nil, fail(infoFile, -1, "total_episodes is %d, but %s lists %d", d.Episodes, source, len(episodes))
	}
	slices.SortFunc(episodes, func(a, b *episode) int { return cmp.Compare(a.index, b.index) })
	for k, e := range episodes[min(1, len(episodes)):] {
		if e.index == episodes[k].index {
			return nil, fail(e.file, e.index, "is listed twice")
		}
	}
	return episodes, d.checkVideos(episodes)
}

// tableEpisodes reads every file of meta/episodes.
func (d *folder) tableEpisodes(cameras []camera) (episodes []*episode, err error) {
	chunks, err := fs.Glob(os.DirFS(d.dir), episodesFolder+"/*/*.parquet")
	if err != nil {
		return nil, wrap(episodesFolder, -1, err)
	}
	slices.Sort(chunks)
	for _, name := range chunks {
		if err := d.open(name, func(t *table) error {
			found, err := d.readEpisodes(t, cameras)
			episodes = append(episodes, found...)
			return err
		}); err != nil {
			return nil, err
		}
	}
	return episodes, nil
}

func (d *folder) readEpisodes(t *table, cameras []camera) ([]*episode, error) {
	index, err := t.counts("episode_index")
	if err != nil {
		return nil, err
	}
	length, err := t.counts("length")
	if err != nil {
		return nil, err
	}
	data, err := t.paths("data/", d.DataPath, "")
	if err != nil {
		return nil, err
	}
	episodes := make([]*episode, len(index))
	for k := range episodes {
		if length[k] == 0 {
			return nil, fail(t.name, index[k], "has no frames")
		}
		episodes[k] = &episode{index: index[k], length: length[k], file: t.name, data: data[k]}
	}
	for _, c := range cameras {
		if c.images {
			for _, e := range episodes {
				e.views = append(e.views, d.stored(e, c))
			}
			continue
		}
		prefix := "videos/" + c.key + "/"
		files, err := t.paths(prefix, d.VideoPath, c.key)
		if err != nil {
			return nil, err
		}
		from, err := t.numbers(prefix + "from_timestamp")
		if err != nil {
			return nil, err
		}
		to, err := t.numbers(prefix + "to_timestamp")
		if err != nil {
			return nil, err
		}
		for k, e := range episodes {
			v, err := d.view(from[k], to[k], e.length)
			if err != nil {
				return nil, fail(t.name, e.index, "camera %s: %w", c.key, err)
			}
			v.file = files[k]
			e.views = append(e.views, v)
		}
	}
	return episodes, nil
}

// paths reads the two columns that tell each episode's file.
func (t *table) paths(prefix, pattern, key string) ([]string, error) {
	chunk, err := t.counts(prefix + "chunk_index")
	if err != nil {
		return nil, err
	}
	file, err := t.counts(prefix + "file_index")
	if err != nil {
		return nil, err
	}
	paths := make([]string, len(chunk))
	for k := range paths {
		if paths[k], err = expand(pattern, key, chunk[k], file[k]); err != nil {
			return nil, wrap(infoFile, -1, err)
		}
	}
	return paths, nil
}

// view turns the times at which an episode begins and ends in a video into frame numbers. Times are sums of
// durations, so they come out a little beside the frames; more than a quarter of a frame is no rounding any more.
func (d *folder) view(from, to float64, length int) (view, error) {
	first, last := from*d.FPS, to*d.FPS
	for _, x := range []float64{first, last} {
		if !(x > -0.25 && x < maxCount) || math.Abs(x-math.Round(x)) > 0.25 {
			return view{}, fmt.Errorf("%v s to %v s is no span of frames at %v a second", from, to, d.FPS)
		}
	}
	v := view{from: int(math.Round(first)), to: int(math.Round(last))}
	if v.to-v.from != length {
		return view{}, fmt.Errorf("%v s to %v s are %d frames, the episode has %d", from, to, v.to-v.from, length)
	}
	return v, nil
}

// checkVideos makes sure that the videos are there and that no frame of them belongs to two episodes.
func (d *folder) checkVideos(episodes []*episode) error {
	type part struct {
		view
		e *episode
	}
	parts := map[string][]part{}
	for _, e := range episodes {
		for _, v := range e.views {
			if v.images != nil {
				continue
			}
			if parts[v.file] == nil {
				if err := d.isFile(v.file); err != nil {
					return wrap(v.file, e.index, err)
				}
			}
			parts[v.file] = append(parts[v.file], part{v, e})
		}
	}
	for file, p := range parts {
		slices.SortFunc(p, func(a, b part) int { return cmp.Compare(a.from, b.from) })
		for k := 1; k < len(p); k++ {
			if p[k].from < p[k-1].to {
				return fail(p[k].e.file, p[k].e.index, "begins at frame %d of %s, where episode %d has not ended", p[k].from, path.Base(file), p[k-1].e.index)
			}
		}
	}
	return nil
}

func (d *folder) isFile(name string) error {
	stat, err := os.Stat(filepath.Join(d.dir, filepath.FromSlash(name)))
	switch {
	case err != nil:
		return err
	case !stat.Mode().IsRegular():
		return errors.New("is not a file")
	case stat.Size() == 0:
		return errors.New("is empty")
	}
	return nil
}
