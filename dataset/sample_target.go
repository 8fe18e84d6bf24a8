package dataset

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
)

// takeTarget reads the answer and the descriptions; what else the target holds stays in f.
func (s *Sample) takeTarget(f fields) error {
	raw, ok := f[keyTarget]
	if !ok {
		return nil
	}
	target, ok := object(raw)
	if !ok {
		return errors.New("the target is not an object")
	}
	for _, key := range []string{keyCloser, cotCloser} {
		raw, ok := target[key]
		if !ok {
			continue
		}
		label, ok := text(raw)
		if !ok {
			label = string(raw)
		}
		var err error
		if s.Closer, err = answer(label); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		if delete(target, key); s.Closer != "" {
			break
		}
	}
	for _, key := range []string{keyDetails, cotDetails} {
		if raw, ok := target[key]; ok {
			delete(target, key)
			rest := s.takeDetails(raw)
			if rest != nil {
				target[keyDetails] = rest
			}
			if rest != nil || s.Detail != [2]string{} {
				break
			}
		}
	}
	delete(f, keyTarget)
	if len(target) > 0 {
		f[keyTarget] = marshal(target)
	}
	return nil
}

// labelled is the form in which Prompt.Target writes two descriptions.
var labelled = regexp.MustCompile(`(?is)^\s*img1\s*[:：]\s*(.*?)\s*[;；\n]\s*img2\s*[:：]\s*(.*?)\s*$`)

// takeDetails reads two descriptions from an object or a text, and gives back what it does not understand.
func (s *Sample) takeDetails(raw json.RawMessage) (rest json.RawMessage) {
	if said, ok := text(raw); ok {
		if m := labelled.FindStringSubmatch(said); m != nil {
			s.Detail = [2]string{m[1], m[2]}
			return nil
		}
		if said == "" {
			return nil
		}
		return raw
	}
	sides, ok := object(raw)
	if !ok {
		return raw
	}
	s.Detail[0], _ = taken[string](sides, Img1, nil)
	s.Detail[1], _ = taken[string](sides, Img2, nil)
	if len(sides) == 0 {
		return nil
	}
	return marshal(sides)
}

// targetOf is the target as JSON, nil where there is none.
func targetOf(s *Sample) ([]byte, error) {
	rest, details, err := restOfTarget(s)
	if err != nil || s.Closer == "" && details == nil && len(rest) == 0 {
		return nil, err
	}
	b := []byte{'{'}
	member := func(name string, value []byte) {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(append(appendString(b, name), ':'), value...)
	}
	if s.Closer != "" {
		member(keyCloser, appendString(nil, s.Closer))
	}
	if details != nil {
		member(keyDetails, details)
	}
	for _, name := range rest.names() {
		if name != keyCloser || s.Closer == "" {
			member(name, compacted(rest[name]))
		}
	}
	return append(b, '}'), nil
}

// restOfTarget takes apart what a file's target held beside what is understood, and merges its details with ours.
func restOfTarget(s *Sample) (rest fields, details []byte, err error) {
	if raw, ok := s.Extra[keyTarget]; ok {
		if rest, ok = object(raw); !ok {
			return nil, nil, fmt.Errorf("extra field %q is not an object", keyTarget)
		}
	}
	raw, ok := rest[keyDetails]
	delete(rest, keyDetails)
	if s.Detail == [2]string{} {
		if ok {
			details = compacted(raw)
		}
		return rest, details, nil
	}
	sides, _ := object(raw)
	if sides == nil { // a text is replaced by the descriptions
		sides = fields{}
	}
	for i, side := range []string{Img1, Img2} {
		if delete(sides, side); s.Detail[i] != "" {
			sides[side] = appendString(nil, s.Detail[i])
		}
	}
	return rest, marshal(sides), nil
}
