package main

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"go.viam.com/rdk/components/camera"
	"go.viam.com/rdk/resource"
	"go.viam.com/rdk/utils"

	"github.com/egotsr/egotsr/model/nano"
)

// config is the attributes of a service.
type config struct {
	Task       string `json:"task"`
	Camera     string `json:"camera"`               // a name; "remote:name" of another machine's
	Checkpoint string `json:"checkpoint,omitempty"` // a folder; empty is the one that comes with the library
	Backend    string `json:"backend,omitempty"`    // go, xla:cpu or xla:cuda; empty is the best there is

	Attributes utils.AttributeMap `json:"-"` // where RDK puts those that are none of the above
}

// Validate names the camera as what the service depends on.
func (c *config) Validate(path string) (required, optional []string, err error) {
	for _, name := range slices.Sorted(maps.Keys(c.Attributes)) {
		return nil, nil, faulty(path, name, "there is no such attribute: want task, camera, checkpoint or backend")
	}
	if c.Camera == "" {
		return nil, nil, resource.NewConfigValidationFieldRequiredError(path, "camera")
	}
	if c.Task == "" {
		return nil, nil, resource.NewConfigValidationFieldRequiredError(path, "task")
	}
	if err := checkTask(c.Task); err != nil {
		return nil, nil, faulty(path, "task", err.Error())
	}
	if _, err := fs.Stat(c.files(), "config.json"); err != nil {
		return nil, nil, faulty(path, "checkpoint", "want a folder in Hugging Face layout, or nothing for the library's own checkpoint: "+err.Error())
	}
	return []string{camera.Named(c.Camera).String()}, nil, nil
}

func (c *config) files() fs.FS {
	if c.Checkpoint == "" {
		return nano.FS()
	}
	return os.DirFS(c.Checkpoint)
}

func faulty(path, attribute, why string) error {
	return resource.NewConfigValidationError(path, fmt.Errorf("%s: %s", attribute, why))
}

// checkTask refuses at once what the first frame would be refused for.
func checkTask(task string) error {
	if strings.TrimSpace(task) == "" || len(task) > 2000 || !utf8.ValidString(task) {
		return fmt.Errorf("want 1 to 2000 bytes of text, not blank")
	}
	return nil
}
