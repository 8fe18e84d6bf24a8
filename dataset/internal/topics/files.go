package topics

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Parts are the files of a recording: the file itself, or those of a folder whose names end in ext, such as ".mcap".
func Parts(path, ext string) (files []string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if strings.EqualFold(filepath.Ext(e.Name()), ext) && !strings.HasPrefix(e.Name(), ".") && !e.IsDir() {
			files = append(files, filepath.Join(path, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("holds no %s files", ext)
	}
	// Shorter names first puts part_9 before part_10.
	slices.SortFunc(files, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	return files, nil
}

// Names are those of a recording's file or folder as an episode, and of the folder around it as its scene.
func Names(path string) (scene, episode string, err error) {
	if path, err = filepath.Abs(path); err != nil {
		return "", "", err
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", "", err
	}
	if episode = filepath.Base(path); !info.IsDir() {
		episode = strings.TrimSuffix(episode, filepath.Ext(episode))
	}
	if scene = filepath.Base(filepath.Dir(path)); scene == string(filepath.Separator) {
		scene = "recordings" // at the very top there is no folder to be named after
	}
	return scene, episode, nil
}
