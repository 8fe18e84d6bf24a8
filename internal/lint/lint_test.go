// Package lint holds the law of the house as tests: who may import whom, how long a file may be, what must be documented.
package lint

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const module = "github.com/egotsr/egotsr"

// rooms lists, for every room, the rooms it may import; all may import internal ones. A room that is missing here is a
// violation: the map is the design, and changes with it.
var rooms = map[string][]string{
	".":          {"curriculum", "dataset", "decompose", "model", "tokenizer", "vision"},
	"curriculum": {"dataset", "model", "tokenizer", "vision"},
	"dataset":    {"vision"},
	"decompose":  {},
	"model":      {"vision"},
	"tokenizer":  {},
	"vision":     {},
}

// programs may import everything: they are the wiring, and nothing imports them.
var programs = []string{"examples", "internal/bench", "internal/resave"}

// gomlx are the rooms whose code may see GoMLX.
var gomlx = []string{"model", "curriculum", "internal"}

const (
	maxLines       = 330 // of a Go file without tests
	maxReadmeLines = 150
)

func under(dir string, rooms []string) bool {
	return slices.ContainsFunc(rooms, func(r string) bool { return dir == r || strings.HasPrefix(dir, r+"/") })
}

func room(dir string) string {
	first, _, _ := strings.Cut(dir, "/")
	return first
}

// check returns the violations of every file in a tree.
func check(tree fs.FS) (violations []string, err error) {
	complain := func(name, format string, args ...any) {
		violations = append(violations, name+": "+fmt.Sprintf(format, args...))
	}
	err = fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != "." && strings.HasPrefix(d.Name(), ".") && d.Name() != ".ci" || d.Name() == "testdata" || name == "runs" {
				return fs.SkipDir
			}
			return nil
		}
		if !slices.Contains([]string{".go", ".md", ".sh", ".py", ".mod", ""}, path.Ext(name)) {
			return nil
		}
		data, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		for _, place := range []string{"/ro" + "ot/", "/wo" + "rk/", "/ho" + "me/"} {
			if bytes.Contains(data, []byte(place)) {
				complain(name, "names the machine path %s", place)
			}
		}
		lines := bytes.Count(data, []byte("\n"))
		if name == "README.md" && lines > maxReadmeLines {
			complain(name, "%d lines, at most %d", lines, maxReadmeLines)
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		test := strings.HasSuffix(name, "_test.go")
		if lines > maxLines && !test {
			complain(name, "%d lines, at most %d", lines, maxLines)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, data, parser.ParseComments)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			if why := forbidden(path.Dir(name), imported, test); why != "" {
				complain(name, "imports %s: %s", imported, why)
			}
		}
		if !test && !under(path.Dir(name), programs) && room(path.Dir(name)) != "internal" {
			for _, symbol := range undocumented(file) {
				complain(name, "%s is exported and has no comment", symbol)
			}
		}
		return nil
	})
	return violations, err
}

// forbidden says why a file in dir may not import a package, or nothing.
func forbidden(dir, imported string, test bool) string {
	switch {
	case under(dir, programs):
		return ""
	case strings.HasPrefix(imported, "github.com/gomlx/") && !under(dir, gomlx) && !test:
		return "GoMLX stays in " + strings.Join(gomlx, ", ")
	case imported == module:
		if test && dir == "." {
			return "" // examples of the root package
		}
		return "nobody imports the root"
	case !strings.HasPrefix(imported, module+"/"):
		return ""
	}
	target := strings.TrimPrefix(imported, module+"/")
	from := room(dir)
	switch {
	case test && dir == "." || from == room(target):
		return ""
	case under(target, programs):
		return "programs are imported by nobody"
	case from == "internal" && room(target) != "internal":
		return "internal packages know nothing above them"
	case room(target) == "internal":
		return ""
	case !slices.Contains(slices.Sorted(maps.Keys(rooms)), from):
		return "the room " + from + " is not in the design"
	case !slices.Contains(rooms[from], room(target)):
		return "arrows from " + from + " go to " + strings.Join(rooms[from], ", ") + " only"
	}
	return ""
}

// undocumented lists the exported declarations of a file that no comment explains.
func undocumented(file *ast.File) (names []string) {
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			// A method that only satisfies an interface says nothing that its name does not.
			plain := slices.Contains([]string{"Error", "String", "Unwrap", "Len", "At"}, d.Name.Name)
			if d.Name.IsExported() && d.Doc == nil && (d.Recv == nil || !plain && ast.IsExported(receiver(d))) {
				names = append(names, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if t, ok := spec.(*ast.TypeSpec); ok && t.Name.IsExported() && d.Doc == nil && t.Doc == nil {
					names = append(names, t.Name.Name)
				}
			}
		}
	}
	return names
}

func receiver(d *ast.FuncDecl) string {
	t := d.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if id, ok := t.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

func TestHouse(t *testing.T) {
	violations, err := check(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range violations {
		t.Error(v)
	}
}

// TestReadmeTree: the README's annotated tree names every folder at the top.
func TestReadmeTree(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && e.Name() != "runs" && !bytes.Contains(readme, []byte(e.Name()+"/")) {
			t.Errorf("README.md does not name %s/", e.Name())
		}
	}
}

// TestChecker: every rule catches its violation, so that a silent pass means something.
func TestChecker(t *testing.T) {
	long := "package x\n" + strings.Repeat("//\n", maxLines)
	for name, c := range map[string]struct{ file, text, want string }{
		"root":        {"model/a.go", "package model\nimport _ \"" + module + "\"\n", "nobody imports the root"},
		"gomlx":       {"vision/a.go", "package vision\nimport _ \"github.com/gomlx/gomlx/core/graph\"\n", "GoMLX stays"},
		"arrow":       {"tokenizer/a.go", "package tokenizer\nimport _ \"" + module + "/model\"\n", "arrows from tokenizer"},
		"upwards":     {"internal/x/a.go", "package x\nimport _ \"" + module + "/model\"\n", "know nothing above"},
		"new room":    {"extra/a.go", "package extra\nimport _ \"" + module + "/model\"\n", "not in the design"},
		"program":     {"model/a.go", "package model\nimport _ \"" + module + "/examples/judge\"\n", "programs are imported"},
		"long":        {"model/a.go", long, "lines, at most"},
		"long readme": {"README.md", strings.Repeat("\n", maxReadmeLines+1), "lines, at most"},
		"no comment":  {"model/a.go", "package model\nfunc Public() {}\n", "has no comment"},
		"no comment2": {"model/a.go", "package model\ntype Public int\n", "has no comment"},
		"machine":     {"scripts/a.sh", "cd /ro" + "ot/x\n", "machine path"},
	} {
		got, err := check(fstest.MapFS{c.file: {Data: []byte(c.text)}})
		if err != nil || len(got) != 1 || !strings.Contains(got[0], c.want) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	fine := fstest.MapFS{"curriculum/a.go": {Data: []byte("package curriculum\nimport _ \"" + module + "/model\"\n")}}
	if got, err := check(fine); err != nil || got != nil {
		t.Errorf("a clean tree: %q, %v", got, err)
	}
}
