package tokenizer

import "fmt"

// UnsupportedError says that tokenizer.json asks for something this package does not do.
type UnsupportedError struct {
	Part string // the component: "normalizer", "pre_tokenizer", "model", …
	Kind string // what it asks for: "Lowercase", "dropout", …
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("tokenizer: tokenizer.json: unsupported %s: %s", e.Part, e.Kind)
}

// FormatError says that tokenizer.json is not what it should be.
type FormatError struct {
	Where string // a path such as "model.merges[17]", or a byte offset
	What  string
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("tokenizer: malformed tokenizer.json: %s: %s", e.Where, e.What)
}

func malformed(where, format string, args ...any) error {
	return &FormatError{Where: where, What: fmt.Sprintf(format, args...)}
}

func fail(what string, err error) error { return fmt.Errorf("tokenizer: %s: %w", what, err) }
