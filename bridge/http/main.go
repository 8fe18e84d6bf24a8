// Bridge serves a checkpoint over HTTP, for policies in Python and anything else that speaks JSON: judge, progress, plan, and sessions
// that follow a robot.
//
//	go run .                                      # the checkpoint that comes with the library, on 127.0.0.1:8001
//	EGOTSR_TOKEN=… go run . -addr :8001 -model DIR
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/model/nano"
)

func main() {
	l := defaults
	addr := flag.String("addr", "127.0.0.1:8001", "address to listen on; a token is needed for any that is not loopback")
	dir := flag.String("model", "", "folder of a checkpoint; empty is the one that comes with the library")
	backend := flag.String("backend", "", "go, xla:cpu or xla:cuda; empty is the best there is")
	tokenFile := flag.String("token-file", "", "file with the bearer token; without one, $EGOTSR_TOKEN")
	l.flags(flag.CommandLine)
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "bridge: want nothing after the flags, not %q\n", flag.Args())
		os.Exit(2)
	}
	if err := run(*addr, *dir, *backend, *tokenFile, l); err != nil {
		fmt.Fprintln(os.Stderr, "bridge:", err)
		os.Exit(1)
	}
}

func run(addr, dir, backend, tokenFile string, l limits) error {
	stop, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err := l.check(); err != nil {
		return err
	}
	token, err := readToken(tokenFile)
	if err != nil {
		return err
	}
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return fmt.Errorf("-addr is host:port: %w", err)
	}
	if token == "" && !loopback(addr) {
		return fmt.Errorf("%s can be reached from elsewhere: set EGOTSR_TOKEN or -token-file, or listen on 127.0.0.1", addr)
	}
	var checkpoint fs.FS = nano.FS()
	if dir != "" {
		checkpoint = os.DirFS(dir)
	}
	m := newMetrics()
	model, err := egotsr.Open(stop, checkpoint, &egotsr.Options{Backend: backend, Meter: m, Logger: slog.Default()})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return errors.Join(err, model.Close())
	}
	slog.Info("listening", "addr", listener.Addr().String())
	return newServer(model, m, l, token).serve(stop, listener)
}

// readToken takes the token from a file or the environment: a flag's value would stand in the list of processes.
func readToken(file string) (string, error) {
	if file == "" {
		return strings.TrimSpace(os.Getenv("EGOTSR_TOKEN")), nil // no header can end in a newline, as a Kubernetes Secret may
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(data))
	if token == "" {
		return "", fmt.Errorf("%s is empty: it should hold the token", file)
	}
	return token, nil
}

func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	return err == nil && (host == "localhost" || net.ParseIP(host).IsLoopback())
}

// serve answers until stop ends. Then it is not ready, takes nothing new, gives the answers under way limits.drain to get out, cuts
// those that are not, and returns.
func (s *server) serve(stop context.Context, listener net.Listener) error {
	ctx, cut := context.WithCancel(context.Background())
	defer cut()
	h := &http.Server{Handler: s, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx }}
	failed := make(chan error, 1)
	go func() { failed <- h.Serve(listener) }()
	go s.sessions.expire(ctx)
	select {
	case err := <-failed:
		return errors.Join(err, s.model.Close())
	case <-stop.Done():
	}
	close(s.draining)
	patience, done := context.WithTimeout(context.Background(), s.limits.drain)
	defer done()
	if h.Shutdown(patience) != nil {
		cut() // their contexts end, and they answer 503
		last, done := context.WithTimeout(context.Background(), 150*time.Millisecond)
		defer done()
		if h.Shutdown(last) != nil {
			_ = h.Close() // bodies that are still arriving
		}
	}
	closed := make(chan error, 1)
	go func() { closed <- s.model.Close() }()
	select {
	case err := <-closed:
		return err
	case <-time.After(100 * time.Millisecond):
		return nil // a graph that runs on for nobody ends with the process
	}
}
