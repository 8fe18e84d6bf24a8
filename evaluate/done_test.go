package evaluate

import (
	"context"
	"image"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/dataset"
)

// finisher is a function as a Finisher: one that is no Model.
type finisher func(frame image.Image) float64

func (f finisher) Done(_ context.Context, _ string, frame image.Image) (float64, error) {
	return f(frame), nil
}

func TestDone(t *testing.T) {
	ctx := context.Background()
	signalled := lampEpisode("1", 30, 20, 10) // the signal counts, not the cost
	signalled.Signals = map[string][]float64{"success": {0, 0, 1}}
	unknown := lampEpisode("2", 10, 0)
	unknown.Cost = nil
	episodes := []dataset.Episode{lampEpisode("0", 100, 15, 0, 0), signalled, unknown}
	light := finisher(func(frame image.Image) float64 { return float64(frame.(*image.Gray).Pix[0]) / 250 })
	r, err := Done(ctx, light, Episodes{episodes, lit{}.Image}, &Options{Name: "light"})
	if err != nil {
		t.Fatal(err)
	}
	// Levels of done frames 250, 250, 240; of others 150, 235, 220, 230. All are brighter than half but none is out of order.
	// Places of done frames 2/3, 1, 1; of others 0, 1/3, 0, 1/2.
	want := []DoneSystem{
		{Name: "light", AUC: 1, Interval: [2]float64{1, 1}, Found: 1, False: 1},
		{Name: "place in the recording", AUC: 1, Interval: [2]float64{1, 1}, Found: 1, False: 0},
	}
	if diff := cmp.Diff(want, r.Systems); diff != "" || r.Frames != 7 || r.Done != 3 {
		t.Errorf("done on %d of %d; -want +got\n%s", r.Done, r.Frames, diff)
	}
	odd := finisher(func(image.Image) float64 { return 2 })
	if _, err := Done(ctx, odd, Episodes{episodes, lit{}.Image}, nil); err == nil || !strings.Contains(err.Error(), "frame 0 of episode lamp/0: probability 2") {
		t.Error(err)
	}
	_, err = Done(ctx, light, Episodes{[]dataset.Episode{lampEpisode("9", 100, 50)}, lit{}.Image}, nil)
	wantInput(t, err, "episodes")
	_, err = Done(ctx, light, Episodes{List: episodes}, nil)
	wantInput(t, err, "episodes")
}
