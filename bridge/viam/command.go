package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/egotsr/egotsr/decompose"
)

// DoCommand takes one of
//
//	{"state": true}    the state after the last frame; looks at none
//	{"reset": true}    forgets what was seen; the next frame is a first one
//	{"reset": "task"}  the same, and follows another task until the configuration changes
//	{"plan": true}     the subtasks that remain, as the camera's newest frame shows
//	{"plan": "task"}   all subtasks of a task in words; looks at no frame
//
// and answers the last two with {"plan": …}, as [decompose.Plan] is in JSON, the others with {"task": …, "state": …}, as
// [github.com/egotsr/egotsr.State] is.
func (s *service) DoCommand(ctx context.Context, command map[string]any) (map[string]any, error) {
	if s.life.Err() != nil {
		return nil, s.failed(nil)
	}
	ctx, done := s.within(ctx)
	defer done()
	names := slices.Sorted(maps.Keys(command))
	if len(names) != 1 {
		return nil, fmt.Errorf("command: has %q: want one of state, reset and plan", names)
	}
	name, value := names[0], command[names[0]]
	task, named := value.(string)
	if named {
		if err := checkTask(task); err != nil {
			return nil, fmt.Errorf("%.40s: %w", name, err)
		}
	}
	now := value == true
	switch {
	case name == "state" && now:
		return s.current.Load().status()
	case name == "reset" && now:
		return s.begin(s.current.Load().task).status()
	case name == "reset" && named:
		return s.begin(task).status()
	case name == "plan" && now:
		return s.planned(s.remaining(ctx))
	case name == "plan" && named:
		return s.planned(s.model.Plan(ctx, task))
	case name == "state":
		return nil, fmt.Errorf("state: is %.40v: want true", value)
	case name == "reset" || name == "plan":
		return nil, fmt.Errorf("%s: is %.40v: want true, or a task", name, value)
	}
	return nil, fmt.Errorf("%.40s: there is no such command: want state, reset or plan", name)
}

// Status is what the command state answers.
func (s *service) Status(context.Context) (map[string]any, error) { return s.current.Load().status() }

func (a *attempt) status() (map[string]any, error) {
	return fields(map[string]any{"task": a.task, "state": a.tracker.State()})
}

// remaining leaves the tracker alone: a plan may be asked for at any pace.
func (s *service) remaining(ctx context.Context) (*decompose.Plan, error) {
	frame, err := s.newest(ctx, nil)
	if err != nil {
		return nil, err
	}
	img, err := picture(ctx, frame)
	if err != nil {
		return nil, err
	}
	return s.model.Plan(ctx, s.current.Load().task, img)
}

func (s *service) planned(p *decompose.Plan, err error) (map[string]any, error) {
	if err != nil {
		return nil, s.failed(err)
	}
	return fields(map[string]any{"plan": p})
}

// fields makes of an answer what gRPC carries: maps, lists, texts, numbers and truths.
func fields(answer map[string]any) (m map[string]any, err error) {
	data, err := json.Marshal(answer)
	if err != nil {
		return nil, err
	}
	return m, json.Unmarshal(data, &m)
}
