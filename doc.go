// Package egotsr judges how far a robot has come with its task, from camera frames. The judge is a Qwen2.5-VL checkpoint run in this
// process; package model/nano embeds a small one, and any other in Hugging Face layout takes its place.
//
// Judge two frames: which is closer to completion, and how sure is that? Frames are image.Image values; package vision reads files.
//
//	m, err := egotsr.Open(ctx, nano.FS(), nil) // or os.DirFS("Qwen2.5-VL-7B-Instruct")
//	if err != nil { … }
//	defer m.Close()
//	j, err := m.Judge(ctx, egotsr.Pair{Task: "Open a drawer", Img1: before, Img2: after}, nil)
//	fmt.Println(j.Closer, j.Confidence)
//
// JudgeAll takes a stream of pairs, Progress a whole episode, which it places on a curve from 0 to 1.
//
// Follow a robot: Advancing, Stalled, Regressing, Recovering, Done? See examples/robot for a control loop.
//
//	t := m.Track("Open a drawer", nil) // or, of a task it has not learnt, &egotsr.TrackOptions{Demo: recording}
//	err := t.Warmup(ctx, 640, 480)
//	for now, err := range t.Follow(ctx, camera) { // or t.Observe(ctx, frame)
//		fmt.Println(now.Progress, now.Trend, now.Confidence, err)
//	}
//
// Teach it a task of its own, by a few recordings of that and ten minutes. Frames and the task's name will do:
//
//	taught, err := m.Teach(ctx, os.DirFS("recordings"), demos, nil) // demos []dataset.Episode
//	err = m.Save(ctx, "taught")
//
// Train it at length. Package dataset leads from recordings to samples, package curriculum has the stages.
//
//	t, err := egotsr.NewTrainer(m, []curriculum.Stage{curriculum.Tag(src, nil)}, &egotsr.TrainOptions{Dir: "runs/tag"})
//	if err != nil { … }
//	err = errors.Join(t.Run(ctx), t.Close()) // killed at any moment, it goes on to the bit
//
// Plan: what remains to be done, where a frame shows the task to be, in an order that is proved possible?
//
//	plan, err := m.Plan(ctx, "Push a mug under a coffee machine", frame)
//	plan, err = egotsr.Decompose(ctx, "Put the fork in the drawer, then close the drawer", nil) // by a grammar, without a frame; see Plan.Assumed
//
// Package evaluate measures all of that, and any other judge, tracker or planner beside it.
//
// # What to expect
//
// Rate: trends are made for 5 frames a second. A faster camera may be as fast as it likes: frames that are not due are let go at no
// cost. See TrackOptions.Every.
//
// Shapes: any size of 28 pixels and more. Frames of another shape than the checkpoint learnt from (nano: squares) are cut to the part in
// the middle that has it, unless Options.Whole; a 1280x720 frame loses its sides. A Logger hears of it once. nano learnt from 224x224
// pictures of a robot's whole workspace, and looks at 112x112.
//
// CPU: on two cores with AVX2, busy with other work, nano takes 30 ms of CPU a pair of new 224x224 frames and 50 ms a tracked frame on
// XLA; four to five times that in pure Go built with GOEXPERIMENT=simd. XLA compiles for seconds at the first frame of a size, unless
// Warmup did before.
//
// Memory: 0.5 GB with nano on XLA, 0.1 GB in pure Go. A large checkpoint takes its weights in the type they are held in, and
// Options.FrameCache frames of features. It does not grow with a stream's length.
//
// Confidence: the probability that the frame named is closer. 0.8 is right in 8 of 10 cases where the checkpoint is calibrated for frames
// like these, as nano is for simulated ones; Calibrate does that for others. Of a State it is that the trend is right. Both orders of a
// pair are asked at once: Judge(a,b) and Judge(b,a) are mirror images, and equal frames get exactly 0.5.
//
// Backends: "go" is always there; "xla:cpu" and "xla:cuda" need cgo and a plugin found by $PJRT_PLUGIN_LIBRARY_PATH, that of CUDA also in
// an installed JAX; see model.Load. Results differ between them by float rounding; on one CPU they repeat exactly.
//
// Errors: a bad argument, option or recipe is an *InputError that names it. After Close there is ErrClosed; a context's error comes back
// as it is. What a device has no memory for is model.ErrMemory; smaller calls may succeed after it. Nothing panics on bad input, and
// nothing that this package did not write is removed, renamed or written over.
//
// Concurrency: a Model and a Tracker may be used by any number of goroutines. Graph runs take turns. A call whose context ends returns
// at once. A nil Logger is silence, and so is a nil Options.
package egotsr
