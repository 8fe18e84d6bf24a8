package evaluate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
)

// about takes figures as equal that differ in their last digits.
var about = cmpopts.EquateApprox(0, 1e-12)

// openTiny opens a real Qwen2.5-VL with random weights: what it says means nothing.
func openTiny(t testing.TB) *egotsr.Model {
	t.Helper()
	m, err := egotsr.Open(context.Background(), os.DirFS("../testdata/tiny"), &egotsr.Options{Backend: "go"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// noise is a random square image; equal seeds give equal images.
func noise(seed uint64, side int) image.Image {
	r := rand.New(rand.NewPCG(seed, 1))
	img := image.NewGray(image.Rect(0, 0, side, side))
	for i := range img.Pix {
		img.Pix[i] = uint8(r.Uint32())
	}
	return img
}

// noisy is a source of such images by number.
type noisy struct{ *dataset.List }

func (noisy) Image(path string) (image.Image, error) {
	n, err := strconv.ParseUint(path, 10, 64)
	return noise(n, 60), err
}

func wantInput(t testing.TB, err error, what string) {
	t.Helper()
	var input *egotsr.InputError
	if !errors.As(err, &input) || input.What != what {
		t.Errorf("error %v, want an *InputError of %q", err, what)
	}
}

func sigmoid(z float64) float64 {
	if z < 0 {
		return math.Exp(z) / (1 + math.Exp(z))
	}
	return 1 / (1 + math.Exp(-z))
}

// lamps is a source whose frames are as bright as their path says; "none" is missing.
type lamps struct{ *dataset.List }

func (lamps) Image(path string) (image.Image, error) {
	level, err := strconv.Atoi(path)
	if err != nil {
		return nil, fs.ErrNotExist
	}
	return &image.Gray{Pix: bytes.Repeat([]byte{uint8(level)}, 64), Stride: 8, Rect: image.Rect(0, 0, 8, 8)}, nil
}

// oracle knows how bright a lamp is, and leans towards the frame shown first by some log-odds.
type oracle struct {
	lean  float64
	asked int
	fail  error
}

func (o *oracle) Judge(_ context.Context, p egotsr.Pair, opts *egotsr.JudgeOptions) (egotsr.Judgement, error) {
	if !opts.SingleOrder || opts.Prompt != dataset.Long {
		return egotsr.Judgement{}, errors.New("not asked as promised")
	}
	if o.asked++; o.asked == 3 && o.fail != nil {
		return egotsr.Judgement{}, o.fail
	}
	level := func(m image.Image) float64 { return float64(m.At(0, 0).(color.Gray).Y) }
	return egotsr.Judgement{PImg1: sigmoid((level(p.Img1)-level(p.Img2))/10 + o.lean)}, nil
}

func lampSamples() []dataset.Sample {
	pair := func(i, j int, episode string, kind dataset.Kind) dataset.Sample {
		levels := []int{10, 60, 40, 90, 95, 20}
		s := dataset.Sample{Task: "t", Img1: strconv.Itoa(levels[i]), Img2: strconv.Itoa(levels[j]), Frame1: i, Frame2: j, Window: max(i-j, j-i),
			Scene: "s", Episode: episode, Level: dataset.LevelShort, Kind: kind, Closer: dataset.Img1}
		if levels[j] > levels[i] {
			s.Closer = dataset.Img2
		}
		return s
	}
	bad := pair(0, 1, "1", dataset.KindForward)
	bad.Img2 = "none"
	none := pair(0, 0, "1", dataset.KindNoChange)
	none.Closer = ""
	return []dataset.Sample{
		pair(0, 1, "1", dataset.KindForward), bad, pair(1, 2, "1", dataset.KindRegression), none,
		pair(4, 0, "2", dataset.KindInverse), pair(3, 4, "2", dataset.KindForward), pair(5, 2, "3", dataset.KindRegression),
	}
}

func TestPairs(t *testing.T) {
	src := lamps{dataset.NewList(nil, lampSamples())}
	var dump bytes.Buffer
	r, err := Pairs(context.Background(), &oracle{lean: 1}, src, &Options{Name: "oracle", Dump: &dump})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Bad) != 1 || r.Bad[0].Index != 1 || strings.Count(dump.String(), "\n") != 5 {
		t.Errorf("bad %v, dump %s", r.Bad, dump.String())
	}
	of := func(system int, name GroupName) Group {
		t.Helper()
		g, ok := r.Systems[system].Group(name)
		if !ok {
			t.Fatalf("%s has no group %q", r.Systems[system].Name, name)
		}
		return g
	}
	// The lean decides the pair of levels 90 and 95 where the darker one is shown first.
	want := Group{Name: GroupAll, Pairs: 5, Forwards: 5, Inverses: 5, Both: 5, Forward: 0.8, Inverse: 1, Gap: -0.2, Consistency: 0.8, Right: 1, Interval: [2]float64{1, 1}}
	if diff := cmp.Diff(want, of(0, GroupAll), about); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if g := of(0, GroupWorse); g.Pairs != 2 || g.Right != 1 {
		t.Errorf("%+v", g)
	}
	// The later frame is closer in pairs 0, 4 and 5; the pair of frames 5 and 2 has the later one first.
	for name, want := range map[int]float64{1: 0.6, 2: 0.0} {
		if g := of(name, GroupAll); math.Abs(g.Right-want) > 1e-12 {
			t.Errorf("%s: %+v", r.Systems[name].Name, g)
		}
	}
	if g := of(2, GroupAll); g.Forward+g.Inverse != 1 || g.Consistency != 0 {
		t.Errorf("always img1: %+v", g)
	}
	var table strings.Builder
	if err := r.WriteTable(&table); err != nil || !strings.Contains(table.String(), "100.0 %") || !strings.Contains(table.String(), "could not be read") {
		t.Errorf("%v\n%s", err, table.String())
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Pairs(context.Background(), &oracle{lean: 1}, src, &Options{Name: "oracle"})
	if err != nil {
		t.Fatal(err)
	}
	other, err := json.Marshal(again)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(text), string(other)); diff != "" {
		t.Errorf("the same measurement gave another report\n%s", diff)
	}
}

func TestPairsErrors(t *testing.T) {
	src := lamps{dataset.NewList(nil, lampSamples())}
	broken := errors.New("broken")
	if _, err := Pairs(context.Background(), &oracle{fail: broken}, src, nil); !errors.Is(err, broken) || !strings.Contains(err.Error(), "sample 2") {
		t.Errorf("%v", err)
	}
	_, err := Pairs(context.Background(), &oracle{}, lamps{dataset.NewList(nil, lampSamples()[3:4])}, nil)
	wantInput(t, err, "source")
	m := openTiny(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	frames := make([]dataset.Sample, 3)
	for i := range frames {
		frames[i] = dataset.Sample{Task: "t", Img1: strconv.Itoa(i), Img2: "9", Closer: dataset.Img1}
	}
	if _, err := Pairs(ctx, m, noisy{dataset.NewList(nil, frames)}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if r, err := Pairs(context.Background(), m, noisy{dataset.NewList(nil, frames)}, nil); err != nil || r.Systems[0].Groups[0].Pairs != 3 {
		t.Errorf("a model: %+v, %v", r, err)
	}
}
