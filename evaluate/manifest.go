package evaluate

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"path"
	"slices"

	"github.com/egotsr/egotsr"
)

// Manifest says what a report's figures come from, in hashes of 16 hexadecimal digits.
type Manifest struct {
	ID         string `json:"id"`                   // of both below: where it is the same, so are the figures, but for rounding
	Questions  string `json:"questions"`            // of samples, frames, right answers and options: only where it is the same can reports be compared
	Checkpoint string `json:"checkpoint,omitempty"` // of the judge's weights and settings; "" where the caller did not say
}

// Manifest of the report as it is now: every part that is added changes it.
func (r *Report) Manifest() Manifest {
	h := sha256.New()
	fmt.Fprintf(h, "pairs %s %q\n", r.Samples, fmt.Sprint(r.Options))
	if r.Curves != nil {
		fmt.Fprintf(h, "curves %s %d\n", r.Curves.Samples, r.Curves.Seed)
	}
	if r.Done != nil {
		fmt.Fprintf(h, "done %s %d\n", r.Done.Samples, r.Done.Seed)
	}
	if r.Plans != nil {
		fmt.Fprintf(h, "plans %s\n", r.Plans.Samples)
	}
	if r.Track != nil {
		fmt.Fprintf(h, "track %s %d\n", r.Track.Samples, r.Track.Seed)
	}
	m := Manifest{Questions: short(h), Checkpoint: r.Checkpoint}
	h = sha256.New()
	fmt.Fprintf(h, "%s %s\n", m.Questions, m.Checkpoint)
	m.ID = short(h)
	return m
}

// MarshalJSON puts the manifest first.
func (r *Report) MarshalJSON() ([]byte, error) {
	type plain Report
	return json.Marshal(struct {
		Manifest Manifest `json:"manifest"`
		*plain
	}{r.Manifest(), (*plain)(r)})
}

// HashCheckpoint identifies a checkpoint: by the names and contents of its weights, and of its JSON, chat template and text files. What else
// lies beside them, such as a README, does not count.
func HashCheckpoint(fsys fs.FS) (string, error) {
	if fsys == nil {
		return "", &egotsr.InputError{What: "file system", Reason: "is nil"}
	}
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return "", fmt.Errorf("evaluate: checkpoint: %w", err)
	}
	h := sha256.New()
	for _, e := range entries { // in the order of their names
		if e.IsDir() || !slices.Contains([]string{".safetensors", ".json", ".jinja", ".txt"}, path.Ext(e.Name())) {
			continue
		}
		if err := hashFile(h, fsys, e.Name()); err != nil {
			return "", fmt.Errorf("evaluate: checkpoint: %w", err)
		}
	}
	return short(h), nil
}

// hashFile adds a file by its name and its own hash, so that no content can pass for two files.
func hashFile(h hash.Hash, fsys fs.FS, name string) error {
	f, err := fsys.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	content := sha256.New()
	if _, err := io.Copy(content, f); err != nil {
		return err
	}
	fmt.Fprintf(h, "%q %x\n", name, content.Sum(nil))
	return nil
}

// short is enough of a hash to tell any number of reports apart.
func short(h hash.Hash) string { return fmt.Sprintf("%x", h.Sum(nil)[:8]) }

// hashItems identifies the samples that were measured.
func hashItems(items []Item) string {
	h := sha256.New()
	for _, i := range items {
		fmt.Fprintf(h, "%q %q %q %q\n", i.Task, i.Img1, i.Img2, i.Closer)
	}
	return short(h)
}
