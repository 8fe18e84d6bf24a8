// Package egotsr judges how far a robot has come with its task. It looks at two camera frames of one task and says
// which is closer to completion, with a probability; it places a whole episode on a curve from 0 to 1 in the same way.
// The judge is a Qwen2.5-VL checkpoint run in this process, on the CPU in pure Go or through XLA.
//
// # A first program
//
//	m, err := egotsr.Open(ctx, nano.FS(), nil)
//	if err != nil { … }
//	defer m.Close()
//	j, err := m.Judge(ctx, egotsr.Pair{Task: "Open a drawer", Img1: before, Img2: after}, nil)
//	if err != nil { … }
//	fmt.Println(j.Closer, j.Confidence)
//
// Package model/nano embeds a small checkpoint, so that program needs no download. Any Qwen2.5-VL checkpoint in Hugging
// Face layout takes its place: Open(ctx, os.DirFS("Qwen2.5-VL-7B-Instruct"), nil). Frames are image.Image values; decode
// files with package vision or with the standard library.
//
// # Asking in both orders
//
// A vision-language model that is shown two frames of a video tends to answer "the later one", or "the second one",
// whatever they show. So Judge asks twice, with the frames as given and with the frames swapped, in one graph run, and
// takes the mean. The result is symmetric by construction: Judge(a,b) and Judge(b,a) are mirror images to the last bit.
// Judgement.Disagreement tells how far the two answers lay apart; near 1 it means that the position decided and not the
// picture. JudgeOptions.SingleOrder asks once, as the reference system does, for half the work.
//
// The model is not asked to write. Its answer is made to begin with "closer to completion: img", and the logits of "1"
// and "2" are compared there: one forward pass, no sampling, nothing to parse. JudgeOptions.Explain has it describe both
// frames first and scores the answer after that, for checkpoints trained on such descriptions. JudgeOptions.Generate is
// the reference's protocol, free generation and parsing, for runs that must compare with it.
//
// # Confidence
//
// PImg1 is the probability that Img1 is closer, and Confidence that of the frame named. Log-odds are divided by the
// temperature in the checkpoint's calibration.json, {"temperature": 1.7}, where it has one: Calibrate fits it on held-out
// pairs, so that 0.8 means right in 8 of 10 cases. Below JudgeOptions.AbstainBelow the verdict is Undecided, as it is for equal
// frames, whose probability is exactly 0.5.
//
// # Many pairs, whole episodes
//
// JudgeAll takes an iterator of pairs and yields their judgements in order, MaxBatch to a graph run, reading only as far
// ahead as one batch. Progress compares the frames of an episode with each other and fits one score a frame. The vision
// tower is the larger part of the work, so each frame goes through it once: a cache keyed by pixel content keeps the
// features of the last Options.FrameCache frames for the pairs, swaps and curves to come, and two goroutines that need
// the same new frame encode it once between them.
//
// # Plans
//
// Decompose turns a task into atomic subtasks, each with what it needs, what it brings about, and which subtasks it must
// come after. Package decompose has the library of actions and the proofs, decompose/english the words and the grammar.
//
//	plan, err := egotsr.Decompose(ctx, "Put the fork in the drawer, then close the drawer", nil)
//	plan, err = egotsr.Decompose(ctx, "…", &decompose.Options{Generator: m, Frames: frames, Problem: scene})
//
// The first is read by a grammar: any noun names a thing, Plan.Assumed lists what the plan takes for granted of it, and what the
// grammar cannot place it refuses. The second is asked of a generator: a Model, an
// endpoint.Client, or a program's own. Its answer counts only if it can be proved; else it is told what is wrong with
// it, a few times, and then there is a *decompose.GeneratorError and no plan.
//
//	rest, err := m.Plan(ctx, "Push a mug under a coffee machine", now)
//
// Plan looks: it lists what remains to be done where the frame shows the task to be, in the words of the annotations that
// the checkpoint was trained on, and proves that the order is possible. An empty list says that all is done.
//
// # Tracking
//
// Track follows a running task. A Tracker compares each new frame with a few earlier ones, in both orders, and encodes it
// once, so its work and memory do not grow with the length of the stream. Its State has progress from 0 to 1, a Trend and, where
// a plan is given, the subtask that has to be done next:
//
//	tracker := m.Track("Put the mug in the sink", &egotsr.TrackOptions{Plan: plan})
//	for {
//		now, err := tracker.Observe(ctx, camera())
//		if err != nil { … }
//		switch now.Trend {
//		case egotsr.Done: // stop
//		case egotsr.Regressing: // try again
//		}
//		reward := egotsr.Reward(before, now, 0.99)
//		…
//	}
//
// Trends are Stalled, Advancing, Regressing, Recovering and Done; one odd frame changes none of them. Reward is the shaping
// reward of reinforcement learning, by the progress made. Two questions that a tracker asks stand alone as well: Done is
// the probability that nothing is left to do where a frame shows the task to be, Next that of each subtask of a known plan to
// be the next one. examples/robot is a control loop around all this.
//
// # Training
//
// Package dataset has what leads from recordings to samples: clips of single actions (dataset/clips, dataset/lerobot),
// pairs drawn from episodes, sample files of any size read by index, descriptions for CoT (dataset/cot). Package
// curriculum has the stages, CoT, Tag, LongTag and General, each a source and a recipe; a program's own stage embeds one
// of them. NewTrainer takes a Model through stages:
//
//	t, err := egotsr.NewTrainer(m, []curriculum.Stage{curriculum.Tag(src, nil)}, &egotsr.TrainOptions{Dir: "runs/tag"})
//	if err != nil { … }
//	defer t.Close()
//	err = t.Run(ctx) // or range over t.Steps(ctx)
//
// The run lives in its directory. Killed at any moment and started again, it ends with the weights it would have had,
// bit for bit on one backend. Each of its checkpoints opens with Open and loads in transformers.
//
// # Measuring
//
// Package evaluate measures a Model, or any judge, tracker or planner, and makes reports of that.
//
// # Backends
//
// "go" is pure Go and always there; GOEXPERIMENT=simd at build time makes it several times faster. "xla:cpu" and
// "xla:cuda" need cgo and a PJRT plugin found by $PJRT_PLUGIN_LIBRARY_PATH. XLA compiles a graph for each frame size
// and batch size, rounded so that they are few; Warmup does that before the first question. Results differ between
// backends by float rounding, on one backend they repeat exactly.
//
// # Errors
//
// What is wrong with an argument is an *InputError, which names the argument and wraps the cause: a task must be 1 to
// 2000 bytes of UTF-8, an image must have pixels and a shape that the vision tower can take. A task's name is text and
// nothing else: "<|im_end|>" in it is nine characters and does not end the turn. After Close every call returns
// ErrClosed. A context's own error comes back as it is. Nothing panics on bad input.
//
// # Concurrency
//
// A Model may be used by any number of goroutines. Graph runs take turns, since one run uses every core; preparing
// images goes on beside them. A call whose context ends returns at once, and the run that it had begun finishes
// unobserved. Close waits for the calls under way.
package egotsr
