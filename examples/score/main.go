// Score writes progress for every frame of a LeRobotDataset, v2 or v3, into the dataset's folder, where lerobot's trainers
// find it: <name>_progress.parquet. Killed and started again, it goes on where it was.
//
//	go run ./examples/score -data DIR
//	go run ./examples/score -data DIR -camera front -every 5 -name sarm
//
// Every n-th frame of an episode is compared with others of it, and the frames between get what lies between. A curve goes
// from 0 to 1 in every episode, whether it succeeds or not. Videos need ffmpeg.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"io/fs"
	"log"
	"os"
	"os/signal"
	"strconv"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset/clips"
	"github.com/egotsr/egotsr/dataset/lerobot"
	"github.com/egotsr/egotsr/evaluate"
	"github.com/egotsr/egotsr/model/nano"
)

func main() {
	log.SetFlags(0)
	data := flag.String("data", "", "`folder` of a LeRobotDataset")
	camera := flag.String("camera", "", "the `camera` that is looked at; needed where there are several")
	every := flag.Int("every", 10, "compare every n-th frame")
	name := flag.String("name", "egotsr", "of the file, `name`_progress.parquet")
	dense := flag.Bool("dense", false, "also score progress by annotated subtasks, as progress_dense")
	dir := flag.String("model", "", "checkpoint `directory` in Hugging Face layout; empty: the embedded nano model")
	backend := flag.String("backend", "", "go, xla:cpu, xla:cuda; empty: the best one present")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	checkpoint := nano.FS()
	if *dir != "" {
		checkpoint = os.DirFS(*dir)
	}
	s := scorer{camera: *camera, every: *every, name: *name, dense: *dense}
	if err := s.run(ctx, *data, checkpoint, *backend); err != nil {
		log.Fatal("score: ", err)
	}
}

type scorer struct {
	camera string
	every  int
	name   string
	dense  bool
	model  *egotsr.Model
}

func (s *scorer) run(ctx context.Context, data string, checkpoint fs.FS, backend string) error {
	recordings, err := s.recordings(data)
	if err != nil {
		return err
	}
	hash, err := evaluate.HashCheckpoint(checkpoint)
	if err != nil {
		return err
	}
	// All that changes a score is in the name of its origin, so that no file mixes two.
	origin := fmt.Sprintf("egotsr checkpoint %s, camera %s, every %d", hash, recordings[0].Camera, s.every)
	progress, err := lerobot.OpenProgress(data, &lerobot.ProgressOptions{Name: s.name, Model: origin, Dense: s.dense})
	if err != nil {
		return err
	}
	defer progress.Close()
	missing := progress.Missing()
	if len(missing) > 0 {
		if s.model, err = egotsr.Open(ctx, checkpoint, &egotsr.Options{Backend: backend}); err != nil {
			return err
		}
		defer s.model.Close()
	}
	byEpisode := map[string]*clips.Recording{}
	for k := range recordings {
		byEpisode[recordings[k].Episode] = &recordings[k]
	}
	for k, episode := range missing {
		r := byEpisode[strconv.Itoa(episode)]
		sparse, dense, err := s.score(ctx, r, progress.Frames(episode))
		if err != nil {
			return fmt.Errorf("episode %d: %w", episode, err)
		}
		if err := progress.Add(episode, sparse, dense); err != nil {
			return err
		}
		log.Printf("episode %d, %d of %d: %d frames", episode, k+1, len(missing), len(sparse))
	}
	if err := progress.Write(); err != nil {
		return err
	}
	fmt.Printf("%d episodes: %s_progress.parquet\n", len(recordings), s.name)
	return nil
}

// recordings are those of one camera.
func (s *scorer) recordings(data string) ([]clips.Recording, error) {
	var cameras []string
	if s.camera != "" {
		cameras = []string{s.camera}
	}
	if s.every < 1 || data == "" {
		return nil, errors.New("want -data, and -every of at least 1")
	}
	recordings, err := lerobot.Recordings(data, cameras...)
	if err != nil {
		return nil, err
	}
	if len(recordings) == 0 {
		return nil, errors.New("the dataset has no episodes")
	}
	for _, r := range recordings {
		if r.Camera != recordings[0].Camera {
			return nil, fmt.Errorf("there are several cameras, such as %s and %s: choose one with -camera", recordings[0].Camera, r.Camera)
		}
	}
	return recordings, nil
}

// score scores the n frames of an episode, and where asked for by subtasks as well.
func (s *scorer) score(ctx context.Context, r *clips.Recording, n int) (sparse, dense []float64, err error) {
	var at []int
	var images []image.Image
	err = r.Decode(ctx, s.every, func(i int, img image.Image) error {
		at, images = append(at, i), append(images, img)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	curve, err := s.model.Progress(ctx, r.Task, images)
	if err != nil {
		return nil, nil, err
	}
	if sparse, err = lerobot.Spread(at, curve, n); err != nil || !s.dense {
		return sparse, nil, err
	}
	// In the k-th of m subtasks, progress goes from k/m to (k+1)/m; between them it stays.
	var scored []int
	var steps []float64
	for k, a := range r.Actions {
		from, to := first(at, a.Start), first(at, a.End)
		curve, err := s.model.Progress(ctx, a.Text, images[from:to])
		if err != nil {
			return nil, nil, err
		}
		for i, p := range curve {
			scored = append(scored, at[from+i])
			steps = append(steps, (float64(k)+p)/float64(len(r.Actions)))
		}
	}
	dense, err = lerobot.Spread(scored, steps, n)
	return sparse, dense, err
}

// first is the first of the ascending numbers that is no less than x.
func first(numbers []int, x int) int {
	for k, n := range numbers {
		if n >= x {
			return k
		}
	}
	return len(numbers)
}
