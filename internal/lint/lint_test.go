// Package lint holds the law of the house as tests: who may import whom, how long a file may be, what must be documented.
package lint

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const module = "github.com/egotsr/egotsr"

// rooms lists, for every room, the rooms it may import; all may import internal ones. A room that is missing here is a
// violation: the map is the design, and changes with it. Internal packages know nothing above them, but for those named here,
// which are rooms that users do not see.
var rooms = map[string][]string{
	".":              {"curriculum", "dataset", "decompose", "model", "tokenizer", "vision", "internal/ask", "internal/train"},
	"curriculum":     {"dataset"},
	"dataset":        {"vision"},
	"decompose":      {},
	"endpoint":       {"dataset", "decompose"},
	"evaluate":       {".", "dataset", "decompose", "vision"},
	"internal/ask":   {"dataset", "model", "tokenizer"},
	"internal/train": {"curriculum", "dataset", "internal/ask", "model", "tokenizer", "vision"},
	"model":          {"vision"},
	"tokenizer":      {},
	"vision":         {},
}

// programs are wiring: they may import every room and the root, and nothing imports them, but for what the examples share, which
// only they import.
var programs = []string{examples, "internal/bench", "internal/benchdata", "internal/gpucheck", "internal/rehearse", "internal/resave", "internal/soak"}

// examples are the only importers of evaluate in this module: a robot's program does not measure.
const examples = "examples"

const shared = "examples/internal"

// gomlx are the rooms whose code may see GoMLX.
var gomlx = []string{"model", "internal/optim", "internal/compiled"}

const (
	maxLines       = 330 // of a Go file without tests
	maxReadmeLines = 150
	maxPackages    = 220                                 // that a robot's program gets with the root, without cgo
	maxNames       = 60                                  // that the root exports
	graph          = "github.com/gomlx/gomlx/core/graph" // its operations read as formulas; the one dot-import
)

// machinePath finds paths of somebody's machine at the start of a path, so that a/root/b is none.
var machinePath = regexp.MustCompile(`(^|[^\w./-])/(ro` + `ot|wo` + `rk|ho` + `me|tm` + `p)\b`)

func under(dir string, rooms []string) bool {
	return slices.ContainsFunc(rooms, func(r string) bool { return dir == r || strings.HasPrefix(dir, r+"/") })
}

func room(dir string) string {
	if rooms[dir] != nil {
		return dir
	}
	first, _, _ := strings.Cut(dir, "/")
	return first
}

// check returns the violations of every file in a tree. Modules inside of it are houses of their own: only machine paths are looked for.
func check(tree fs.FS) (violations []string, err error) {
	complain := func(name, format string, args ...any) {
		violations = append(violations, name+": "+fmt.Sprintf(format, args...))
	}
	var nested []string // folders of modules inside of this one
	err = fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != "." && strings.HasPrefix(d.Name(), ".") && d.Name() != ".ci" || d.Name() == "testdata" || name == "runs" {
				return fs.SkipDir
			}
			if _, err := fs.Stat(tree, name+"/go.mod"); err == nil && name != "." {
				nested = append(nested, name)
			}
			return nil
		}
		if name == ".git" {
			return nil // of a linked worktree: where the repository is
		}
		data, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		if bytes.IndexByte(data[:min(len(data), 8192)], 0) >= 0 {
			return nil // not text
		}
		if found := machinePath.Find(data); found != nil {
			complain(name, "names a machine path: %q", found)
		}
		if under(path.Dir(name), nested) {
			return nil
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
		if first := room(path.Dir(name)); rooms[first] == nil && first != "internal" && first != examples {
			complain(name, "the room %s is not in the design", first)
			return nil
		}
		if !under(path.Dir(name), []string{examples}) && slices.ContainsFunc(file.Decls, isInit) {
			complain(name, "has an init function: importing a package must do nothing")
		}
		if !test && slices.ContainsFunc(file.Decls, parsesTemplate) {
			complain(name, "parses a template: importing a package must do nothing")
		}
		for _, spec := range file.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			if why := forbidden(path.Dir(name), imported, test); why != "" {
				complain(name, "imports %s: %s", imported, why)
			}
			if spec.Name != nil && spec.Name.Name == "." && imported != graph {
				complain(name, "dot-imports %s", imported)
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
	target, ours := strings.CutPrefix(imported, module+"/")
	from := room(dir)
	switch {
	case strings.HasPrefix(imported, "github.com/gomlx/") && !under(dir, gomlx):
		return "GoMLX stays in " + strings.Join(gomlx, ", ")
	case imported == module && !under(dir, programs) && !slices.Contains(rooms[from], ".") && !(test && dir == "."):
		return "nobody imports the root"
	case !ours:
		return ""
	case under(target, programs) && !(under(target, []string{shared}) && from == "examples"):
		return "programs are imported by nobody"
	case room(target) == "evaluate" && from != "evaluate" && from != examples:
		return "only examples measure"
	case under(dir, programs) || from == room(target):
		return ""
	case from == "internal":
		return "internal packages know nothing above them"
	case room(target) == "internal":
		return ""
	case !slices.Contains(rooms[from], room(target)):
		return "arrows from " + from + " go to " + strings.Join(append([]string{"internal"}, rooms[from]...), ", ") + " only"
	}
	return ""
}

func isInit(decl ast.Decl) bool {
	f, ok := decl.(*ast.FuncDecl)
	return ok && f.Recv == nil && f.Name.Name == "init"
}

// parsesTemplate tells of a variable of a package that a template is parsed for.
func parsesTemplate(decl ast.Decl) (found bool) {
	if d, ok := decl.(*ast.GenDecl); ok {
		ast.Inspect(d, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Must" {
				x, _ := s.X.(*ast.Ident)
				found = found || x != nil && x.Name == "template"
			}
			_, function := n.(*ast.FuncLit)
			return !function
		})
	}
	return found
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
				if t, ok := spec.(*ast.TypeSpec); ok && t.Name.IsExported() && t.Doc == nil && (d.Doc == nil || d.Lparen.IsValid()) {
					names = append(names, t.Name.Name)
				}
			}
		}
	}
	return names
}

// satisfies are methods that a type has for a standard interface, which nobody has to look up.
var satisfies = []string{"Error", "Unwrap", "String", "MarshalText", "UnmarshalText", "MarshalJSON", "UnmarshalJSON"}

// exports lists what the package at a tree's top exports: constants, variables, types, functions, and methods of its types.
func exports(tree fs.FS) (names []string, err error) {
	files, err := fs.Glob(tree, "*.go")
	if err != nil {
		return nil, err
	}
	add := func(prefix string, ids ...*ast.Ident) {
		for _, id := range ids {
			if id.IsExported() {
				names = append(names, prefix+id.Name)
			}
		}
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		data, err := fs.ReadFile(tree, name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, data, 0)
		if err != nil {
			return nil, err
		}
		for _, decl := range file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					add("", d.Name)
				} else if of := receiver(d); ast.IsExported(of) && !slices.Contains(satisfies, d.Name.Name) {
					add(of+".", d.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch s := spec.(type) {
					case *ast.TypeSpec:
						add("", s.Name)
					case *ast.ValueSpec:
						add("", s.Names...)
					}
				}
			}
		}
	}
	return names, nil
}

// receiver names the type that a method belongs to: T of T, *T, T[P] and *T[P, Q].
func receiver(d *ast.FuncDecl) (name string) {
	ast.Inspect(d.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && name == "" {
			name = id.Name
		}
		return name == ""
	})
	return name
}

// treeFaults compares the README's annotated tree with the repository: every folder at the top is in it, and every file
// and folder in it is there. Each line of the tree is one or more paths, two spaces or more, and an explanation.
func treeFaults(readme string, tree fs.FS) (faults []string) {
	_, rest, _ := strings.Cut(readme, "## What is where\n\n```\n")
	block, _, ok := strings.Cut(rest, "```")
	if !ok {
		return []string{"no tree under \"What is where\""}
	}
	var named []string
	for line := range strings.Lines(block) {
		paths, _, _ := strings.Cut(line, "  ")
		for _, p := range strings.Fields(paths) {
			p = strings.TrimSuffix(p, "/")
			if _, err := fs.Stat(tree, p); p != "…" && err != nil {
				faults = append(faults, "names "+p+", which is not there")
			}
			named = append(named, p)
		}
	}
	entries, err := fs.ReadDir(tree, ".")
	if err != nil {
		return append(faults, err.Error())
	}
	for _, e := range entries {
		inside := func(p string) bool { return under(p, []string{e.Name()}) }
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && e.Name() != "runs" && !slices.ContainsFunc(named, inside) {
			faults = append(faults, "does not name "+e.Name()+"/")
		}
	}
	return faults
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

func TestReadmeTree(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range treeFaults(string(readme), os.DirFS("../..")) {
		t.Error("README.md " + f)
	}
}

// TestRootImports: a robot's program is no web client, draws no bars, and stays small.
func TestRootImports(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", ".")
	cmd.Dir, cmd.Env = "../..", append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	list := strings.Fields(string(out))
	if !slices.Contains(list, module) {
		t.Fatalf("no root among %d packages", len(list))
	}
	if len(list) > maxPackages {
		t.Errorf("the root comes with %d packages, at most %d:\n%s", len(list), maxPackages, out)
	}
	never := []string{"net", "net/http", "crypto/tls", "html/template", "github.com/schollz/progressbar/v3", "golang.org/x/term", module + "/endpoint", module + "/dataset/cot"}
	for _, p := range list {
		if slices.Contains(never, p) {
			t.Error("the root imports", p)
		}
	}
}

// TestRootExports: the root is small enough to be read.
func TestRootExports(t *testing.T) {
	names, err := exports(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if len(names) > maxNames || !slices.Contains(names, "Model.Judge") {
		t.Errorf("the root exports %d names, at most %d:\n%s", len(names), maxNames, strings.Join(names, "\n"))
	}
}

func TestExports(t *testing.T) {
	got, err := exports(fstest.MapFS{
		"a.go": {Data: []byte(`package a
type (
	Public struct{ Field int }
	private int
)
const One, two, Three = 1, 2, 3
var Four, five = 4, 5
func Do() {}
func do() {}
func (p *Public[T]) Do() {}
func (Public) String() string { return "" }
func (Public) quiet() {}
func (private) Loud() {}
`)},
		"a_test.go": {Data: []byte("package a\nfunc Test() {}\n")},
		"b/b.go":    {Data: []byte("package b\nfunc Other() {}\n")},
	})
	want := []string{"Public", "One", "Three", "Four", "Do", "Public.Do"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// TestChecker: every rule catches its violation, so that a silent pass means something.
func TestChecker(t *testing.T) {
	long := "package model\n" + strings.Repeat("//\n", maxLines)
	imports := func(pkg, what string) string { return "package " + pkg + "\nimport _ \"" + what + "\"\n" }
	for name, c := range map[string]struct{ file, text, want string }{
		"root":             {"model/a.go", imports("model", module), "nobody imports the root"},
		"root, in itself":  {"a.go", imports("egotsr", module), "nobody imports the root"},
		"root, in a test":  {"model/a_test.go", imports("model", module), "nobody imports the root"},
		"gomlx":            {"vision/a.go", imports("vision", graph), "GoMLX stays"},
		"gomlx, in a test": {"vision/a_test.go", imports("vision", graph), "GoMLX stays"},
		"gomlx, program":   {"examples/x/a.go", imports("main", graph), "GoMLX stays"},
		"gomlx, root":      {"a.go", imports("egotsr", graph), "GoMLX stays"},
		"measuring":        {"a.go", imports("egotsr", module+"/evaluate"), "only examples measure"},
		"measuring, test":  {"a_test.go", imports("egotsr_test", module+"/evaluate"), "only examples measure"},
		"measuring, below": {"model/a.go", imports("model", module+"/evaluate"), "only examples measure"},
		"measuring, bench": {"internal/bench/a.go", imports("main", module+"/evaluate"), "only examples measure"},
		"measuring model":  {"evaluate/a.go", imports("evaluate", module+"/model"), "arrows from evaluate"},
		"arrow":            {"tokenizer/a.go", imports("tokenizer", module+"/model"), "arrows from tokenizer"},
		"arrow back":       {"vision/a.go", imports("vision", module+"/dataset"), "arrows from vision"},
		"hidden room":      {"dataset/a.go", imports("dataset", module+"/internal/train"), "arrows from dataset"},
		"from it":          {"internal/train/a.go", imports("train", module+"/decompose"), "arrows from internal/train"},
		"into it":          {"internal/x/a.go", imports("x", module+"/internal/train"), "know nothing above"},
		"gomlx, inside":    {"internal/train/a.go", imports("train", graph), "GoMLX stays"},
		"endpoint":         {"dataset/cot/a_test.go", imports("cot", module+"/endpoint"), "arrows from dataset"},
		"upwards":          {"internal/x/a.go", imports("x", module+"/model"), "know nothing above"},
		"upwards, a room":  {"internal/x/a.go", imports("x", module+"/internal/ask"), "know nothing above"},
		"a room, further":  {"internal/ask/a.go", imports("ask", module+"/curriculum"), "arrows from internal/ask"},
		"new room":         {"extra/a.go", "package extra\n", "not in the design"},
		"program":          {"model/a.go", imports("model", module+"/examples/judge"), "programs are imported"},
		"program, inside":  {"internal/x/a.go", imports("x", module+"/internal/bench"), "programs are imported"},
		"program, by one":  {"examples/x/a.go", imports("main", module+"/examples/judge"), "programs are imported"},
		"shared":           {"internal/bench/a.go", imports("main", module+"/examples/internal/program"), "programs are imported"},
		"shared, below":    {"model/a.go", imports("model", module+"/examples/internal/program"), "programs are imported"},
		"dot":              {"model/a.go", "package model\nimport . \"fmt\"\n", "dot-imports fmt"},
		"init":             {"model/a.go", "package model\nfunc init() {}\n", "init function"},
		"template":         {"model/a.go", "package model\nvar t = template.Must(template.New(\"\").Parse(\"\"))\n", "parses a template"},
		"long":             {"model/a.go", long, "lines, at most"},
		"long readme":      {"README.md", strings.Repeat("\n", maxReadmeLines+1), "lines, at most"},
		"bare function":    {"model/a.go", "package model\nfunc Public() {}\n", "Public is exported"},
		"bare type":        {"model/a.go", "package model\ntype Public int\n", "Public is exported"},
		"bare in a group":  {"model/a.go", "package model\n// Two.\ntype (\n\tPublic int\n)\n", "Public is exported"},
		"bare method":      {"model/a.go", "package model\nfunc (p *Public) Do() {}\n", "Do is exported"},
		"bare, generic":    {"model/a.go", "package model\nfunc (p *Public[T]) Do() {}\n", "Do is exported"},
		"machine":          {"scripts/a.sh", "cd /ro" + "ot/x\n", "machine path"},
		"machine, bare":    {".ci/run", "HOME=/ro" + "ot\n", "machine path"},
		"machine, scratch": {"model/a.json", "{\"out\": \"/tm" + "p/x\"}\n", "machine path"},
		"machine, nested":  {"fleet/a.go", "package fleet\n// /ro" + "ot/x\n", "machine path"},
	} {
		got, err := check(fstest.MapFS{"fleet/go.mod": {}, c.file: {Data: []byte(c.text)}})
		if err != nil || len(got) != 1 || !strings.Contains(got[0], c.want) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	fine := fstest.MapFS{
		"a_test.go":           {Data: []byte(imports("egotsr_test", module))},
		"evaluate/a.go":       {Data: []byte(imports("evaluate", module))},
		"evaluate/b_test.go":  {Data: []byte(imports("evaluate", module+"/dataset"))},
		"examples/y/main.go":  {Data: []byte(imports("main", module+"/evaluate"))},
		"a.go":                {Data: []byte(imports("egotsr", module+"/internal/train"))},
		"curriculum/a.go":     {Data: []byte(imports("curriculum", module+"/dataset"))},
		"internal/train/a.go": {Data: []byte(imports("train", module+"/model") + imports("train", module+"/internal/x")[len("package train\n"):])},
		"examples/x/main.go":  {Data: []byte(imports("main", module) + "func init() {}\n")},
		"examples/x/draw.go":  {Data: []byte(imports("main", module+"/examples/internal/program"))},
		"internal/bench/a.go": {Data: []byte(imports("main", module))},
		"internal/x/a.go":     {Data: []byte(imports("x", module+"/internal/y"))},
		"internal/ask/a.go":   {Data: []byte(imports("ask", module+"/model"))},
		"model/a.go":          {Data: []byte("package model\nimport . \"" + graph + "\"\n")},
		"model/a_test.go":     {Data: []byte(long + "func Public() {}\n")},
		"model/page.go":       {Data: []byte("package model\nvar page = func() any { return template.Must(nil, nil) }\n")},
		"model/weights":       {Data: []byte("\x00/ro" + "ot/")},
		"scripts/a.sh":        {Data: []byte("cd a/ro" + "ot/b\n")},
		"fleet/go.mod":        {},
		"fleet/b/a.go":        {Data: []byte(imports("fleet", module+"/internal/x") + "func init() {}\nfunc Public() {}\n")},
	}
	if got, err := check(fine); err != nil || got != nil {
		t.Errorf("a clean tree: %q, %v", got, err)
	}
}

// TestTreeChecker: the comparison with the README's tree finds what is missing on either side.
func TestTreeChecker(t *testing.T) {
	tree := fstest.MapFS{"a.go": {}, "model/m.go": {}, "model/nano/n.go": {}, "vision/v.go": {}}
	const head = "# x\n\nvision/ model/\n\n## What is where\n\n```\n"
	for name, c := range map[string]struct{ readme, want string }{
		"complete": {head + "a.go …   api\nmodel/nano/   embedded\nvision/  sees\n```\n", ""},
		"missing":  {head + "a.go   api, with vision/\nmodel/   graphs\n```\n", "does not name vision/"},
		"gone":     {head + "model/  graphs\nvision/  sees\nold/   was\n```\n", "names old, which is not there"},
		"no tree":  {"# x\n\nmodel/ vision/\n", "no tree"},
	} {
		got := treeFaults(c.readme, tree)
		if len(got) > 1 || !strings.HasPrefix(strings.Join(got, ""), c.want) || (len(got) == 0) != (c.want == "") {
			t.Errorf("%s: %q", name, got)
		}
	}
}
