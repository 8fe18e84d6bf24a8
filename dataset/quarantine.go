package dataset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"sync"
	"time"
)

// Quarantine keeps a run going where single samples are bad: it lists them in a file, and stops the run where they become
// too many. The list has one JSON object a line: file, offset, index and reason. All methods are safe for
// concurrent use.
type Quarantine struct {
	share   float64
	minSeen int

	mu        sync.Mutex
	file      *os.File
	listed    map[quarantined]bool
	causes    map[quarantined]bool // what has made samples bad since the list was opened: an image, which many may show, or the sample itself
	synced    time.Time
	seen, bad int
}

// quarantined is what makes an entry the same as another.
type quarantined struct {
	File  string `json:"file"`
	Index int    `json:"index"`
}

// entry is one line of the list.
type entry struct {
	File   string `json:"file"`
	Offset int64  `json:"offset"`
	Index  int    `json:"index"`
	Reason string `json:"reason"`
}

// BadShareError reports that more samples are bad than a run should go on with.
type BadShareError struct {
	Bad, Seen int
	Share     float64 // that was allowed
	Err       error   // of the last bad sample
}

func (e *BadShareError) Error() string {
	last := strings.TrimPrefix(e.Err.Error(), "dataset: ") // said once is enough
	return fmt.Sprintf("dataset: %d of %d samples are bad, more than a share of %v: %s", e.Bad, e.Seen, e.Share, last)
}

func (e *BadShareError) Unwrap() error { return e.Err }

// OpenQuarantine opens the list at path or begins one. Once minSeen samples have been seen, a share of bad ones above
// maxShare stops the run. Before that it is stopped as soon as chance cannot explain so many: were maxShare the true share, fewer than
// one run in a million would meet as many bad ones among those seen. Of samples that show the same missing image one counts for that:
// at a share of 0.01 the first three may not all be bad for reasons of their own, nor 5 of the first 10.
//
// The list goes on from an earlier run, without that run's torn last line if it was killed; the counts begin anew. A file that is no
// such list is an error, and stays as it is. Processes that share a run keep a list each.
func OpenQuarantine(path string, maxShare float64, minSeen int) (*Quarantine, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fileError(path, err)
	}
	q := &Quarantine{share: maxShare, minSeen: minSeen, file: f, listed: map[quarantined]bool{}, causes: map[quarantined]bool{}, synced: time.Now()}
	if err := q.resume(); err != nil {
		return nil, errors.Join(fileError(path, err), f.Close())
	}
	return q, nil
}

// resume reads what is listed and cuts off a line that was not written to its end.
func (q *Quarantine) resume() error {
	data, err := io.ReadAll(q.file)
	if err != nil {
		return err
	}
	whole := data[:bytes.LastIndexByte(data, '\n')+1]
	n := 0
	for line := range bytes.Lines(whole) {
		n++
		key, err := listedIn(line)
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err) // not our list: nothing in it is touched
		}
		q.listed[key] = true
	}
	torn := data[len(whole):]
	if len(torn) == 0 {
		return nil
	}
	if key, err := listedIn(torn); err == nil { // all of it but the line's end
		q.listed[key] = true
		_, err := q.file.Write([]byte{'\n'})
		return err
	}
	// The first line of a file must tell more of itself than those that come after others.
	if begun := []byte(`{"file":"`); !bytes.HasPrefix(torn, begun) && (n == 0 || !bytes.HasPrefix(begun, torn)) {
		return fmt.Errorf("line %d: ends without a line end and is no entry", n+1)
	}
	return q.file.Truncate(int64(len(whole)))
}

// listedIn reads an entry, which has all of its fields and no others.
func listedIn(line []byte) (key quarantined, err error) {
	var e struct {
		File   *string `json:"file"`
		Offset *int64  `json:"offset"`
		Index  *int    `json:"index"`
		Reason *string `json:"reason"`
	}
	in := json.NewDecoder(bytes.NewReader(line))
	in.DisallowUnknownFields()
	if err := in.Decode(&e); err != nil {
		return key, err
	}
	if _, more := in.Token(); more != io.EOF || e.File == nil || e.Offset == nil || e.Index == nil || e.Reason == nil {
		return key, errors.New("is no entry of a list of bad samples")
	}
	return quarantined{*e.File, *e.Index}, nil
}

// Add counts a sample. With a nil error it is a good one. A *SampleError, or the *FileError of an image, makes it a bad
// one, which is listed unless it is already. Add returns an error that should end the run: a *BadShareError, or that
// of a list that cannot be written. Any other error (a cancelled context, say) is no sample's fault and comes back as
// it is, uncounted.
func (q *Quarantine) Add(index int, err error) error {
	e := entry{Index: index}
	var cause quarantined
	if err != nil {
		var sample *SampleError
		var file *FileError
		switch {
		case errors.As(err, &sample):
			e.File, e.Offset, e.Reason = sample.File, sample.Offset, sample.Err.Error()
			cause = quarantined{e.File, index}
		case errors.As(err, &file) && !errors.Is(err, os.ErrClosed):
			e.File, e.Reason = file.Path, file.Err.Error()
			cause = quarantined{e.File, -1}
		default:
			return err
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.seen++
	if err == nil {
		return nil
	}
	q.bad++
	q.causes[cause] = true
	if key := (quarantined{e.File, e.Index}); !q.listed[key] {
		if err := q.append(e); err != nil {
			return fileError(q.file.Name(), err)
		}
		q.listed[key] = true
	}
	if float64(q.bad) > q.share*float64(q.seen) && (q.seen >= q.minSeen || unlikely(len(q.causes), q.seen, q.share)) {
		return &BadShareError{Bad: q.bad, Seen: q.seen, Share: q.share, Err: err}
	}
	return nil
}

// unlikely tells whether bad of n samples are so many, where a share of them is, as to happen by chance less often than once in a million
// times: by Chernoff's bound, exp(-n D(bad/n || share)) with D the relative entropy (Hoeffding, JASA 1963, theorem 1).
func unlikely(bad, n int, share float64) bool {
	x := float64(bad) / float64(n)
	if x <= share {
		return false
	}
	d := x * math.Log(x/share)
	if x < 1 {
		d += (1 - x) * math.Log((1-x)/(1-share))
	}
	return float64(n)*d > math.Log(1e6)-1e-9
}

// append writes a line at once, so that a killed process has lost nothing. Against the loss of power it is synced, but
// at most once a second: a disk takes milliseconds for it, and a bad file has many samples.
func (q *Quarantine) append(e entry) error {
	if _, err := q.file.Write(append(marshal(e), '\n')); err != nil {
		return err
	}
	if now := time.Now(); now.Sub(q.synced) > time.Second {
		q.synced = now
		return q.file.Sync()
	}
	return nil
}

// Close syncs and closes the list.
func (q *Quarantine) Close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return errors.Join(q.file.Sync(), q.file.Close())
}
