package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.viam.com/utils"
	"go.viam.com/utils/rpc"

	_ "go.viam.com/rdk/components/camera/fake"
	"go.viam.com/rdk/logging"
	"go.viam.com/rdk/robot/client"
	"go.viam.com/rdk/services/vision"
	"go.viam.com/rdk/vision/viscapture"
	"go.viam.com/rdk/web/server"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/model/nano"
)

// TestMain makes of this program viam-server too. The module is built apart: RDK's client waits in tests for what a module must not wait for.
func TestMain(m *testing.M) {
	if os.Getenv("EGOTSR_VIAM") != "" {
		utils.ContextualMain(server.RunServer, logging.NewLogger("server"))
		return
	}
	os.Exit(m.Run())
}

const door = "Open a door with a revolving joint"

// machine is viam-server in a process of its own, and the module in another, with two of RDK's fake cameras: one shows what lies in a
// file, the other moves.
type machine struct {
	dir    string // of the files
	addr   string
	server *exec.Cmd
	ended  chan error
	log    *os.File
}

func (m *machine) path(name string) string { return filepath.Join(m.dir, name) }

// replace puts a whole file where another was.
func (m *machine) replace(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(m.path(name+".new"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(m.path(name+".new"), m.path(name)); err != nil {
		t.Fatal(err)
	}
}

func (m *machine) show(t *testing.T, frame string) {
	t.Helper()
	data, err := os.ReadFile("../../examples/judge/frames/" + frame)
	if err != nil {
		t.Fatal(err)
	}
	m.replace(t, "frame.jpg", data)
}

func (m *machine) configure(t *testing.T, task string) {
	t.Helper()
	type fields map[string]any
	service := func(name string, attributes fields) fields {
		return fields{"name": name, "api": vision.API.String(), "model": model.String(), "attributes": attributes}
	}
	data, err := json.Marshal(fields{
		"network": fields{"bind_address": m.addr},
		"modules": []fields{{"name": "egotsr", "type": "local", "executable_path": m.path("module")}},
		"components": []fields{
			{"name": "watch", "api": "rdk:component:camera", "model": "rdk:builtin:image_file", "attributes": fields{"color_image_file_path": m.path("frame.jpg")}},
			{"name": "moving", "api": "rdk:component:camera", "model": "rdk:builtin:fake", "attributes": fields{"animated": true, "width": 320, "height": 240}},
		},
		"services": []fields{
			service("door", fields{"task": task, "camera": "watch", "backend": "go"}),
			service("drawer", fields{"task": "Open a drawer", "camera": "moving", "checkpoint": checkpoint(t), "backend": "go"}),
			service("lost", fields{"task": "Open a drawer", "camera": "moving", "checkpoint": m.path("nowhere")}),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	m.replace(t, "robot.json", data)
}

// start returns when the server listens.
func start(t *testing.T) *machine {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{dir: t.TempDir(), addr: listener.Addr().String(), ended: make(chan error, 1)}
	m.show(t, "door-b.jpg")
	m.configure(t, door)
	if out, err := exec.Command("go", "build", "-tags", "no_cgo", "-o", m.path("module"), ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if m.log, err = os.Create(m.path("log")); err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	m.server = exec.Command(program, "-config", m.path("robot.json"), "-no-tls", "-webrtc=false", "-disable-mdns", "-ftdc=false")
	m.server.Env = append(os.Environ(), "EGOTSR_VIAM=server", "VIAM_HOME="+m.path("home"), "HOME="+m.path("home"))
	m.server.Stdout, m.server.Stderr = m.log, m.log
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if err := m.server.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { m.ended <- m.server.Wait() }()
	t.Cleanup(func() {
		_ = m.server.Process.Kill()
		_ = m.log.Close()
		if log, err := os.ReadFile(m.path("log")); t.Failed() && err == nil {
			t.Logf("viam-server said:\n%s", log)
		}
	})
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if conn, err := net.Dial("tcp", m.addr); err == nil {
			_ = conn.Close()
			return m
		}
		if time.Now().After(deadline) {
			t.Fatal("viam-server does not listen")
		}
	}
}

// stop is what a person does with Ctrl-C. Neither the server nor the module outlives it.
func (m *machine) stop(t *testing.T) {
	t.Helper()
	if err := m.server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-m.ended:
		if err != nil {
			t.Error("viam-server:", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("viam-server does not stop")
	}
	for deadline := time.Now().Add(5 * time.Second); m.modules(t) > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the module outlives viam-server")
		}
	}
}

// modules counts the processes of the module.
func (m *machine) modules(t *testing.T) (n int) {
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if program, err := os.Readlink(link); err == nil && program == m.path("module") {
			n++
		}
	}
	return n
}

// TestMachine asks a machine over gRPC, on 127.0.0.1, what a program would ask, and compares the answers with those of the library on
// the very images that come with them.
func TestMachine(t *testing.T) {
	m := start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	robot, err := client.New(ctx, m.addr, logging.NewTestLogger(t), client.WithDialOptions(rpc.WithForceDirectGRPC(), rpc.WithInsecure()))
	if err != nil {
		t.Fatal(err)
	}
	service, err := vision.FromProvider(robot, "door")
	if err != nil {
		t.Fatal(err)
	}
	t.Run("follows", func(t *testing.T) { follows(ctx, t, m, service) })
	t.Run("unsupported", func(t *testing.T) {
		p, err := service.GetProperties(ctx, nil)
		if err != nil || !p.ClassificationSupported || p.DetectionSupported || p.ObjectPCDsSupported || *p.DefaultCamera != "watch" {
			t.Error(p, err)
		}
		if _, err := service.DetectionsFromCamera(ctx, "watch", nil); err == nil || !strings.Contains(err.Error(), "detections are not supported") {
			t.Error(err)
		}
	})
	t.Run("another", func(t *testing.T) {
		drawer, err := vision.FromProvider(robot, "drawer")
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := drawer.ClassificationsFromCamera(ctx, "moving", 0, nil); err != nil {
				t.Error(err)
			}
			time.Sleep(due)
		}
		if now, err := drawer.DoCommand(ctx, map[string]any{"state": true}); err != nil || now["state"].(map[string]any)["trend"] == "unknown" {
			t.Error(now, err)
		}
	})
	t.Run("lost", func(t *testing.T) {
		if err := said(ctx, robot, "lost"); !strings.Contains(err, "checkpoint: want a folder") {
			t.Error(err)
		}
	})
	t.Run("reconfigured", func(t *testing.T) {
		m.configure(t, "Close the door")
		for task := any(door); task != "Close the door"; time.Sleep(50 * time.Millisecond) {
			if ctx.Err() != nil {
				t.Fatal("the new task does not come")
			}
			if now, err := service.DoCommand(ctx, map[string]any{"state": true}); err == nil {
				task = now["task"]
			}
		}
		if got, err := service.ClassificationsFromCamera(ctx, "", 0, nil); err != nil || len(got) != 2 || got[0].Label() != "unknown" {
			t.Error(list(got), err)
		}
	})
	if n := m.modules(t); n != 1 {
		t.Errorf("%d modules run", n)
	}
	if err := robot.Close(ctx); err != nil {
		t.Error(err)
	}
	m.stop(t)
}

// follows shows the door shut, then ajar.
func follows(ctx context.Context, t *testing.T, m *machine, service vision.Service) {
	alone, err := egotsr.Open(ctx, nano.FS(), &egotsr.Options{Backend: "go"})
	if err != nil {
		t.Fatal(err)
	}
	defer alone.Close()
	tracker := alone.Track(door, nil)
	for _, frame := range []string{"door-b.jpg", "door-a.jpg"} {
		m.show(t, frame)
		got, err := service.CaptureAllFromCamera(ctx, "watch", viscapture.CaptureOptions{ReturnImage: true, ReturnClassifications: true}, nil)
		if err != nil {
			t.Fatal(err)
		}
		img, err := got.Image.Image(ctx)
		if err != nil {
			t.Fatal(err)
		}
		want, err := tracker.Observe(ctx, img)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(list(got.Classifications))
		if diff := cmp.Diff(list(classes(want)), list(got.Classifications)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", frame, diff)
		}
		time.Sleep(due)
	}
	if s := tracker.State(); s.Trend != egotsr.Advancing {
		t.Error("an open door is no advance:", s)
	}
	plan, err := service.DoCommand(ctx, map[string]any{"plan": true})
	if err != nil {
		t.Fatal(err)
	}
	var texts []any
	for _, s := range plan["plan"].(map[string]any)["subtasks"].([]any) {
		texts = append(texts, s.(map[string]any)["text"])
	}
	if diff := cmp.Diff([]any{"Pull the door open.", "Keep the door open."}, texts); diff != "" {
		t.Error(diff)
	}
	again, err := service.DoCommand(ctx, map[string]any{"reset": true})
	if err != nil || again["state"].(map[string]any)["trend"] != "unknown" {
		t.Error(again, err)
	}
}

// said is why a resource could not be made.
func said(ctx context.Context, robot *client.RobotClient, name string) string {
	status, err := robot.MachineStatus(ctx)
	if err != nil {
		return err.Error()
	}
	for _, r := range status.Resources {
		if r.Name.Name == name {
			return fmt.Sprint(r.Error)
		}
	}
	return "there is no such resource"
}
