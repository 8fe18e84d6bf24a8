package dataset

import (
	"fmt"
	"image"
	"math"
	"strconv"
	"strings"
)

// Part is a source in a [Mix].
type Part struct {
	Source Source
	Weight int // blocks of it in every round; 0 = 1
}

// Mix is a [Source] of several, in fixed proportions: a round has Weight blocks of each part, in order, and the largest
// part gives the number of rounds. Smaller ones begin again. A block is one of the part's own where it is [Blocked], or
// one sample.
// Every batch of a whole number of rounds has the same mixture.
//
// Image paths of samples get the number of their part in front, which Image takes off again.
type Mix struct {
	parts  []mixPart
	round  int // samples in a round
	rounds int
}

type mixPart struct {
	Source
	size int // samples of it in a round
}

// NewMix makes a mixture of one or more sources that are not empty.
func NewMix(parts ...Part) (*Mix, error) {
	m := &Mix{}
	for k, p := range parts {
		if p.Source == nil {
			return nil, fmt.Errorf("dataset: part %d of a mixture has no source", k)
		}
		size, n := max(1, p.Weight)*blockOf(p.Source), p.Source.Len()
		if n == 0 || p.Weight < 0 || size > math.MaxInt32 {
			return nil, fmt.Errorf("dataset: part %d of a mixture has %d samples and weight %d", k, n, p.Weight)
		}
		m.parts = append(m.parts, mixPart{p.Source, size})
		m.round += size
		m.rounds = max(m.rounds, (n-1)/size+1)
	}
	if len(parts) == 0 || m.rounds > math.MaxInt/m.round {
		return nil, fmt.Errorf("dataset: a mixture of %d parts, %d rounds of %d samples", len(parts), m.rounds, m.round)
	}
	return m, nil
}

// Len is the samples of all rounds.
func (m *Mix) Len() int { return m.rounds * m.round }

// Block is the samples of a round: an [Order] with it shows every round as a whole.
func (m *Mix) Block() int { return m.round }

// At is sample i, or an *IndexError, or the error of the part it comes from.
func (m *Mix) At(i int) (Sample, error) {
	if i < 0 || i >= m.Len() {
		return Sample{}, &IndexError{Index: i, Len: m.Len()}
	}
	round, at := i/m.round, i%m.round
	for k, p := range m.parts {
		if at >= p.size {
			at -= p.size
			continue
		}
		s, err := p.At((round%p.Len()*p.size + at) % p.Len()) // the remainder first, so that nothing overflows
		s.Img1, s.Img2 = partPath(k, s.Img1), partPath(k, s.Img2)
		return s, err
	}
	panic("dataset: a round is shorter than its parts")
}

// partPath puts a number in front of an image's path; the second image that a question about one frame lacks has none.
func partPath(part int, path string) string {
	if path == "" {
		return ""
	}
	return strconv.Itoa(part) + "/" + path
}

// cutPart takes the number off again, which is -1 where there is none.
func cutPart(path string) (part int, rest string) {
	number, rest, _ := strings.Cut(path, "/")
	part, err := strconv.Atoi(number)
	if err != nil || part < 0 {
		return -1, path
	}
	return part, rest
}

// Image is the image of a sample's Img1 or Img2. A path that is none of them gives a *FileError.
func (m *Mix) Image(path string) (image.Image, error) {
	k, rest := cutPart(path)
	if k < 0 || k >= len(m.parts) {
		return nil, fileError(path, fmt.Errorf("is of none of %d parts", len(m.parts)))
	}
	return m.parts[k].Image(rest)
}
